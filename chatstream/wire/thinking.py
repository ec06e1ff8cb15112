"""Reasoning written into the answer: `<think>…</think>` at its very beginning, as DeepSeek's and Qwen's do."""

from collections.abc import Callable
from typing import Literal

OPEN, CLOSE = "<think>", "</think>"

Part = tuple[Literal["text", "reasoning"], str]


class ThinkTags:
    """Splits an answer's text into reasoning and text, however the tags are cut over its pieces.

    Only a tag at the beginning counts, so that an answer may speak of `<think>`. White space beside the tags
    belongs to them.
    """

    def __init__(self) -> None:
        self._held = ""
        self._step: Callable[[ThinkTags], list[Part]] = ThinkTags._opening
        """Not bound to this object: it would keep itself, until the collector comes."""
        self._answering = False
        """Whether the answer itself has begun: nothing is a tag any more."""

    def feed(self, text: str) -> list[Part]:
        """The parts that are certain by now."""
        if self._answering:
            return [("text", text)]
        self._held += text
        return self._step(self)

    def close(self) -> list[Part]:
        """What was held back, when no more text comes."""
        held, self._held = self._held, ""
        if not held:
            return []
        return [("reasoning" if self._step is ThinkTags._thinking else "text", held)]

    def _opening(self) -> list[Part]:
        begun = self._held.lstrip()
        if begun.startswith(OPEN):
            self._held = begun.removeprefix(OPEN)
            self._step = ThinkTags._thinking
            self._fresh = True
            return self._thinking()
        if OPEN.startswith(begun):
            return []
        self._answering = True
        return self._take("text", len(self._held))

    def _thinking(self) -> list[Part]:
        if self._fresh:
            self._held = self._held.lstrip()
            self._fresh = not self._held
        thought, tag, rest = self._held.partition(CLOSE)
        if not tag:
            return self._take("reasoning", len(self._held) - self._suspicious())
        self._held = rest
        self._step = ThinkTags._between
        thoughts: list[Part] = [("reasoning", thought)] if thought else []
        return thoughts + self._between()

    def _between(self) -> list[Part]:
        self._held = self._held.lstrip()
        self._answering = bool(self._held)
        return self._take("text", len(self._held))

    def _take(self, kind: Literal["text", "reasoning"], n: int) -> list[Part]:
        taken, self._held = self._held[:n], self._held[n:]
        return [(kind, taken)] if taken else []

    def _suspicious(self) -> int:
        """How many of the last characters may be the beginning of the closing tag."""
        return next((n for n in range(len(CLOSE) - 1, 0, -1) if self._held.endswith(CLOSE[:n])), 0)
