"""Words as searching takes them: letters and digits in a row, whatever their case and accents."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple
from unicodedata import combining, normalize

import gevent

BEGUN, BEGUN_IDEOGRAPHS = 3, 2
"""Characters from which the last word of a search may be the beginning of one. Fewer would find nearly every chat."""
_IDEOGRAPHS = "\u2e80"
"""Scripts from here on write a word with few characters, and no gaps between words."""
LONGEST, MOST = 40, 10_000
"""Characters of a word, and different words of one text, that are kept: what is longer is no language."""
_PIECE = 1 << 15
"""Characters taken at once: about 2 ms; 1 MB takes 60."""

# SQLite's tables are Unicode 6.1's: these vowel signs are letters only since.
_WORD = re.compile(r"[^\W_\u19b0-\u19c9\u1cf2\u1cf3]+")
_ACCENTS = re.compile("[\u0300-\u036f]+")
_ASCII = "".join(chr(code).lower() if chr(code).isalnum() else " " for code in range(128))
_MARKS = "[\u0300-\u036f]*"
_REST = f"(?:[^\\W_]{_MARKS})*"
_GAP = re.compile(r"[\W_]")


class Sought(NamedTuple):
    """A word of a search, and whether longer ones that begin so are found as well."""

    word: str
    begun: bool

    def found_in(self, words: Iterable[str]) -> bool:
        return any(word.startswith(self.word) for word in words) if self.begun else self.word in words


def terms(text: str) -> list[str]:
    """The words of a text, in its order."""
    return _WORD.findall(normalize("NFC", text))


def is_begun(word: str) -> bool:
    """Whether this, the last word of a search, is long enough to be taken for a beginning as well: it may not be
    typed to its end."""
    return len(word) >= (BEGUN if word < _IDEOGRAPHS else BEGUN_IDEOGRAPHS)


def sought(text: str) -> list[Sought]:
    """The different words of a search, as `folded` gives them."""
    words = folded(text)
    last = [word[:LONGEST] for word in _plain_words(text)[-1:]]
    return [Sought(word, word in last and is_begun(word)) for word in words]


def folded(text: str) -> list[str]:
    """The different words of a text, in small letters without accents. Other greenlets go on in between."""
    found: dict[str, None] = {}
    for piece in _pieces(text):
        found.update(dict.fromkeys(_folded(piece)))
        if len(piece) < len(text):
            gevent.sleep(0.001)  # 0 would pass to those who are ready already: no socket and no clock
    return list(found)[:MOST]


def _folded(text: str) -> Iterator[str]:
    return (word[:LONGEST] for word in set(_plain_words(text)))


def _plain_words(text: str) -> list[str]:
    if text.isascii():  # 170 instead of 470 µs for an answer of a thousand words: every answer's end waits for it
        return text.translate(_ASCII).split()
    bare = _ACCENTS.sub("", normalize("NFD", normalize("NFC", text).casefold()))
    return _WORD.findall(normalize("NFC", bare))  # apart, か゛ would be two words, and 한 three letters


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces of about `_PIECE` characters, cut between words."""
    begin = 0
    while begin < len(text):
        gap = _GAP.search(text, begin + _PIECE)
        end = gap.start() if gap else len(text)
        yield text[begin:end]
        begin = end


def pattern(words: Iterable[Sought]) -> re.Pattern[str]:
    """Finds these words wherever one stands, whatever its case and accents, as searching does; so that they can be
    shown. It finds nothing where there are none.

    What begins with a set of letters lets `re` pass over all other places at once, in a fifth of the time; so what may
    not stand before them comes second.
    """
    longest_first = sorted(words, key=lambda each: len(each.word), reverse=True)
    if not longest_first:
        return re.compile("(?!)")
    firsts = "".join(_letters(each.word[0]) for each in longest_first)
    either = "|".join(_from_its_first_letter(*each) for each in longest_first)
    return re.compile(rf"[{firsts}](?<![^\W_].)(?:{either})(?![^\W_])", re.DOTALL)


def _from_its_first_letter(word: str, begun: bool) -> str:
    others = "".join(f"[{_letters(letter)}]{_MARKS}" for letter in word[1:])
    return f"(?<=[{_letters(word[0])}]){_MARKS}{others}" + _REST * begun


def _letters(letter: str) -> str:
    """A letter in either case, with any accent that is part of it."""
    return letter + "".join(_variants().get(letter, letter.upper()))


@cache
def _variants() -> dict[str, list[str]]:
    """The characters that are a letter in another case, or with accents."""
    found: dict[str, list[str]] = {}
    for character in filter(str.isalpha, map(chr, range(0x41, 0x2200))):
        plain = normalize("NFD", character.casefold())
        if all(map(combining, plain[1:])):
            found.setdefault(plain[0], []).append(character)
    return found
