"""The answer's text and nothing else, for a terminal: `curl -N`.

Whatever is written is the answer, so there are no heartbeats, and a failure has no words: the connection is cut.
"""

from collections.abc import Sequence

from chatstream.wire.events import RunEvent, joined


class Encoder:
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    heartbeat = b""
    cuts = True

    def frames(self, _: int, events: Sequence[RunEvent]) -> bytes:
        return joined(events, "text").encode()
