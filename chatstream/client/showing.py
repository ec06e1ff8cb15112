"""An answer's frames, shown as they come: as text, or as lines of JSON. Both tell at the end how it ended."""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from chatstream.client.runs import Frame
from chatstream.client.screen import Screen
from chatstream.wire.calls import Call, Calls

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
        self._calls = Calls()
        self._whole: dict[int, Call] = {}
        """Those that nobody has answered yet."""
        self._kinds: dict[str, Callable[[Any], None]] = {
            "text": self._screen.text,
            "reasoning": self._thought,
            "toolCall": self._calls.add,
            "toolResult": self._result,
        }

    def frame(self, frame: Frame) -> None:
        for kind, data in frame.items():
            if show := self._kinds.get(kind):
                show(data)

    def end(self) -> None:
        self._know_calls()
        for call in self._whole.values():
            self._screen.note(_called(call))
        self._whole.clear()
        self._screen.end()

    def _thought(self, text: str) -> None:
        if self._reasoning:
            self._screen.thought(text)
        elif not self._thinks and self._screen.shows_asides:
            self._thinks = True
            self._screen.aside("(thinking; --reasoning shows it)")

    def _result(self, result: dict[str, Any]) -> None:
        self._know_calls()
        call = self._whole.pop(result["index"], None) or Call(result["index"], result["id"], result["name"], "")
        failed = "failed: " if result["failed"] else ""
        self._screen.note(f"{_called(call)} → {failed}{_short(result['content'])}")

    def _know_calls(self) -> None:
        """The round is over."""
        self._whole |= {call.index: call for call in self._calls.whole()}


def _called(call: Call) -> str:
    return f"{call.name}({_short(call.arguments)})"


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"
