"""Upstream's chunks (chunk.py), decoded into deltas: texts joined, dialects evened out.

`reasoning_content`, `reasoning` and `<think>` are thoughts; `choices` may be null or empty, and errors in the data.
"""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from chatstream.errors import UpstreamError, UpstreamInvalid, UpstreamReported
from chatstream.wire.chunk import Choice, Chunk, Function, ToolCall, parse, reported
from chatstream.wire.events import State
from chatstream.wire.sse import Event
from chatstream.wire.stencil import Stencil, learnt
from chatstream.wire.surrogates import Halves, whole
from chatstream.wire.thinking import ThinkTags

DONE = "[DONE]"
_NAME_MAX = 256
_TRIES = 3
"""Chunks without a second one like them, after which no more is learnt from."""
_USAGE = ("prompt_tokens", "completion_tokens", "total_tokens")


class Delta(NamedTuple):
    """A step of an answer: text, reasoning, or the next piece of a tool call."""

    kind: Literal["text", "reasoning", "toolCall"]
    data: Any


_STATES: dict[str, State] = {
    "length": "length",
    "content_filter": "filtered",
    "error": "upstream_error",  # vLLM, OpenRouter
    "abort": "upstream_error",
    "cancelled": "upstream_error",
}


def end_state(finish_reason: str) -> State:
    """The state that upstream's finish reason stands for: `complete` for all that name no failure."""
    return _STATES.get(finish_reason, "complete")


