"""Markdown as HTML for the templates, and the colours of code that came as a stream; neither keeps a stream waiting."""

import time
from collections import OrderedDict
from collections.abc import Iterator
from hashlib import sha256
from typing import Annotated, TypeVar

import gevent
import msgspec
from flask import Blueprint, Response
from flask_babel import gettext as _
from markupsafe import Markup
from msgspec import Meta

from chatstream.reading import colours, html
from chatstream.web import bodies, languages

blueprint = Blueprint("rendering", __name__)

AT_ONCE_S = 0.004
"""After so long the other greenlets have their turn."""
KEPT = 16_000_000
"""Characters of HTML that one worker keeps: what was opened lately is not made again."""

T = TypeVar("T")


class HighlightBody(msgspec.Struct, frozen=True):
    language: Annotated[str, Meta(min_length=1, max_length=50)]
    code: Annotated[str, Meta(max_length=colours.MOST)]


class Kept:
    """HTML by what it was made of; the longest unused goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._known: OrderedDict[bytes, str] = OrderedDict()

    def get(self, key: bytes) -> str | None:
        if key in self._known:
            self._known.move_to_end(key)
        return self._known.get(key)

    def put(self, key: bytes, made: str) -> None:
        self._size += len(made) - len(self._known.pop(key, ""))
        self._known[key] = made
        while self._size > self._most:
            self._size -= len(self._known.popitem(last=False)[1])


_kept = Kept(KEPT)


@blueprint.app_template_filter()
def markdown(text: str) -> Markup:
    key = sha256(text.encode(errors="surrogatepass")).digest() + languages.chosen().encode()
    made = _kept.get(key)
    if made is None:
        made = "".join(in_turn(html.render(text, _learn, _labels())))
        _kept.put(key, made)
    return Markup(made)


@blueprint.app_template_filter()
def utf16(text: str) -> int:
    """Its length as JavaScript counts it."""
    return len(text) + sum(char > "\uffff" for char in text)


@blueprint.app_template_global()
def code_template() -> Markup:
    return Markup(html.code_block("", "", _labels()))


@blueprint.app_template_global()
def table_template() -> Markup:
    return Markup(html.table_begins(_labels()) + "</table></div>")


@blueprint.post("/highlight")
def highlight() -> Response:
    body = bodies.read(HighlightBody)
    _learn(body.language)
    ranges = list(in_turn(colours.ranges(body.code, body.language)))
    return Response(msgspec.json.encode({"ranges": ranges}), content_type="application/json")


def in_turn(pieces: Iterator[T]) -> Iterator[T]:
    """The same, and meanwhile others have their turn."""
    since = time.monotonic()
    for piece in pieces:
        yield piece
        if time.monotonic() - since > AT_ONCE_S:
            gevent.sleep(0)
            since = time.monotonic()


def _labels() -> html.Labels:
    """What the page itself says around a text, in the reader's language."""
    return html.Labels(_("Copy"), _("Code"), _("Table"), _("Done"), _("To do"), _("Image"))


def _learn(language: str) -> None:
    """A language's rules are read in a thread, once."""
    if not colours.knows(language):
        gevent.get_hub().threadpool.apply(colours.lexer, (language,))
