"""The page's languages: the one that the reader chose, else what the browser asks for, else English.

Texts stand in English in templates and scripts; `translations/<language>.po` has the others. They are read at first
use: there is no step in between that makes other files of them.
"""

import functools
import re
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_skeleton
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Blueprint, Flask, Response, g, request
from flask_babel import Babel, Domain, get_locale, gettext
from werkzeug.wrappers import Response as AnyResponse

from chatstream.web import choices

LANGUAGES = {"en": "English", "de": "Deutsch", "nl": "Nederlands", "fr": "Français", "es": "Español", "ar": "العربية"}
"""Each by its own name."""
ENGLISH = "en"
COOKIE = "language"
FOLDER = Path(__file__).parent / "translations"
TEMPLATES = "templates/"
PLACE = re.compile(r"\{(\d)\}")
NUMBERS = (0, 1, 2, 3, 11, 100)
"""One or more of each kind that a language counts by."""

blueprint = Blueprint("languages", __name__)


class Catalogs(Domain):  # type: ignore[misc]
    """Flask-Babel's gettext, from the .po files."""

    def get_translations(self) -> Translations:
        return translations(chosen())


def register(app: Flask) -> None:
    babel = Babel(app, locale_selector=chosen)
    babel.domain_instance = Catalogs()
    app.register_blueprint(blueprint)
    app.context_processor(_context)
    app.add_template_global(noted, "N_")
    app.add_template_global(said)
    app.after_request(_tell_language)


def chosen() -> str:
    """The language of the page that is being made. A long chat asks a thousand times."""
    if "language" not in g:
        g.language = _asked()
    return str(g.language)


def _asked() -> str:
    return choices.chosen(COOKIE, LANGUAGES) or request.accept_languages.best_match(LANGUAGES) or ENGLISH


@functools.cache
def catalog(language: str) -> Catalog:
    with (FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


@functools.cache
def translations(language: str) -> Translations:
    if language == ENGLISH:
        return Translations()
    compiled = BytesIO()
    write_mo(compiled, catalog(language))
    compiled.seek(0)
    return Translations(compiled)


@functools.cache
def words(language: str) -> dict[str, str | dict[str, str]]:
    """What the page's scripts say, and errors, by their English texts; of English nothing."""
    if language == ENGLISH:
        return {}
    known = (message for message in catalog(language) if message.id and message.string)
    used = (each for each in known if not all(path.startswith(TEMPLATES) for path, _ in each.locations))
    return {each.id if isinstance(each.id, str) else each.id[0]: _word(language, each.string) for each in used}


def _word(language: str, text: Any) -> str | dict[str, str]:
    """A plural by the kinds of number that browsers know, which stand in another order in gettext's forms."""
    if isinstance(text, str):
        return text
    kind, place = Locale(language).plural_form, translations(language).plural
    return {kind(number): text[place(number)] for number in NUMBERS}


def noted(text: str) -> str:
    """`N_("…")` marks a text for translation where it is not yet shown."""
    return text


N_ = noted


def said(sentence: str) -> str:
    """An error's sentence, for a page. Programs read it in English."""
    if not sentence or chosen() == ENGLISH:
        return sentence
    for pattern, text in patterns(chosen()):
        if found := pattern.fullmatch(sentence):
            return PLACE.sub(lambda place: found[int(place[1])], text)
    return str(gettext(sentence))


@functools.cache
def patterns(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Sentences with values: what they look like in English, and what they are in the language."""
    known = (message for message in catalog(language) if isinstance(message.id, str) and PLACE.search(message.id))
    return [(re.compile(_pattern(str(each.id)), re.DOTALL), str(each.string)) for each in known]


def _pattern(sentence: str) -> str:
    return "(.+?)".join(map(re.escape, PLACE.split(sentence)[::2]))


def month(day: date) -> str:
    """With its year, as browsers write it."""
    return str(format_skeleton("yMMMM", day, locale=chosen()))


@blueprint.post("/language")
def change() -> AnyResponse:
    return choices.changed(COOKIE, LANGUAGES)


def _tell_language(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.content_language.add(chosen())
        response.vary.update(("Accept-Language", "Cookie"))
    return response


def _context() -> dict[str, Any]:
    locale: Locale = get_locale()
    direction = locale.text_direction
    return {"language": str(locale), "direction": direction, "languages": LANGUAGES, "words": words(str(locale))}
