"""An answer's frames, shown as they come: as text, or as lines of JSON. Both tell at the end how it ended."""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from chatstream.client.runs import Frame
from chatstream.client.screen import Screen

SHOWN_MAX = 200
"""Characters shown of a tool's arguments, and of its result."""


class Shows(Protocol):
    def frame(self, frame: Frame) -> None: ...

    def end(self) -> None: ...


class Lines:
    """Each frame as a line of JSON."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def frame(self, frame: Frame) -> None:
        self._screen.text(msgspec.json.encode(frame).decode() + "\n")

    def end(self) -> None:
        self._screen.end()


class Text:
    """The answer's text. Tool calls are a line each beside it, reasoning is shown if it is asked for."""

    def __init__(self, screen: Screen, reasoning: bool) -> None:
        self._screen = screen
        self._reasoning = reasoning
        self._thinks = False
        self._calls: dict[int, dict[str, Any]] = {}
        self._kinds: dict[str, Callable[[Any], None]] = {
            "text": self._text,
            "reasoning": self._thought,
            "toolCall": self._call,
            "toolResult": self._result,
        }

    def frame(self, frame: Frame) -> None:
        for kind, data in frame.items():
            if show := self._kinds.get(kind):
                show(data)

    def end(self) -> None:
        self._waiting_calls()
        self._screen.end()

    def _text(self, text: str) -> None:
        self._waiting_calls()
        self._screen.text(text)

    def _thought(self, text: str) -> None:
        if self._reasoning:
            self._screen.thought(text)
        elif not self._thinks and self._screen.shows_asides:
            self._thinks = True
            self._screen.aside("(thinking; --reasoning shows it)")

    def _call(self, piece: dict[str, Any]) -> None:
        known = self._calls.setdefault(piece["index"], {"name": piece["name"], "arguments": ""})
        known["name"] = known["name"] or piece["name"]
        known["arguments"] += piece["arguments"]

    def _result(self, result: dict[str, Any]) -> None:
        call = self._calls.pop(result["index"], {"name": result["name"], "arguments": ""})
        failed = "failed: " if result["failed"] else ""
        self._screen.note(f"{_called(call)} → {failed}{_short(result['content'])}")

    def _waiting_calls(self) -> None:
        """Calls that nobody has answered."""
        for call in self._calls.values():
            self._screen.note(_called(call))
        self._calls.clear()


def _called(call: dict[str, Any]) -> str:
    return f"{call['name']}({_short(call['arguments'])})"


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"
