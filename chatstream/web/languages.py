"""The page's languages: the one that the reader chose, else what the browser asks for, else English.

Texts stand in English in templates and scripts; `translations/<language>.po` has the others. They are read at first
use: there is no step in between that makes other files of them.
"""

import functools
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Blueprint, Flask, redirect, request
from flask_babel import Babel, Domain, get_locale
from werkzeug.wrappers import Response

LANGUAGES = {"en": "English", "de": "Deutsch", "nl": "Nederlands", "fr": "Français", "es": "Español", "ar": "العربية"}
"""Each by its own name."""
ENGLISH = "en"
COOKIE, YEAR_S = "language", 31_536_000
FOLDER = Path(__file__).parent / "translations"
SCRIPTS = "static/js/"

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


def chosen() -> str:
    """The language of the page that is being made."""
    asked = request.cookies.get(COOKIE, "")
    return asked if asked in LANGUAGES else request.accept_languages.best_match(LANGUAGES) or ENGLISH


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
def words(language: str) -> dict[str, str]:
    """What the page's scripts say, by their English texts; of English nothing."""
    if language == ENGLISH:
        return {}
    said = (message for message in catalog(language) if message.id and message.string)
    return {str(each.id): str(each.string) for each in said if any(p.startswith(SCRIPTS) for p, _ in each.locations)}


@blueprint.post("/language")
def change() -> Response:
    """The form at the page's foot: back to where it was pressed, in the language chosen."""
    to = request.form.get("to", "/")
    response = redirect(to if to.startswith("/") and not to.startswith(("//", "/\\")) else "/", 303)
    if (language := request.form.get("language")) in LANGUAGES:
        response.set_cookie(COOKIE, language, max_age=YEAR_S, httponly=True, samesite="Lax")
    return response


def _context() -> dict[str, Any]:
    locale: Locale = get_locale()
    direction = locale.text_direction
    return {"language": str(locale), "direction": direction, "languages": LANGUAGES, "words": words(str(locale))}
