"""An answer passed on as it comes, to one reader, without a Run: what `/v1` does."""

import time
from collections.abc import Callable, Iterator

import gevent

from chatstream.errors import ChatStreamError, UpstreamBroke, UpstreamError, UpstreamInvalid, UpstreamTimeout
from chatstream.upstream.deadlines import Deadlines
from chatstream.upstream.stream import EventStream
from chatstream.wire.chunks import DONE, ChunkReader
from chatstream.wire.sse import Event


class Relay:
    """Opens upstream at once, in a greenlet of its own.

    :param open_stream: raises `UpstreamError`
    :param heartbeat_s: seconds after which a reader gets a heartbeat if there is nothing else
    """

    def __init__(self, open_stream: Callable[[], EventStream], deadlines: Deadlines, heartbeat_s: float) -> None:
        self._opening = gevent.spawn(_outcome, open_stream)
        self._deadlines = deadlines
        self._heartbeat_s = heartbeat_s
        self._reader = ChunkReader()
        self._ended_by: ChatStreamError | None = None
        self._sent_at = time.monotonic()

    def wait(self, seconds: float) -> None:
        """Wait that long for upstream to answer.

        :raises UpstreamError: if it refused by then
        """
        self._opening.join(seconds)
        if self._opening.ready():
            self._opened()

    def __iter__(self) -> Iterator[list[Event]]:
        """Upstream's chunks, as events; an empty list is a heartbeat. `[DONE]` is not among them.

        The end is the end of a whole answer.

        :raises ChatStreamError: if it was none
        """
        while not self._opening.ready():
            self._opening.join(self._pause())
            if not self._opening.ready():
                yield from self._nothing()
        yield from self._chunks(self._opened())
        self._check_end()

    def end(self, error: ChatStreamError) -> None:
        """End it with this error, from another greenlet, and close upstream."""
        self._ended_by = self._ended_by or error
        self.close()

    def overdue(self) -> str | None:
        """Which deadline has passed, also while its reader takes nothing."""
        return None if self._was_told() else self._deadlines.passed()

    def close(self) -> None:
        """Close upstream, whatever it is doing. From any greenlet, also twice."""
        self._opening.kill()
        if isinstance(self._opening.value, EventStream):
            self._opening.value.close()

    def _opened(self) -> EventStream:
        outcome = self._opening.value
        if isinstance(outcome, EventStream):
            return outcome
        if isinstance(outcome, ChatStreamError):
            raise outcome
        raise self._ended_by or UpstreamError("The answer ended through a fault in ChatStream itself.")

    def _chunks(self, stream: EventStream) -> Iterator[list[Event]]:
        while (events := self._read(stream)) is not None:
            if events:
                self._sent_at = time.monotonic()
                yield events
            elif self._was_told() and self._deadlines.passed():
                return
            if not events or self._deadlines.passed():
                yield from self._nothing()
            gevent.sleep(0)  # it may come faster than it is read: the others have their turn

    def _read(self, stream: EventStream) -> list[Event] | None:
        if self._reader.done or self._reader.error:
            return None
        stream.set_timeout(self._pause())
        try:
            events = stream.events()
        except UpstreamTimeout:
            return []
        except UpstreamBroke:
            if self._ended_by is None and not self._was_told():
                raise
            return None
        return None if events is None else self._sound(events)

    def _sound(self, events: list[Event]) -> list[Event]:
        """Those before the end, or before one that is no chunk."""
        passed = []
        for event in events:
            if self._reader.feed([event]) or self._reader.unfinished - {0}:
                self._deadlines.content()
            if self._reader.error or event.data == DONE:
                break
            passed.append(event)
        if self._was_told():
            self._deadlines.finished()
        return passed

    def _was_told(self) -> bool:
        """Whether upstream said of every choice how it ends: only usage and `[DONE]` can follow, and are no loss."""
        return self._reader.finish_reason is not None and not self._reader.unfinished

    def _check_end(self) -> None:
        if self._ended_by or self._reader.error:
            raise self._ended_by or self._reader.error or UpstreamError()
        if not self._was_told():
            raise UpstreamInvalid("The model server ended the answer without saying that it was whole.")

    def _pause(self) -> float:
        """Seconds until there is something to do: the heartbeat, or a deadline."""
        due = self._sent_at + self._heartbeat_s - time.monotonic()
        return max(0.001, min(due, self._deadlines.left()))

    def _nothing(self) -> Iterator[list[Event]]:
        if (why := self._deadlines.passed()) is not None:
            raise UpstreamTimeout(why)
        if time.monotonic() - self._sent_at >= self._heartbeat_s:
            self._sent_at = time.monotonic()
            yield []


def _outcome(open_stream: Callable[[], EventStream]) -> EventStream | ChatStreamError:
    """An exception as a value: gevent prints one that ends a greenlet."""
    try:
        return open_stream()
    except ChatStreamError as error:
        return error
