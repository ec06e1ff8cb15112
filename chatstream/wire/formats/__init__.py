"""One file per outgoing format: what a Run's events look like to a viewer.

Each has a class `Encoder`, of which every viewer gets one of its own. Another format is another file here, a line for
its route in `web/`, and a row in the tests' table.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from chatstream.errors import WasStopped
from chatstream.wire.events import RunEvent
from chatstream.wire.sse import MEDIA_TYPE

WHOLE = ("complete", "length", "filtered")
"""The states of an answer that ended as its model meant it to. No format shows its success mark for another."""
EVENT_STREAM: Mapping[str, str] = {"Content-Type": f"{MEDIA_TYPE}; charset=utf-8"}

_STOPPED = {"message": str(WasStopped()), "code": WasStopped.code}


class Encoder(Protocol):
    """Turns one viewer's events into bytes. It gets each event once, in order, and may remember what it has written."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The response's Content-Type, and what else the format has in its head."""

    @property
    def heartbeat(self) -> bytes:
        """What tells proxies that the stream is alive; b"" where whatever is written belongs to the answer."""

    @property
    def cuts(self) -> bool:
        """Whether the format has no words for a failure: the connection is cut behind what came before it."""

    def frames(self, first: int, events: Sequence[RunEvent], /) -> bytes:
        """These events, the first of which has the number `first`; b"" if they show nothing."""


def failure(end: Mapping[str, Any]) -> dict[str, str] | None:
    """The {message, code} of an answer that did not end well, from the data of its `end`; None for a whole one."""
    if end["state"] in WHOLE:
        return None
    return {**_STOPPED, **end.get("error", {})}
