"""The kinds of words in code, for its colours: Pygments knows the languages, and we keep few kinds.

In many languages it takes quadratic time: minutes for fifty thousand empty lines. So it runs in a process of its own.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Token, _TokenType
from pygments.util import ClassNotFound

from chatstream.reading import confined

MOST = 50_000
"""Longer code stays without colours. In characters."""
CPU_S = 0.5
"""So long one block may take of the processor; 50 000 characters as somebody writes them take a tenth of a second."""

_KINDS: dict[_TokenType, str] = {
    Token.Comment: "comment",
    Token.Keyword: "keyword",
    Token.Operator.Word: "keyword",
    Token.String: "string",
    Token.Number: "number",
    Token.Name.Function: "name",
    Token.Name.Class: "name",
    Token.Name.Decorator: "name",
    Token.Name.Tag: "name",
    Token.Name.Attribute: "name",
    Token.Name.Builtin: "name",
    Token.Generic.Heading: "keyword",
    Token.Generic.Subheading: "keyword",
    Token.Generic.Inserted: "added",
    Token.Generic.Deleted: "removed",
    Token.Generic.Prompt: "comment",
}

_LANGUAGES_MAX = 500

Runs = list[tuple[int, str]]
"""Code from its begin: so many characters, and their kind; an empty one for what has no colour."""


def main() -> None:
    confined.serve(runs, list[tuple[str, str]], CPU_S)


def runs(code: str, language: str) -> Runs:
    """As far as the code has colours. A language that is not known, or reads its code otherwise, has none."""
    known = _lexer(language.lower()) if len(code) <= MOST else None
    return list(_runs(code, known)) if known else []


@lru_cache(_LANGUAGES_MAX)
def _lexer(name: str) -> Lexer | None:
    """The first time this reads and compiles the language's rules, which takes up to 30 ms."""
    try:
        return get_lexer_by_name(name, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def _runs(code: str, known: Lexer) -> Iterator[tuple[int, str]]:
    at = 0
    for kind, some in groupby(known.get_tokens(code), lambda token: _kind(token[0])):
        text = "".join(value for _, value in some)
        if not code.startswith(text, at):
            return
        at += len(text)
        yield len(text), kind


def words(code: str, coloured: Iterable[tuple[int, str]]) -> Iterator[tuple[str, str]]:
    """The code in pieces, each with its kind; joined they are the code, whatever its runs are."""
    at = 0
    for length, kind in coloured:
        yield kind, code[at : at + length]
        at += length
    yield "", code[at:]


def ranges(code: str, coloured: Iterable[tuple[int, str]]) -> Iterator[tuple[int, int, str]]:
    """Where coloured words begin and end, as JavaScript counts: in halves of characters beyond the first plane."""
    at = 0
    for kind, text in words(code, coloured):
        end = at + len(text) + sum(char > "\uffff" for char in text)
        if kind:
            yield at, end, kind
        at = end


@lru_cache(maxsize=1024)
def _kind(token: _TokenType) -> str:
    for known in reversed(token.split()):
        if known in _KINDS:
            return _KINDS[known]
    return ""


if __name__ == "__main__":
    main()