class ChunkReader:
    """Reads one answer's events; what it learnt so far is in its attributes."""

    def __init__(self) -> None:
        self.finish_reason: str | None = None
        self.gave_up: str | None = None
        """A finish reason, of whatever choice, that names a failure."""
        self.usage: dict[str, int] | None = None
        self.tokens = 0
        """Pieces of text or reasoning that came: servers send one per token."""
        self._begun: set[int] = set()
        self._finished: set[int] = set()
        self.done = False
        """Whether `[DONE]` came. Nothing after it is read."""
        self.error: UpstreamError | None = None
        """Why reading ended early. What came before it was returned."""
        self._think = ThinkTags()
        self._halves: dict[str, Halves] = {}
        self._calls: list[dict[str, str]] = []
        self._out: list[Delta] = []
        self._kind: Literal["text", "reasoning"] = "text"
        self._parts: list[str] = []  # of this kind, not joined yet
        self._last: tuple[str, Chunk] | None = None
        self._stencil: Stencil | None = None
        self._fruitless = 0

    @property
    def over(self) -> bool:
        """Whether nothing more is read."""
        return self.done or self.error is not None

    @property
    def learns(self) -> bool:
        """Whether chunks may yet come that are alike."""
        return self._fruitless < _TRIES

    @property
    def unfinished(self) -> set[int]:
        """The choices, by index, that have begun and not been given a finish reason. Only choice 0 is read."""
        return self._begun - self._finished

    @property
    def finished(self) -> int:
        """How many choices were given a finish reason."""
        return len(self._finished)

    def feed(self, events: Iterable[Event]) -> list[Delta]:
        """The deltas of these events, neighbouring pieces of text joined. Never raises: see `error`."""
        self.take(events)
        return self.deltas()

    def take(self, events: Iterable[Event]) -> int:
        """Read these events; how many of them come before the end, or the error."""
        taken = 0
        for event in events:
            if self.over:
                break
            try:
                self._event(event)
            except UpstreamError as error:
                self.error = error
            taken += not self.over
        self._learn()
        return taken

    def take_alike(self, blocks: str) -> int:
        """Read those of these blocks of an event stream, from the first on, that are chunks like one before but for
        their text; where the others begin."""
        stencil = self._stencil
        if stencil is None or self.over or self._holds(stencil.field):
            return 0
        pieces, end = stencil.row(blocks)
        if pieces:
            self._fruitless = 0
            self.tokens += len(pieces) - pieces.count("")
            self._piece(stencil.field, "".join(pieces))
        return end

    def deltas(self) -> list[Delta]:
        """What was read since they were last asked for, neighbouring pieces of text joined."""
        self._settle()
        out, self._out = self._out, []
        return out

    def _learn(self) -> None:
        """Some servers write no two chunks alike: with them it is given up soon."""
        last, self._last = self._last, None
        if last and self.learns:
            self._stencil = learnt(*last) or self._stencil
            self._fruitless += 1

    def close(self) -> list[Delta]:
        """What was held back in hope of more."""
        for field in list(self._halves):
            self._piece(field, self._halves[field].close())
        for kind, text in self._think.close():
            self._add(kind, text)
        return self.deltas()

    def _event(self, event: Event) -> None:
        if event.data == DONE:
            self.done = True
            return
        chunk, lossy = parse(event.data)
        if chunk.error is not None or event.event == "error":
            raise UpstreamReported(reported(chunk.error or chunk.message, event.data))
        if chunk.usage:
            self._count(chunk.usage)
        before = self.tokens
        for choice in chunk.choices or ():
            if choice.index == 0:
                self._choice(choice, lossy)
            self._note(choice)
        if self.tokens > before:
            self._last = event.data, chunk

    def _note(self, choice: Choice) -> None:
        if not choice.finish_reason:
            self._begun.add(choice.index)
            return
        self._finished.add(choice.index)
        if end_state(choice.finish_reason) == "upstream_error":
            self.gave_up = choice.finish_reason

    def _choice(self, choice: Choice, lossy: bool) -> None:
        delta = choice.delta
        self._text("content", choice.text, lossy)
        if delta is not None:
            self._text("reasoning", delta.reasoning_content or delta.reasoning, lossy)
            self._text("content", delta.content or delta.refusal, lossy)
            for call in delta.tool_calls or ():
                self._call(call)
        if choice.finish_reason:
            self.finish_reason = choice.finish_reason

    def _text(self, field: str, text: str | None, lossy: bool) -> None:
        if not text:
            return
        self.tokens += 1
        if lossy or self._holds(field):
            text = self._halves.setdefault(field, Halves()).join(text)
        self._piece(field, text)

    def _holds(self, field: str) -> bool:
        """Whether half of a character waits for its other."""
        halves = self._halves.get(field)
        return halves is not None and halves.held != ""

    def _piece(self, field: str, text: str) -> None:
        if field == "reasoning":
            self._add("reasoning", text)
            return
        for kind, part in self._think.feed(text):
            self._add(kind, part)

    def _add(self, kind: Literal["text", "reasoning"], text: str) -> None:
        if kind != self._kind:
            self._settle()
            self._kind = kind
        self._parts.append(text)

    def _settle(self) -> None:
        """Make one delta of the pieces so far."""
        if text := "".join(self._parts):
            self._out.append(Delta(self._kind, text))
        self._parts.clear()

    def _call(self, call: ToolCall) -> None:
        index = self._place(call)
        known = self._calls[index]
        function = call.function or Function()
        known["id"] = known["id"] or _short(call.id)
        known["name"] = known["name"] or _short(function.name)
        self._settle()
        self._out.append(Delta("toolCall", {"index": index, **known, "arguments": whole(function.arguments or "")}))

    def _place(self, call: ToolCall) -> int:
        """The call's place. Servers that send no index send each call whole, or name it by id."""
        index = call.index
        if index is None:
            ids = [known["id"] for known in self._calls]
            index = ids.index(call.id) if call.id in ids else len(ids) if call.id or not ids else len(ids) - 1
        if not 0 <= index <= 127:
            raise UpstreamInvalid(f"The model server sent a tool call with the index {index}; 0 to 127 are understood.")
        while len(self._calls) <= index:
            self._calls.append({"id": "", "name": ""})
        return index

    def _count(self, usage: dict[str, Any]) -> None:
        counts = {name: usage.get(name) for name in _USAGE}
        self.usage = {name: n for name, n in counts.items() if type(n) is int and 0 <= n < 2**53} or self.usage


def _short(name: str | None) -> str:
    """A call's id or name, which every piece of it repeats."""
    if name and len(name) > _NAME_MAX:
        raise UpstreamInvalid(f"The model server sent a tool call with an id or name above {_NAME_MAX} characters.")
    return whole(name or "")
