"""An answer: while it comes, and when it has come."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from chatstream.errors import ChatStreamError, UpstreamError
from chatstream.wire.chunks import ChunkReader, Delta
from chatstream.wire.events import RunEvent, State, joined, tool_calls
from chatstream.wire.sse import Event
from chatstream.wire.timings import Timings, timings
from chatstream.wire.verdict import state_after, verdict


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer. What the server did not tell is None."""

    content: str
    reasoning: str = ""
    tool_calls: list[dict[str, Any]] = []
    """{id, name, arguments} each; `arguments` is JSON as the model wrote it. `at` beside them where text came before
    the call: how many characters of it."""
    usage: dict[str, int] | None = None
    finish_reason: str | None = None
    """`stop`, `length`, `content_filter`, `tool_calls`, …: the model server's word."""
    state: str = "complete"
    """`complete`, `length` or `filtered`: an answer that ended otherwise is raised."""
    model: str | None = None
    timings: Timings | None = None
    """firstTokenMs, totalMs, tokensPerSecond: docs/api.md, section 1."""

    @property
    def message(self) -> dict[str, Any]:
        """The answer as a message of OpenAI's form, to go on with."""
        return as_message(self.content, self.tool_calls)


def as_message(content: str, calls: Iterable[dict[str, Any]] = ()) -> dict[str, Any]:
    """An assistant's message in OpenAI's form."""
    listed = [
        {
            "id": call["id"],
            "type": "function",
            "function": {"name": call["name"], "arguments": call["arguments"]},
        }
        for call in calls
    ]
    message: dict[str, Any] = {"role": "assistant", "content": content or (None if listed else "")}
    return message | {"tool_calls": listed} if listed else message


def answer_of(known: dict[str, Any]) -> Answer:
    """The answer in a `debug_info` that was filled to its end."""
    return Answer(**{name: known[name] for name in Answer.__struct_fields__})


def texts(deltas: Iterable[Delta]) -> Iterator[str]:
    """The text among them."""
    return (data for kind, data in deltas if kind == "text")


def as_error(error: ChatStreamError | None) -> dict[str, str] | None:
    """An error as `debug_info` has it."""
    return None if error is None else {"message": str(error), "code": error.code}


class Stopwatch:
    """An answer's times, from the question on."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._first_ms: int | None = None
        self._last_ms: int | None = None
        self._total_ms: int | None = None

    def age_ms(self) -> int:
        return int((time.monotonic() - self._began) * 1000)

    def content(self) -> None:
        """Something of the answer came."""
        self._last_ms = self.age_ms()
        if self._first_ms is None:
            self._first_ms = self._last_ms

    def stop(self) -> None:
        """Nothing more comes."""
        if self._total_ms is None:
            self._total_ms = self.age_ms()

    def timings(self, usage: dict[str, int] | None) -> Timings:
        """As far as it has come; up to the end, if it is over."""
        total_ms = self.age_ms() if self._total_ms is None else self._total_ms
        return timings(self._first_ms, self._last_ms, total_ms, usage)


class Growing:
    """An answer that comes from OpenAI's chunks, and all that is known of it so far."""

    def __init__(self, model: str | None = None) -> None:
        self.reader = ChunkReader()
        self.model = model
        self.state: State = "stopped"  # if its reader leaves
        self.error: UpstreamError | None = None
        self._named = False
        self._watch = Stopwatch()
        self._events: list[RunEvent] = []

    def feed(self, events: list[Event]) -> list[Delta]:
        """What these events bring."""
        if not self._named and events:
            self._named = True
            self.model = _served(events[0].data) or self.model
        return self.take(self.reader.feed(events))

    def take(self, deltas: list[Delta]) -> list[Delta]:
        """Remember what came; returned as it is."""
        if deltas:
            self._watch.content()
        self._events += [RunEvent(kind, data, 0) for kind, data in deltas]
        return deltas

    def conclude(self) -> None:
        """Decide how it ended, once the model server has said all it says.

        :raises UpstreamError: unless it is whole
        """
        self.state, self.error = verdict(self.reader)
        if self.error is not None:
            raise self.error

    def fail(self, error: UpstreamError) -> None:
        """It ended by this error, unless it is known already how it ended."""
        if self.error is None:
            self.state, self.error = state_after(error), error

    def end(self) -> None:
        """Stop the clock."""
        self._watch.stop()

    def known(self) -> dict[str, Any]:
        """All that is known, as `debug_info` has it."""
        return {
            "state": self.state,
            "content": joined(self._events, "text"),
            "reasoning": joined(self._events, "reasoning"),
            "tool_calls": tool_calls(self._events) or [],
            "finish_reason": self.reader.finish_reason,
            "model": self.model,
            "usage": self.reader.usage,
            "timings": self._watch.timings(self.reader.usage),
            "error": as_error(self.error),
        }


class _Named(msgspec.Struct):
    model: str | None = None


def _served(chunk: str) -> str | None:
    """The name of the model that writes, as its server gives it."""
    try:
        return msgspec.json.decode(chunk, type=_Named).model
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
