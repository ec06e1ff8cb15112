"""An answer passed on as it comes, to one reader, without a Run: what `/v1` does."""

import time
from collections.abc import Callable, Iterator

import gevent

from chatstream.errors import UpstreamBroke, UpstreamError, UpstreamInvalid, UpstreamTimeout
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
        self._closed = False
        self.on_close: Callable[[], None] = _nothing_to_do
        self._sent_at = time.monotonic()

    def wait(self, seconds: float) -> None:
        """Wait that long for upstream to answer.

        :raises UpstreamError: if it refused by then
        """
        self._opening.join(seconds)
        if self._opening.ready():
            self._opened()

    def _opened(self) -> EventStream:
        outcome = self._opening.value
        if isinstance(outcome, UpstreamError):
            raise outcome
        opened: EventStream = outcome
        return opened

    def __iter__(self) -> Iterator[list[Event]]:
        """Upstream's chunks, as events; an empty list is a heartbeat. `[DONE]` is not among them.

        The end is the end of a whole answer.

        :raises UpstreamError: if it was none
        """
        while not self._opening.ready():
            self._opening.join(self._pause())
            if not self._opening.ready():
                yield from self._nothing()
        yield from self._chunks(self._opened())
        if self._reader.error:
            raise self._reader.error
        if self._reader.finish_reason is None:
            raise UpstreamInvalid("The model server ended the answer without saying that it was whole.")

    def _chunks(self, stream: EventStream) -> Iterator[list[Event]]:
        while (events := self._read(stream)) is not None:
            if events:
                self._sent_at = time.monotonic()
                yield events
            elif self._reader.finish_reason and self._deadlines.passed():
                return
            else:
                yield from self._nothing()

    def _read(self, stream: EventStream) -> list[Event] | None:
        if self._reader.done or self._reader.error:
            return None
        stream.set_timeout(self._pause())
        try:
            events = stream.events()
        except UpstreamTimeout:
            return []
        except UpstreamBroke:
            if self._reader.finish_reason is None:
                raise
            return None  # all was said before it broke
        return None if events is None else self._sound(events)

    def _sound(self, events: list[Event]) -> list[Event]:
        """Those before the end, or before one that is no chunk."""
        passed = []
        for event in events:
            if self._reader.feed([event]):
                self._deadlines.content()
            if self._reader.error or event.data == DONE:
                break
            passed.append(event)
        if self._reader.finish_reason:
            self._deadlines.finished()
        return passed

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

    def close(self) -> None:
        """Close upstream, whatever it is doing. From any greenlet, also twice."""
        if self._closed:
            return
        self._closed = True
        self.on_close()
        self._opening.kill()
        if isinstance(self._opening.value, EventStream):
            self._opening.value.close()


def _nothing_to_do() -> None:
    pass


def _outcome(open_stream: Callable[[], EventStream]) -> EventStream | UpstreamError:
    """An exception as a value: gevent prints one that ends a greenlet."""
    try:
        return open_stream()
    except UpstreamError as error:
        return error
