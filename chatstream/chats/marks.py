"""Where the words of a search stand: in a chat's title, and in one of its messages. Text in pieces, never HTML."""

import re
from typing import NamedTuple

from chatstream.store.records import Passage
from chatstream.store.words import pattern, sought

BEFORE, AROUND = 40, 160
"""Characters of a snippet before its first found word, and in all."""


class Piece(NamedTuple):
    """Some text, and whether it is a found word."""

    text: str
    found: bool


class Marked(NamedTuple):
    """`snippet` is empty, and is no message's, where the words stand in the title alone, or in the words that it was
    made of."""

    title: list[Piece]
    snippet: list[Piece]
    message_id: str | None


def marked(title: str, passage: Passage | None, words: str) -> Marked:
    """:param passage: a message in which one of the words stands"""
    wanted, text = pattern(sought(words)), passage.text if passage else ""
    line = snippet(text, wanted, _titled(title, text))
    return Marked(pieces(title, wanted), line, passage.message_id if passage and line else None)


def pieces(text: str, wanted: re.Pattern[str]) -> list[Piece]:
    """The whole text, cut where found words begin and end."""
    cut, at = [], 0
    for match in wanted.finditer(text):
        cut += [Piece(text[at : match.start()], False), Piece(match.group(), True)]
        at = match.end()
    return [piece for piece in (*cut, Piece(text[at:], False)) if piece.text]


def _titled(title: str, text: str) -> int:
    """How much of the text its chat is called by: its first words, or nothing."""
    words = map(re.escape, title.removesuffix("…").split())
    same = re.match(r"\s*" + r"\s+".join(words), text)
    return same.end() if same else 0


def snippet(text: str, wanted: re.Pattern[str], after: int = 0) -> list[Piece]:
    """One line around the first found word that stands there or later, cut between words."""
    first = wanted.search(text, after)
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
