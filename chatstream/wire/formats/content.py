"""The LLM API's frames (docs/api.md, section 4): data lines of JSON with one of `content`, `reasoning`, `tool_call` and
`tool_result`, and at the end one with `done` or `error`.

A tool call comes whole, so that its reader has nothing to put together.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from chatstream.wire.calls import Calls
from chatstream.wire.events import RunEvent
from chatstream.wire.formats import EVENT_STREAM, failure
from chatstream.wire.sse import HEARTBEAT

_encode = msgspec.json.Encoder().encode
_NAMES = {"text": "content", "reasoning": "reasoning"}
_ENDING = ("finish_reason", "state", "usage", "timings")


class Encoder:
    """:param known: fields of the last frame that are known beforehand: the `session_id`"""

    headers = EVENT_STREAM
    heartbeat = HEARTBEAT
    cuts = False

    def __init__(self, **known: str) -> None:
        self._known = known
        self._calls = Calls()

    def frames(self, _: int, events: Sequence[RunEvent]) -> bytes:
        """The events have no numbers here: a stream of this form is not resumed."""
        return b"".join(b"data: %b\n\n" % _encode(value) for event in events for value in self._values(event))

    def _values(self, event: RunEvent) -> Iterator[dict[str, Any]]:
        if event.kind in _NAMES:
            yield {_NAMES[event.kind]: event.data}
        elif event.kind == "toolCall":
            self._calls.add(event.data)
        elif event.kind == "toolResult":
            yield from self._whole()
            yield {"tool_result": {name: value for name, value in event.data.items() if name != "index"}}
        elif event.kind == "end":
            yield from self._end(event.data)

    def _whole(self) -> Iterator[dict[str, Any]]:
        for call in self._calls.whole():
            yield {"tool_call": {"id": call.id, "name": call.name, "arguments": call.arguments}}

    def _end(self, end: dict[str, Any]) -> Iterator[dict[str, Any]]:
        outcome = {**{name: end[name] for name in _ENDING if end.get(name)}, **self._known}
        if (failed := failure(end)) is not None:
            yield {"error": failed["message"], "code": failed["code"], **outcome}
        else:
            yield from self._whole()
            yield {"done": True, **outcome}
