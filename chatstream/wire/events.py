"""What a Run is made of: numbered, timed events. An event's number is its place in the Run, from 1."""

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from chatstream.wire.calls import Calls

State = Literal[
    "running",
    "complete",
    "length",
    "filtered",
    "stopped",
    "truncated",
    "stalled",
    "upstream_error",
    "interrupted",
]
"""`running`, then exactly one of the others: docs/api.md, "How an answer can end"."""

Kind = Literal["ids", "text", "reasoning", "toolCall", "toolResult", "end"]


class RunEvent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One event, stored as `[kind, data, at]`.

    `data` is a string for `text` and `reasoning`, an object for the others:
    `ids` {runId, chatId, messageId} is always the first, `end` {chatId, state, usage, timings[, error]} the last,
    `toolCall` {index, id, name, arguments} carries the next piece of the arguments' JSON, `toolResult`
    {index, id, name, content, failed} what the call of that index gave: the text that the model is told.
    """

    kind: Kind
    data: Any
    at: int
    """Milliseconds since the Run began."""


def joined(events: Iterable[RunEvent], kind: Literal["text", "reasoning"]) -> str:
    """All pieces of the text, or of the reasoning."""
    return "".join(event.data for event in events if event.kind == kind)


def tool_calls(events: Iterable[RunEvent]) -> list[dict[str, Any]] | None:
    """The tool calls put together, in the order they began; None if there are none.

    Each is {id, name, arguments}; where it was run here, {result, failed} beside them; and where some of the text came
    before it, {at}: how many characters of that.
    """
    calls = Calls()
    about: dict[int, dict[str, Any]] = {}
    written = 0
    for event in events:
        if event.kind == "text":
            written += len(event.data)
        elif event.kind == "toolCall":
            calls.add(event.data)
            about.setdefault(event.data["index"], {"at": written} if written else {})
        elif event.kind == "toolResult":
            gave = {"result": event.data["content"], "failed": event.data["failed"]}
            about.setdefault(event.data["index"], {}).update(gave)
    found = [
        {"id": call.id, "name": call.name, "arguments": call.arguments, **about[call.index]}
        for call in calls.whole()
    ]
    return found or None


def size(event: RunEvent) -> int:
    """About how many characters it takes, written out."""
    if isinstance(event.data, str):
        return len(event.data)
    return sum(len(value) for value in event.data.values() if isinstance(value, str)) + 100


def assembled(parts: Iterable[tuple[int, list[RunEvent]]], after: int) -> list[RunEvent]:
    """The events with numbers above `after`, from parts of a Run, each with the number of its first event, in order.

    Parts may overlap. A hole ends them: what lies beyond it has no place.
    """
    found: list[RunEvent] = []
    for first, events in parts:
        due = after + 1 + len(found)
        if first > due:
            break
        found += events[due - first :]
    return found


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[RunEvent])


def pack(events: list[RunEvent]) -> bytes:
    """Events as compact JSON, for the store."""
    return _encoder.encode(events)


def unpack(packed: bytes) -> list[RunEvent]:
    """The inverse of `pack`."""
    return _decoder.decode(packed)
