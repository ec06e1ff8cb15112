"""A Run's greenlet: open the upstream, append what it sends, and decide how the answer ended."""

import logging
import time
from collections import Counter

import msgspec

from chatstream.errors import (
    ChatStreamError,
    Interrupted,
    ToolRounds,
    UpstreamBroke,
    UpstreamError,
    UpstreamTimeout,
)
from chatstream.runs.dialogue import Call, Dialogue
from chatstream.runs.run import Run
from chatstream.tools.exchange import Reply
from chatstream.turns import let_others
from chatstream.upstream.deadlines import Deadlines
from chatstream.upstream.pace import Pace
from chatstream.upstream.stream import Stream
from chatstream.wire.calls import Calls
from chatstream.wire.chunks import Delta
from chatstream.wire.events import State, joined
from chatstream.wire.timings import thought_ms, timings
from chatstream.wire.verdict import state_after, verdict

_log = logging.getLogger(__name__)


class Stopped(BaseException):
    """Thrown into a Run's greenlet: somebody pressed Stop. No `except Exception` on its way may swallow it."""


class Drained(BaseException):
    """Thrown into a Run's greenlet: this server stops, and waited as long as it may."""


class Overdue(BaseException):
    """Thrown into a Run's greenlet: a deadline passed. Its argument is the sentence."""


class Driver:
    """Drives one Run to its end."""

    def __init__(self, run: Run, dialogue: Dialogue, pace: Pace, deadlines: Deadlines) -> None:
        self.run = run
        self.deadlines = deadlines
        self._dialogue = dialogue
        self._pace = pace
        self._stream: Stream | None = None
        self._round_at = len(run.events)
        """How many events there were when upstream was asked last."""
        self._calls = 0
        """The index of the next round's first tool call."""
        self._breaks = False
        """Whether a paragraph ends before the next text: models begin each round as if nothing stood before it."""
        self._usage: dict[str, int] | None = None
        """Of the rounds that are over."""
        self._first_ms: int | None = None
        self._last_ms: int | None = None
        """When the first and the last token came."""
        self._outcome: tuple[State, ChatStreamError | None] = ("stopped", None)  # if it never comes to run

    def drive(self) -> None:
        """Run to the end of the answer. Raises nothing."""
        try:
            self._outcome = self._answer()
        except Stopped:
            self._outcome = "stopped", None
        except Overdue as overdue:
            self._outcome = "stalled", UpstreamTimeout(str(overdue))
        except Drained:
            whole = self._was_told() and not self._called()
            self._outcome = self._ending() if whole else ("interrupted", Interrupted())
        except UpstreamError as error:
            self._outcome = state_after(error), error
        except Exception:  # noqa: BLE001 – a Run must end in a state, whatever happened
            _log.exception("run %s failed by a fault of ours", self.run.id)
            self._outcome = "upstream_error", UpstreamError("The answer ended through a fault in ChatStream itself.")
        finally:
            self._close()

    def conclude(self) -> None:
        """Decide the data of the Run's last event, after its greenlet ended, in whatever way."""
        state, error = self._outcome
        usage, total_ms = self._used(), self.run.age_ms()
        self.run.error = error
        self.run.end = {
            "chatId": self.run.record.chat_id,
            "state": state,
            "usage": usage,
            "timings": timings(self._first_ms, self._last_ms, total_ms, usage) | thought_ms(self.run.events, total_ms),
        }
        if error is not None:
            self.run.end["error"] = {"message": str(error), "code": error.code}

    def _answer(self) -> tuple[State, ChatStreamError | None]:
        outcome = self._round()
        while calls := self._to_run(outcome):
            self._run_tools(calls)
            outcome = self._round()
        return outcome

    def _round(self) -> tuple[State, ChatStreamError | None]:
        """Ask, and read to the end."""
        self._stream = stream = self._dialogue.open()
        self.run.opened.set()
        try:
            self._read(stream)
        except (UpstreamBroke, Overdue):
            if not self._was_told():
                raise
        return self._ending()

    def _to_run(self, outcome: tuple[State, ChatStreamError | None]) -> list[Call]:
        """The calls of a round that ended so.

        :raises ToolRounds: if they are some too many
        """
        calls = self._called() if outcome[0] == "complete" else Calls()
        if not calls:
            return []
        if self._dialogue.over:
            raise ToolRounds("The model called tools as often as it may here, and again, instead of giving an answer.")
        return [msgspec.structs.asdict(call) for call in calls.whole()]

    def _called(self) -> Calls:
        """The calls of this round that have to be run here."""
        calls = Calls()
        for event in self.run.events[self._round_at :] if self._dialogue.runs_tools else ():
            if event.kind == "toolCall":
                calls.add(event.data)
        return calls

    def _run_tools(self, calls: list[Call]) -> None:
        self._close()
        text, self._usage, self._stream = joined(self.run.events[self._round_at :], "text"), self._used(), None
        self._breaks = self._breaks or bool(text.strip())
        self.deadlines.pause()
        self._dialogue.run(calls, self._took)
        self._dialogue.tell(text, calls)
        self._calls = 1 + max(call["index"] for call in calls)
        self._round_at = len(self.run.events)
        self.deadlines.asked_again()

    def _took(self, call: Call, reply: Reply) -> None:
        """A tool's result is there."""
        call["result"] = reply.content
        told = {name: call[name] for name in ("index", "id", "name")}
        self.run.append("toolResult", {**told, "content": reply.content, "failed": reply.failed})
        self.run.wake()

    def _used(self) -> dict[str, int] | None:
        """Tokens, over all rounds."""
        counts = Counter[str]()
        for usage in (self._usage, self._stream.reader.usage if self._stream else None):
            counts.update(usage or {})
        return dict(counts) or None

    def _was_told(self) -> bool:
        """Whether upstream said how the answer ends: only usage and `[DONE]` can follow, and are no loss."""
        return self._stream is not None and self._stream.reader.finish_reason is not None

    def _ending(self) -> tuple[State, ChatStreamError | None]:
        """How the answer ends by what upstream said."""
        assert self._stream is not None
        return verdict(self._stream.reader)

    def _read(self, stream: Stream) -> None:
        while (deltas := stream.read()) is not None:
            read_at = time.monotonic()
            self._take(deltas)
            if stream.reader.finish_reason is not None:
                self.deadlines.finished()
            came = bool(deltas)
            del deltas  # a thousand Runs that rest would each hold what was read last
            if came and not stream.hurries:
                self._pace.rest(read_at)
            else:
                let_others()  # at once, but after the others: reading alone waits for nothing while data is there

    def _take(self, deltas: list[Delta]) -> None:
        if not deltas:
            return
        self.deadlines.content()
        self._last_ms = self.run.age_ms()
        if self._first_ms is None:
            self._first_ms = self._last_ms
        for kind, data in deltas:
            if kind == "toolCall":
                data = {**data, "index": self._calls + data["index"]}
            elif kind == "text" and self._breaks:
                self._breaks = False
                self.run.append("text", "\n\n")
            self.run.append(kind, data)
        self.run.wake()

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._take(self._stream.reader.close())  # what was held back belongs to what arrived
