"""An open answer: bytes into events, within bounds, and events into deltas."""

import msgspec

from chatstream.errors import UpstreamBroke, UpstreamInvalid
from chatstream.upstream.translation import translated
from chatstream.upstream.transport import Body
from chatstream.wire.chunks import ChunkReader, Delta
from chatstream.wire.portions import portion
from chatstream.wire.sse import Decoder
from chatstream.wire.verdict import broken


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one answer: bytes per event and in all. Silence has deadlines of its own (deadlines.py)."""

    event_bytes: int
    answer_bytes: int


class EventStream:
    """An open response as server-sent events. Whoever opens it closes it."""

    def __init__(self, body: Body, limits: Limits) -> None:
        body.set_timeout(None)  # silence has a deadline of its own: a comment is a byte, but no content
        self._body = body
        self._left = limits.answer_bytes
        self._limits = limits
        self._decoder = Decoder(limits.event_bytes)
        self.set_timeout = body.set_timeout
        self.parse = self._decoder.parse

    @property
    def burst(self) -> bool:
        """Whether the last read was so large that more is probably on its way already."""
        return self._body.burst

    def blocks(self) -> str | None:
        """The blocks of events that the next bytes complete, maybe none, as text; None once the response is over.

        They have to be given to `parse`, unless they hold nothing but data lines.

        :raises UpstreamTimeout: if nothing came within the time that was set; it can be asked again
        :raises UpstreamError: if it broke, or went over a limit
        """
        self._check()
        with translated():
            data = self._body.read()
        if not data:
            return None
        within, self._left = data[: self._left], self._left - len(data)
        return self._decoder.blocks(within)

    def _check(self) -> None:
        """Whether the last read went over a limit: what was within it was returned."""
        most = self._limits.event_bytes
        if self._decoder.overfull:
            raise UpstreamInvalid(f"The model server sent an event of more than {most} bytes, more than is taken here.")
        if self._left < 0:
            raise UpstreamInvalid(f"The answer is larger than {self._limits.answer_bytes} bytes, the limit set here.")

    def close(self) -> None:
        """Close the connection, or keep it for reuse if the answer was read to its last byte. From any greenlet."""
        self._body.close()


class Stream:
    """One open answer as deltas."""

    def __init__(self, events: EventStream) -> None:
        self._events = events
        self.reader = ChunkReader()
        self.close = events.close

    @property
    def hurries(self) -> bool:
        """Whether to read on at once: upstream sends flat out, or all was said."""
        return self._events.burst or self.reader.done

    def read(self) -> list[Delta] | None:
        """What the next bytes bring, maybe nothing; None once the answer is over.

        :raises UpstreamError: if it broke, or went over a limit
        """
        if self.reader.done or self.reader.error:
            return None
        try:
            blocks = self._events.blocks()
        except UpstreamBroke as error:
            raise broken(self.reader) from error
        return None if blocks is None else portion(self.reader, blocks, self._events.parse).deltas
