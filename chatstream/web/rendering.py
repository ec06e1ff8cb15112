"""Markdown as HTML for the templates, colours and formulas of what came as a stream; none keeps a stream waiting."""

import time
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
from chatstream.reading.mathml import MOST
from chatstream.web import bodies, languages
from chatstream.web.drawing import Drawing
from chatstream.web.kept import Kept

blueprint = Blueprint("rendering", __name__)

AT_ONCE_S = 0.004
"""After so long the other greenlets have their turn."""
KEPT = 16_000_000
"""Characters of HTML that one worker keeps: what was opened lately is not made again."""

T = TypeVar("T")


class HighlightBody(msgspec.Struct, frozen=True):
    language: Annotated[str, Meta(min_length=1, max_length=50)]
    code: Annotated[str, Meta(max_length=colours.MOST)]


class FormulaAsked(msgspec.Struct, frozen=True):
    latex: Annotated[str, Meta(max_length=MOST)]
    display: bool


class MathsBody(msgspec.Struct, frozen=True):
    formulas: Annotated[list[FormulaAsked], Meta(max_length=100)]


_kept = Kept(KEPT)
_drawing = Drawing()


@blueprint.app_template_filter()
def markdown(text: str) -> Markup:
    key = sha256(text.encode(errors="surrogatepass")).digest() + languages.chosen().encode()
    made = _kept.get(key)
    if made is None:
        made = "".join(in_turn(html.render(text, _learn, _labels(), _drawing.of_answer())))
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


@blueprint.post("/maths")
def maths() -> Response:
    body = bodies.read(MathsBody)
    mathml = _drawing.of_answer()([(formula.latex, formula.display) for formula in body.formulas])
    return Response(msgspec.json.encode({"mathml": mathml}), content_type="application/json")


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
    return html.Labels(_("Copy"), _("Code"), _("Table"), _("Done"), _("To do"), _("Image"), _("Formula"))


def _learn(language: str) -> None:
    """A language's rules are read in a thread, once."""
    if not colours.knows(language):
        gevent.get_hub().threadpool.apply(colours.lexer, (language,))
