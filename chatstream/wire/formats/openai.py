"""OpenAI's frames (https://platform.openai.com/docs/api-reference/chat/streaming): upstream's chunks as they came.

No `id:`, `event:` or `retry:` lines: widely used clients stumble over them (docs/streaming.md).
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from chatstream.errors import ChatStreamError
from chatstream.wire.sse import Event, encode
from chatstream.wire.stencil import Blocks

DONE = b"data: [DONE]\n\n"
"""The success mark: only a whole answer ends with it."""

_encode = msgspec.json.Encoder().encode


def frames(events: Iterable[Event]) -> bytes:
    """The events' data, nothing else of them."""
    if isinstance(events, Blocks):
        return events.text.encode()
    return b"".join(encode(Event(event.data)) for event in events)


def problem(status: int, message: str, code: str) -> dict[str, Any]:
    """The body of a failed request."""
    kind = "invalid_request_error" if status < 500 and status != 429 else "api_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def failed(error: ChatStreamError) -> bytes:
    """The last frame of an answer that was not whole."""
    return b"data: %b\n\n" % _encode(problem(error.status, str(error), error.code))
