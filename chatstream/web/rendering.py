"""Markdown as HTML for the templates, colours and formulas of what came as a stream; none keeps a stream waiting."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated

import gevent
import msgspec
from flask import Blueprint, Response
from flask_babel import gettext as _
from markupsafe import Markup
from msgspec import Meta

from chatstream.reading import colours, html, mathml
from chatstream.turns import Turns, in_turn
from chatstream.web import bodies, languages
from chatstream.web.beside import Beside
from chatstream.web.kept import Kept

blueprint = Blueprint("rendering", __name__)

KEPT = 16_000_000
"""Characters of HTML that one worker keeps: what was opened lately is not made again."""
CLEANED_HERE = 100_000
"""Characters of HTML: cleaning them takes 2 ms. More go to a thread, which does not hold Python's lock meanwhile."""


class HighlightBody(msgspec.Struct, frozen=True):
    language: Annotated[str, Meta(min_length=1, max_length=50)]
    code: Annotated[str, Meta(max_length=colours.MOST)]


class FormulaAsked(msgspec.Struct, frozen=True):
    latex: Annotated[str, Meta(max_length=mathml.MOST)]
    display: bool


class MathsBody(msgspec.Struct, frozen=True):
    formulas: Annotated[list[FormulaAsked], Meta(max_length=100)]


class Shared(html.Way):
    """With the others of this worker."""

    def __init__(self) -> None:
        super().__init__()
        self._turns = Turns()
        self._colour = _colouring.of_answer()
        self._draw = _drawing.of_answer()

    def turn(self) -> None:
        self._turns()

    @property
    def hurried(self) -> bool:
        """Whether something stayed as it is for want of time."""
        return self._colour.hurried or self._draw.hurried

    def colour(self, blocks: Sequence[tuple[str, str]]) -> list[colours.Runs]:
        return self._colour(blocks)

    def draw(self, formulas: Sequence[tuple[str, bool]]) -> list[str]:
        return self._draw(formulas)

    def clean(self, html_: str) -> str:
        if len(html_) < CLEANED_HERE:
            return html.cleaned(html_)
        return str(gevent.get_hub().threadpool.apply(html.cleaned, (html_,)))


_kept = Kept(KEPT)
_colouring = Beside[str, colours.Runs]("chatstream.reading.colours", colours.MOST, colours.Runs)
_drawing = Beside[bool, str]("chatstream.reading.mathml", mathml.MOST, str)


@blueprint.app_template_global()
def one_answer() -> Shared:
    """What `markdown` takes with each text of one answer: its bounds hold for all of them together."""
    return Shared()


@blueprint.app_template_filter()
def markdown(text: str, answer: Shared) -> Markup:
    key = sha256(text.encode(errors="surrogatepass")).digest() + languages.chosen().encode()
    made = _kept.get(key)
    if made is None:
        first = answer.fresh
        made = "".join(html.render(text, answer, _labels()))
        if not answer.hurried and (first or not answer.lacked):  # another time, or alone, it may have more
            _kept.put(key, made)
    return Markup(made)


@blueprint.app_template_filter()
def utf16(text: str) -> int:
    """Its length as JavaScript counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@blueprint.app_template_global()
def code_template() -> Markup:
    return Markup(html.code_block("", "", _labels()))


@blueprint.app_template_global()
def table_template() -> Markup:
    return Markup(html.table_begins(_labels()) + "</table></div>")


@blueprint.post("/highlight")
def highlight() -> Response:
    body = bodies.read(HighlightBody)
    (runs,) = _colouring.of_answer()([(body.code, body.language)])
    ranges = list(in_turn(colours.ranges(body.code, runs)))
    return Response(msgspec.json.encode({"ranges": ranges}), content_type="application/json")


@blueprint.post("/maths")
def maths() -> Response:
    body = bodies.read(MathsBody)
    made = _drawing.of_answer()([(formula.latex, formula.display) for formula in body.formulas])
    return Response(msgspec.json.encode({"mathml": made}), content_type="application/json")


def _labels() -> html.Labels:
    """What the page itself says around a text, in the reader's language."""
    return html.Labels(_("Copy"), _("Code"), _("Table"), _("Done"), _("To do"), _("Image"), _("Formula"))
