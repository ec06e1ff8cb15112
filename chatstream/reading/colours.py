"""The kinds of words in code, for its colours: Pygments knows the languages, and we keep few kinds."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Token, _TokenType
from pygments.util import ClassNotFound

MOST = 50_000
"""Longer code stays without colours. In characters."""

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
KINDS = tuple(sorted(set(_KINDS.values())))


_lexers: dict[str, Lexer | None] = {}
_LANGUAGES_MAX = 500


def knows(language: str) -> bool:
    return language.lower() in _lexers


def lexer(language: str) -> Lexer | None:
    """The first time this reads and compiles the language's rules: up to 30 ms, for a thread."""
    name = language.lower()
    if name not in _lexers:
        if len(_lexers) >= _LANGUAGES_MAX:
            _lexers.clear()
        _lexers[name] = _found(name)
    return _lexers[name]


def _found(name: str) -> Lexer | None:
    try:
        known = get_lexer_by_name(name, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
    next(iter(known.get_tokens("x")), None)  # compiles them
    return known


def words(code: str, language: str) -> Iterator[tuple[str, str]]:
    """The code in pieces, each with its kind; an empty one for what has no colour.

    The pieces joined are the code: a language that is not known, or reads its code otherwise, has no colours.
    """
    known = lexer(language) if language and len(code) <= MOST else None
    if known is None:
        yield "", code
        return
    at = 0
    for kind, some in groupby(known.get_tokens(code), lambda token: _kind(token[0])):
        text = "".join(value for _, value in some)
        if not code.startswith(text, at):
            break
        at += len(text)
        yield kind, text
    yield "", code[at:]


def ranges(code: str, language: str) -> Iterator[tuple[int, int, str]]:
    """Where coloured words begin and end, as JavaScript counts: in halves of characters beyond the first plane."""
    at = 0
    for kind, text in words(code, language):
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
