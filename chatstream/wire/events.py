"""What a Run is made of: numbered, timed events. An event's number is its place in the Run, from 1."""

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

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
    `toolCall` {index, id, name, arguments} carries the next piece of the arguments' JSON.
    """

    kind: Kind
    data: Any
    at: int
    """Milliseconds since the Run began."""


def joined(events: Iterable[RunEvent], kind: Literal["text", "reasoning"]) -> str:
    """All pieces of the text, or of the reasoning."""
    return "".join(event.data for event in events if event.kind == kind)


def tool_calls(events: Iterable[RunEvent]) -> list[dict[str, str]] | None:
    """The tool calls put together, {id, name, arguments} each, in the order they began; None if there are none."""
    calls: dict[int, dict[str, str]] = {}
    for event in events:
        if event.kind == "toolCall":
            new = {"id": event.data["id"], "name": event.data["name"], "arguments": ""}
            calls.setdefault(event.data["index"], new)["arguments"] += event.data["arguments"]
    return list(calls.values()) or None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[RunEvent])


def pack(events: list[RunEvent]) -> bytes:
    """Events as compact JSON, for the store."""
    return _encoder.encode(events)


def unpack(packed: bytes) -> list[RunEvent]:
    """The inverse of `pack`."""
    return _decoder.decode(packed)
