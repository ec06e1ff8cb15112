"""Server-sent events, both ways, to the letter of the WHATWG HTML standard, section 9.2.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import codecs
import re

import msgspec

MEDIA_TYPE = "text/event-stream"
HEARTBEAT = b": ping\n\n"
"""A comment: clients ignore it, proxies see traffic."""

_RETRY = re.compile("[0-9]{1,15}")  # longer ones are no time that anybody meant, and costly to convert


class Event(msgspec.Struct, frozen=True):
    """One event. `data` may hold line feeds; `id` is the last id seen on the stream, "" before any."""

    data: str
    event: str = "message"
    id: str = ""


class Decoder:
    """Turns bytes into events, however the bytes are cut.

    :param max_event: bytes that may arrive without completing an event
    """

    def __init__(self, max_event: int = 1 << 20) -> None:
        self.max_event = max_event
        self.last_id = ""
        self.overfull = False
        """Whether an event was too large. What came before it was returned, and nothing more is decoded."""
        self.retry: int | None = None
        """Reconnection time asked for by the stream, in milliseconds, or None."""
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._parts: list[str] = []  # text without a complete block, joined only when one is complete
        self._held = 0
        self._started = False
        self._after_cr = False
        self._after_lf = False

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes as they came off the wire; return the events they complete, in order. See `overfull`."""
        return self.parse(self.blocks(data))

    def blocks(self, data: bytes) -> str:
        """The first half of `feed`: the blocks these bytes complete, "" for none. Each line ends with a line feed, each
        block with an empty line. They have to be given to `parse`, unless they hold nothing but data lines."""
        if self.overfull:
            return ""
        text = self._lines(self._utf8.decode(data))
        # A block ends at an empty line. Where this text has none (and does not complete one begun
        # before), nothing is joined or scanned again: a stream of single bytes stays linear.
        completes = "\n\n" in text or (self._after_lf and text.startswith("\n"))
        if text:
            self._after_lf = text.endswith("\n")
        self._parts.append(text)
        self._held += len(data)
        if not completes:
            self.overfull = self._held > self.max_event
            return ""
        held = "".join(self._parts)
        end = held.rfind("\n\n") + 2 if "\n\n" in held else 0
        self._parts = [held[end:]]
        self._held = len(held[end:].encode("utf-8", "replace"))
        self.overfull = self._held > self.max_event
        return held[:end] if end <= self.max_event else self._within(held[:end])

    def _within(self, blocks: str) -> str:
        """Those before the first that is too large."""
        at = 0
        for block in blocks.split("\n\n"):
            if len(block) > self.max_event:
                self.overfull = True
                return blocks[:at]
            at += len(block) + 2
        return blocks

    def parse(self, blocks: str) -> list[Event]:
        """The second half of `feed`: the events of these blocks."""
        # A third line feed in a row leaves an empty line at the head of the next block: harmless.
        events: list[Event] = []
        for block in blocks.split("\n\n"):
            if block.startswith("data: ") and "\n" not in block:  # what nearly every event looks like
                events.append(Event(block[6:], id=self.last_id))
            elif (event := self._parse(block)) is not None:
                events.append(event)
        return events

    def _lines(self, text: str) -> str:
        """Drop one leading BOM and make every line end a line feed, also when CRLF was cut in two."""
        if text and not self._started:
            self._started = True
            text = text.removeprefix("\ufeff")
        if self._after_cr and text:
            self._after_cr = False
            text = text.removeprefix("\n")
        if "\r" in text:
            self._after_cr = text.endswith("\r")
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text

    def _parse(self, block: str) -> Event | None:
        data: list[str] = []
        kind = ""
        for line in block.split("\n"):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                data.append(value)
            elif field == "event":
                kind = value
            elif field == "id" and "\0" not in value:
                self.last_id = value
            elif field == "retry" and _RETRY.fullmatch(value):
                self.retry = int(value)
        return Event("\n".join(data), kind or "message", self.last_id) if data else None


def encode(event: Event) -> bytes:
    """The inverse of `Decoder`. Line ends inside `data` become line feeds, the only ones the format can carry.

    :raises ValueError: for an event name or id that the format cannot carry
    """
    if event.event == "message" and not event.id and "\n" not in event.data and "\r" not in event.data:
        return f"data: {event.data}\n\n".encode()  # nearly every event: 0.3 instead of 1.3 µs
    if any(c in event.event for c in "\r\n") or any(c in event.id for c in "\r\n\0"):
        raise ValueError("an event's name and id are single lines, an id has no NUL")
    lines = [f"id: {event.id}"] if event.id else []
    if event.event != "message":
        lines.append(f"event: {event.event}")
    data = event.data.replace("\r\n", "\n").replace("\r", "\n")
    lines += [f"data: {line}" for line in data.split("\n")]
    return ("\n".join(lines) + "\n\n").encode()
