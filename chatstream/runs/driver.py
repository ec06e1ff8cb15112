"""A Run's greenlet: open the upstream, append what it sends, and decide how the answer ended."""

import logging
import time
from collections.abc import Callable
from typing import Any

import gevent

from chatstream.errors import (
    ChatStreamError,
    Interrupted,
    UpstreamBroke,
    UpstreamError,
    UpstreamReported,
    UpstreamTimeout,
)
from chatstream.runs.pace import Pace
from chatstream.runs.run import Run
from chatstream.upstream.deadlines import Deadlines
from chatstream.upstream.stream import Stream
from chatstream.wire.chunks import Delta, end_state
from chatstream.wire.events import State

_log = logging.getLogger(__name__)


class Stopped(BaseException):
    """Thrown into a Run's greenlet: somebody pressed Stop. No `except Exception` on its way may swallow it."""


class Drained(BaseException):
    """Thrown into a Run's greenlet: this server stops, and waited as long as it may."""


class Overdue(BaseException):
    """Thrown into a Run's greenlet: a deadline passed. Its argument is the sentence."""


class Driver:
    """Drives one Run to its end.

    :param open_stream: opens the upstream; raises `UpstreamError`
    """

    def __init__(self, run: Run, open_stream: Callable[[], Stream], pace: Pace, deadlines: Deadlines) -> None:
        self.run = run
        self.deadlines = deadlines
        self._open = open_stream
        self._pace = pace
        self._stream: Stream | None = None
        self._first_token_ms: int | None = None
        self._outcome: tuple[State, ChatStreamError | None] = ("stopped", None)  # if it never comes to run

    def drive(self) -> None:
        """Run to the end of the answer. Raises nothing."""
        try:
            self._outcome = self._answer()
        except Stopped:
            self._outcome = "stopped", None
        except Overdue as overdue:
            self._outcome = self._ending() if self._was_told() else ("stalled", UpstreamTimeout(str(overdue)))
        except Drained:
            self._outcome = self._ending() if self._was_told() else ("interrupted", Interrupted())
        except UpstreamTimeout as error:
            self._outcome = "stalled", error
        except UpstreamError as error:
            self._outcome = "upstream_error", error
        except Exception:  # noqa: BLE001 – a Run must end in a state, whatever happened
            _log.exception("run %s failed by a fault of ours", self.run.id)
            self._outcome = "upstream_error", UpstreamError("The answer ended through a fault in ChatStream itself.")
        finally:
            self._close()

    def conclude(self) -> None:
        """Decide the data of the Run's last event, after its greenlet ended, in whatever way."""
        state, error = self._outcome
        usage = self._stream.reader.usage if self._stream else None
        self.run.error = error
        self.run.end = {
            "chatId": self.run.record.chat_id,
            "state": state,
            "usage": usage,
            "timings": self._timings(usage),
        }
        if error is not None:
            self.run.end["error"] = {"message": str(error), "code": error.code}

    def _answer(self) -> tuple[State, ChatStreamError | None]:
        self._stream = stream = self._open()
        self.run.opened.set()
        try:
            self._read(stream)
        except UpstreamBroke:
            if not self._was_told():
                raise
        return self._ending()

    def _was_told(self) -> bool:
        """Whether upstream said how the answer ends: only usage and `[DONE]` can follow, and are no loss."""
        return self._stream is not None and self._stream.reader.finish_reason is not None

    def _ending(self) -> tuple[State, ChatStreamError | None]:
        """How the answer ends by what upstream said."""
        assert self._stream is not None
        reader = self._stream.reader
        if reader.error is not None:
            return "upstream_error", reader.error
        if reader.finish_reason is None:
            return "truncated", UpstreamError("The model server ended the answer without saying that it was whole.")
        state = end_state(reader.finish_reason)
        if state == "upstream_error":
            return state, UpstreamReported(f"The model server gave up: its reason was {reader.finish_reason!r}.")
        return state, None

    def _read(self, stream: Stream) -> None:
        while (deltas := stream.read()) is not None:
            read_at = time.monotonic()
            self._take(deltas)
            if stream.reader.finish_reason is not None:
                self.deadlines.finished()
            if deltas and not stream.hurries:
                self._pace.rest(read_at)
            else:
                gevent.sleep(0)  # at once, but after the others: reading alone waits for nothing while data is there

    def _take(self, deltas: list[Delta]) -> None:
        if not deltas:
            return
        self.deadlines.content()
        if self._first_token_ms is None:
            self._first_token_ms = self.run.age_ms()
        for kind, data in deltas:
            self.run.append(kind, data)
        self.run.wake()

    def _timings(self, usage: dict[str, int] | None) -> dict[str, Any]:
        """Milliseconds since the Run began; tokens a second from the first token to the last, None if not known."""
        total = self.run.age_ms()
        tokens = (usage or {}).get("completion_tokens")
        spent = total - self._first_token_ms if self._first_token_ms is not None else 0
        rate = round((tokens - 1) * 1000 / spent, 1) if tokens and tokens > 1 and spent > 0 else None
        return {"firstTokenMs": self._first_token_ms, "totalMs": total, "tokensPerSecond": rate}

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._take(self._stream.reader.close())  # what was held back belongs to what arrived
