"""One chunk of an answer, of a chat or of a text completion: the fields that are read of it.

The form is OpenAI's (https://platform.openai.com/docs/api-reference/chat/streaming and …/completions), with the
dialects of the servers that speak it.
"""

import json
from typing import Any

import msgspec

from chatstream.errors import UpstreamInvalid
from chatstream.wire.surrogates import whole


class Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class ToolCall(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: Function | None = None


class ChunkDelta(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None


class Choice(msgspec.Struct):
    index: int = 0
    delta: ChunkDelta | None = None
    text: str | None = None
    """Of a text completion, which has no delta."""
    finish_reason: str | None = None


class Chunk(msgspec.Struct):
    choices: list[Choice] | None = None
    usage: dict[str, Any] | None = None
    error: Any = None
    message: Any = None
    """Of an `event: error` that has no object `error` in it."""


_decode = msgspec.json.Decoder(Chunk).decode


def parse(data: str) -> tuple[Chunk, bool]:
    """The chunk, and whether its strings may hold lone surrogates, which msgspec refuses and the json module keeps."""
    try:
        return _decode(data), False
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        pass  # the json module has the last word
    try:
        return _lenient(json.loads(data)), True
    except (ValueError, RecursionError) as error:
        shown = whole(data[:80])
        raise UpstreamInvalid(f"The model server sent something that is no chunk of an answer: {shown!r}.") from error


def _lenient(value: object) -> Chunk:
    if isinstance(value, str):  # `event: error` with a bare string
        return Chunk(error=value)
    return msgspec.convert(value, Chunk)


def reported(error: object, data: str) -> str:
    message = error.get("message") if isinstance(error, dict) else error
    said = whole(str(message or data))[:500].strip()
    return f"The model server reported: {said}" + ("" if said.endswith((".", "!", "?")) else ".")
