"""ChatStream's own frames: one line of JSON each, with the event's number as its id (docs/api.md, section 1)."""

from collections.abc import Sequence
from typing import Any

import msgspec

from chatstream.wire.events import RunEvent
from chatstream.wire.formats import EVENT_STREAM
from chatstream.wire.sse import HEARTBEAT

_encode = msgspec.json.Encoder().encode
_WHOLE = ("ids", "end")


def payload(event: RunEvent) -> Any:
    """The frame's JSON value: the ids, one of `text`, `reasoning`, `toolCall`, `toolResult`, or the end."""
    return event.data if event.kind in _WHOLE else {event.kind: event.data}


def frames(first: int, events: Sequence[RunEvent]) -> bytes:
    """Server-sent events for these events; the first has the number `first`."""
    return b"".join(b"id: %d\ndata: %b\n\n" % (n, _encode(payload(event))) for n, event in enumerate(events, first))


class Encoder:
    headers = EVENT_STREAM
    heartbeat = HEARTBEAT
    cuts = False
    frames = staticmethod(frames)
