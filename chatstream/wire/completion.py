"""Chunks put together into the object that a request without `stream` gets.

https://platform.openai.com/docs/api-reference/chat/object and …/completions/object. Fields that no standard names are
kept: of texts all pieces, of lists all parts, of anything else the last value.
"""

import json
from typing import Any

from chatstream.errors import UpstreamInvalid
from chatstream.wire.surrogates import whole

_NO_CHUNK = "The model server sent something that is no chunk of an answer: {}."
_ENVELOPE = {"object", "choices"}
_BESIDE = {"index", "delta", "message"}
_ONCE = {"role", "finish_reason", "id", "type", "name", "index"}
CALLS_MAX = 128
CHOICES_MAX = 2048
"""Choices of one answer: OpenAI takes as many prompts at once."""


class Texts(list[str]):
    """A text in pieces, joined once at the end: one that grows by each piece would be copied each time."""


class Completion:
    """A `chat.completion`. Takes chunks in their order."""

    kind = "chat.completion"

    def __init__(self) -> None:
        self._envelope: dict[str, Any] = {}
        self._choices: dict[int, dict[str, Any]] = {}

    def add(self, data: str) -> None:
        """:raises UpstreamInvalid: for what is no chunk"""
        try:
            chunk = parsed(data)
            self._envelope |= {k: v for k, v in chunk.items() if k not in _ENVELOPE and v is not None}
            for choice in chunk.get("choices") or ():
                self._add(choice)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise UpstreamInvalid(_NO_CHUNK.format(error)) from error

    def value(self) -> dict[str, Any]:
        choices = [choice for _, choice in sorted(self._choices.items())]
        found: dict[str, Any] = _joined({"object": self.kind, **self._envelope, "choices": choices})
        return found

    def _add(self, choice: dict[str, Any]) -> None:
        index = _place(choice.get("index") or 0, CHOICES_MAX)
        known = self._choices.setdefault(index, self._empty(index))
        _merge(known.get("message", {}), choice.get("delta") or {})
        _merge(known, {name: value for name, value in choice.items() if name not in _BESIDE})

    def _empty(self, index: int) -> dict[str, Any]:
        return {"index": index, "message": {"role": "assistant", "content": None}, "finish_reason": None}


class TextCompletion(Completion):
    """A `text_completion`."""

    kind = "text_completion"

    def _empty(self, index: int) -> dict[str, Any]:
        return {"text": Texts(), "index": index, "logprobs": None, "finish_reason": None}


def parsed(data: str) -> Any:
    """The JSON of a chunk.

    :raises UpstreamInvalid: for what is none
    """
    try:
        return json.loads(data, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise UpstreamInvalid(_NO_CHUNK.format(error)) from error


def _merge(known: dict[str, Any], piece: dict[str, Any]) -> None:
    for name, value in piece.items():
        before = known.get(name)
        if value is None:
            known.setdefault(name, None)
        elif name == "tool_calls":
            known[name] = _calls(before or [], value)
        elif isinstance(value, str) and name not in _ONCE:
            known[name] = before if isinstance(before, Texts) else Texts()
            known[name].append(value)
        elif isinstance(before, dict) and isinstance(value, dict):
            _merge(before, value)
        elif isinstance(before, list) and isinstance(value, list):
            before.extend(value)
        else:
            known[name] = value


def _calls(known: list[dict[str, Any]], pieces: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tool calls by their place: of each, id, type and name come once, the arguments in pieces."""
    for piece in pieces:
        index = piece.get("index")
        index = _place(len(known) if index is None else index, CALLS_MAX)
        while len(known) <= index:
            known.append({"id": None, "type": "function", "function": {"name": "", "arguments": Texts()}})
        call, function = known[index], piece.get("function") or {}
        call["id"] = call["id"] or piece.get("id")
        call["type"] = piece.get("type") or call["type"]
        call["function"]["name"] = call["function"]["name"] or function.get("name") or ""
        call["function"]["arguments"].append(function.get("arguments") or "")
    return known


def _place(index: Any, places: int) -> int:
    if type(index) is not int or not 0 <= index < places:
        raise ValueError(f"the index {index!r}, where 0 to {places - 1} are understood")
    return index


def _joined(value: Any) -> Any:
    """Texts as texts, halves of characters put together."""
    if isinstance(value, Texts):
        return whole("".join(value))
    if isinstance(value, list):
        return [_joined(part) for part in value]
    if isinstance(value, dict):
        return {whole(name): _joined(part) for name, part in value.items()}
    return whole(value) if isinstance(value, str) else value


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")
