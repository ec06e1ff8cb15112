"""Chunks put together into the `chat.completion` object that a request without `stream` gets.

https://platform.openai.com/docs/api-reference/chat/object. Fields that no standard names are kept: of texts all pieces,
of lists all parts, of anything else the last value.
"""

import json
from typing import Any

from chatstream.errors import UpstreamInvalid
from chatstream.wire.surrogates import whole

_ENVELOPE = {"object", "choices"}
_ONCE = {"role", "finish_reason", "id", "type", "name", "index"}
CALLS_MAX = 128


class Texts(list[str]):
    """A text in pieces, joined once at the end: one that grows by each piece would be copied each time."""


class Completion:
    """Takes chunks in their order."""

    def __init__(self) -> None:
        self._envelope: dict[str, Any] = {}
        self._choices: dict[int, dict[str, Any]] = {}

    def add(self, data: str) -> None:
        """:raises UpstreamInvalid: for what is no chunk"""
        try:
            chunk = json.loads(data, parse_constant=_no_number)
            self._envelope |= {k: v for k, v in chunk.items() if k not in _ENVELOPE and v is not None}
            for choice in chunk.get("choices") or ():
                self._add(choice)
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise UpstreamInvalid(f"The model server sent something that is no chunk of an answer: {error}.") from error

    def value(self) -> dict[str, Any]:
        choices = [choice for _, choice in sorted(self._choices.items())]
        found: dict[str, Any] = _joined({"object": "chat.completion", **self._envelope, "choices": choices})
        return found

    def _add(self, choice: dict[str, Any]) -> None:
        index = _place(choice.get("index") or 0)
        message = {"role": "assistant", "content": None}
        known = self._choices.setdefault(index, {"index": index, "message": message, "finish_reason": None})
        _merge(known["message"], choice.get("delta") or {})
        _merge(known, {name: value for name, value in choice.items() if name not in ("index", "delta", "message")})


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
        index = _place(len(known) if index is None else index)
        while len(known) <= index:
            known.append({"id": None, "type": "function", "function": {"name": "", "arguments": Texts()}})
        call, function = known[index], piece.get("function") or {}
        call["id"] = call["id"] or piece.get("id")
        call["type"] = piece.get("type") or call["type"]
        call["function"]["name"] = call["function"]["name"] or function.get("name") or ""
        call["function"]["arguments"].append(function.get("arguments") or "")
    return known


def _place(index: Any) -> int:
    if type(index) is not int or not 0 <= index < CALLS_MAX:
        raise ValueError(f"the index {index!r}, where 0 to {CALLS_MAX - 1} are understood")
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
