"""For a browser's EventSource: each event's data is a piece of the text itself, and its id names Run and number.

    new EventSource("/api/chat?prompt=Hello").onmessage = (event) => { output.textContent += event.data }

`event: done` or `event: error` comes last. What is not text is not shown. Data cannot hold CR: CRLF and CR become LF,
as they do wherever a browser normalises text.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from chatstream.wire.events import RunEvent
from chatstream.wire.formats import EVENT_STREAM, failure
from chatstream.wire.sse import HEARTBEAT

_encode = msgspec.json.Encoder().encode


class Encoder:
    """:param seen: number of the last event its viewer has. That one has to be given once more, for a CRLF may lie half
    in it and half in the next
    """

    headers = EVENT_STREAM
    heartbeat = HEARTBEAT
    cuts = False

    def __init__(self, run_id: str, chat_id: str, seen: int = 0) -> None:
        self._ids = {"chatId": chat_id, "runId": run_id}
        self._seen = seen
        self._after_cr = False

    def frames(self, first: int, events: Sequence[RunEvent]) -> bytes:
        blocks = (self._block(number, event) for number, event in enumerate(events, first))
        return "".join(block for block in blocks if block).encode()

    def _block(self, number: int, event: RunEvent) -> str:
        if event.kind == "text":
            text = self._text(event.data)
            lines = "".join(f"data: {line}\n" for line in text.split("\n")) if text else ""
        elif event.kind == "ids":
            lines = ""
        elif event.kind == "end":
            lines = self._end(event.data)
        else:
            return ""
        return f"id: {self._ids['runId']}.{number}\n{lines}\n" if number > self._seen else ""

    def _text(self, text: str) -> str:
        """With line feeds only. One that was announced by the CR at the end of the event before is left out."""
        if self._after_cr:
            text = text.removeprefix("\n")
        self._after_cr = text.endswith("\r")
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def _end(self, end: Mapping[str, Any]) -> str:
        value = {**(failure(end) or {}), **self._ids, "state": end["state"]}
        return f"event: {'error' if 'code' in value else 'done'}\ndata: {_encode(value).decode()}\n"
