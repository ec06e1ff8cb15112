"""An answer passed on as it comes, to one reader, without a Run: what `/v1` does."""

import time
from collections.abc import Callable, Iterator

import gevent

from chatstream.errors import (
    ChatStreamError,
    UpstreamBroke,
    UpstreamError,
    UpstreamInvalid,
    UpstreamReported,
    UpstreamTimeout,
)
from chatstream.turns import let_others
from chatstream.upstream.deadlines import Deadlines
from chatstream.upstream.pace import Pace
from chatstream.upstream.stream import EventStream
from chatstream.wire.chunks import ChunkReader
from chatstream.wire.portions import Portion, portion

HEARTBEAT = Portion((), [])


class Relay:
    """Opens upstream at once, in a greenlet of its own.

    :param open_stream: raises `UpstreamError`
    :param heartbeat_s: seconds after which a reader gets a heartbeat if there is nothing else
    :param pace: how often it is read
    :param choices: how many were asked for
    """

    def __init__(
        self,
        open_stream: Callable[[], EventStream],
        deadlines: Deadlines,
        heartbeat_s: float,
        pace: Pace,
        choices: int = 1,
    ) -> None:
        self._opening = gevent.spawn(_outcome, open_stream)
        self.deadlines = deadlines
        self._heartbeat_s = heartbeat_s
        self._pace = pace
        self._choices = choices
        self.reader = ChunkReader()
        """Knows finish reason and usage, as far as they came."""
        self._ended_by: ChatStreamError | None = None
        self._sent_at = time.monotonic()

    def wait(self, seconds: float) -> None:
        """Wait that long for upstream to answer.

        :raises UpstreamError: if it refused by then
        """
        self._opening.join(seconds)
        if self._opening.ready():
            self._opened()

    @property
    def opened(self) -> bool:
        """Whether upstream has answered."""
        return bool(self._opening.ready())

    def __iter__(self) -> Iterator[Portion]:
        """What comes, portion by portion. The end is the end of a whole answer: then the reader's facts are final.

        :raises ChatStreamError: if it was none
        """
        try:
            yield from self._portions()
        except ChatStreamError as error:
            self._ended_by = self._ended_by or error
        if held_back := self.reader.close():
            yield Portion((), held_back)
        self._check_end()

    def end(self, error: ChatStreamError) -> None:
        """End it with this error, from another greenlet, and close upstream."""
        self._ended_by = self._ended_by or error
        self.close()

    def overdue(self) -> str | None:
        """Which deadline has passed, also while its reader takes nothing."""
        return None if self._was_told() else self.deadlines.passed()

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

    def _portions(self) -> Iterator[Portion]:
        while not self._opening.ready():
            self._opening.join(self._pause())
            if not self._opening.ready():
                yield from self._nothing()
        stream = self._opened()
        while (portion := self._read(stream)) is not None:
            read_at, came = time.monotonic(), bool(portion.events)
            if came:
                self._sent_at = read_at
                yield portion
            elif self._was_told() and self.deadlines.passed():
                return
            del portion  # a thousand streams that rest would each hold what was read last
            if not came or self.deadlines.passed():
                yield from self._nothing()
            if came and not (stream.burst or self.reader.done):
                self._pace.rest(read_at)
            else:
                let_others()  # it may come faster than it is read: the others have their turn

    def _read(self, stream: EventStream) -> Portion | None:
        if self.reader.done or self.reader.error:
            return None
        stream.set_timeout(self._pause())
        try:
            blocks = stream.blocks()
        except UpstreamTimeout:
            return HEARTBEAT
        except UpstreamBroke:
            if self._ended_by is None and not self._was_told():
                raise
            return None
        return None if blocks is None else self._portion(stream, blocks)

    def _portion(self, stream: EventStream, blocks: str) -> Portion:
        finished = self.reader.finished
        found = portion(self.reader, blocks, stream.parse)
        others = self.reader.finished > finished or self.reader.unfinished - {0}  # deltas are of choice 0 alone
        if found.deltas or (found.events and others):
            self.deadlines.content()
        if self._was_told():
            self.deadlines.finished()
        return found

    def _was_told(self) -> bool:
        """Whether upstream said of every choice how it ends: only usage and `[DONE]` can follow, and are no loss.

        Some servers give fewer choices than were asked for; then only `[DONE]` tells that none is missing.
        """
        reader = self.reader
        told = reader.finish_reason is not None and not reader.unfinished
        return told and (reader.done or reader.finished >= self._choices)

    def _check_end(self) -> None:
        if self._ended_by or self.reader.error:
            raise self._ended_by or self.reader.error or UpstreamError()
        if self.reader.gave_up:
            raise UpstreamReported(f"The model server gave up: its reason was {self.reader.gave_up!r}.")
        if not self._was_told():
            raise UpstreamInvalid("The model server ended the answer without saying that it was whole.")

    def _pause(self) -> float:
        """Seconds until there is something to do: the heartbeat, or a deadline."""
        due = self._sent_at + self._heartbeat_s - time.monotonic()
        return max(0.001, min(due, self.deadlines.left()))

    def _nothing(self) -> Iterator[Portion]:
        if (why := self.deadlines.passed()) is not None:
            raise UpstreamTimeout(why)
        if time.monotonic() - self._sent_at >= self._heartbeat_s:
            self._sent_at = time.monotonic()
            yield HEARTBEAT


def _outcome(open_stream: Callable[[], EventStream]) -> EventStream | ChatStreamError:
    """An exception as a value: gevent prints one that ends a greenlet."""
    try:
        return open_stream()
    except ChatStreamError as error:
        return error
