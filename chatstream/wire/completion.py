"""Chunks put together into the `chat.completion` object that a request without `stream` gets.

https://platform.openai.com/docs/api-reference/chat/object. Fields that no standard names are kept: of texts all pieces,
of lists all parts, of anything else the last value.
"""

from typing import Any

_ENVELOPE = {"object", "choices"}


class Completion:
    """Takes chunks, as decoded JSON, in their order."""

    def __init__(self) -> None:
        self._envelope: dict[str, Any] = {}
        self._choices: dict[int, dict[str, Any]] = {}

    def add(self, chunk: dict[str, Any]) -> None:
        self._envelope |= {name: value for name, value in chunk.items() if name not in _ENVELOPE and value is not None}
        for choice in chunk.get("choices") or ():
            self._add(choice)

    def value(self) -> dict[str, Any]:
        choices = [choice for _, choice in sorted(self._choices.items())]
        return {"object": "chat.completion", **self._envelope, "choices": choices}

    def _add(self, choice: dict[str, Any]) -> None:
        index = choice.get("index") or 0
        message = {"role": "assistant", "content": None}
        whole = self._choices.setdefault(index, {"index": index, "message": message, "finish_reason": None})
        _merge(whole["message"], choice.get("delta") or {})
        others = {name: value for name, value in choice.items() if name not in ("index", "delta")}
        _merge(whole, others)


def _merge(whole: dict[str, Any], piece: dict[str, Any]) -> None:
    for name, value in piece.items():
        known = whole.get(name)
        if value is None:
            whole.setdefault(name, None)
        elif name == "tool_calls":
            whole[name] = _calls(known or [], value)
        elif isinstance(known, dict) and isinstance(value, dict):
            _merge(known, value)
        elif isinstance(known, list) and isinstance(value, list):
            known.extend(value)
        elif isinstance(known, str) and isinstance(value, str) and name not in ("role", "finish_reason"):
            whole[name] = known + value
        else:
            whole[name] = value


def _calls(known: list[dict[str, Any]], pieces: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tool calls by their place: of each, id, type and name come once, the arguments in pieces."""
    for piece in pieces:
        index = piece.get("index")
        index = len(known) if index is None else index
        while len(known) <= index <= 127:
            known.append({"id": None, "type": "function", "function": {"name": "", "arguments": ""}})
        call, function = known[index], piece.get("function") or {}
        call["id"] = call["id"] or piece.get("id")
        call["type"] = piece.get("type") or call["type"]
        call["function"]["name"] = call["function"]["name"] or function.get("name") or ""
        call["function"]["arguments"] += function.get("arguments") or ""
    return known
