"""Where the words of a search stand: in a chat's title, and in one of its messages. Text in pieces, never HTML."""

import re
from typing import NamedTuple

from chatstream.store.words import pattern

BEFORE, AROUND = 40, 160
"""Characters of a snippet before its first found word, and in all."""


class Piece(NamedTuple):
    """Some text, and whether it is a found word."""

    text: str
    found: bool


class Marked(NamedTuple):
    """`snippet` is empty where the words stand in the title alone."""

    title: list[Piece]
    snippet: list[Piece]


def marked(title: str, passage: str | None, words: str) -> Marked:
    """:param passage: the text of a message in which one of the words stands"""
    wanted = pattern(words)
    return Marked(pieces(title, wanted), snippet(passage or "", wanted))


def pieces(text: str, wanted: re.Pattern[str]) -> list[Piece]:
    """The whole text, cut where found words begin and end."""
    cut, at = [], 0
    for match in wanted.finditer(text):
        cut += [Piece(text[at : match.start()], False), Piece(match.group(), True)]
        at = match.end()
    return [piece for piece in (*cut, Piece(text[at:], False)) if piece.text]


def snippet(text: str, wanted: re.Pattern[str]) -> list[Piece]:
    """One line around the first found word, cut between words."""
    first = wanted.search(text)
    if first is None:
        return []
    begin = _gap(text, max(0, first.start() - BEFORE), first.start())
    end = _end(text, first.end(), begin + AROUND)
    line = f"{'…' if begin else ''}{' '.join(text[begin:end].split())}{'…' if end < len(text) else ''}"
    return pieces(line, wanted)


def _gap(text: str, near: int, latest: int) -> int:
    """Where a word begins, from `near` on; `near` itself where there is no gap."""
    if near == 0:
        return 0
    gap = text.find(" ", near, latest)
    return gap + 1 if gap >= 0 else near


def _end(text: str, earliest: int, near: int) -> int:
    """Where a word ends, before `near`; `near` itself where there is no gap."""
    if near >= len(text):
        return len(text)
    gap = text.rfind(" ", earliest, near)
    return gap if gap >= 0 else max(earliest, near)
