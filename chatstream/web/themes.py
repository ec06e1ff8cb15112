"""Light, dark, or as the system is set: `static/css/tokens.css` has the colours of both."""

from typing import Any

from flask import Blueprint, Flask
from werkzeug.wrappers import Response

from chatstream.web import choices
from chatstream.web.languages import N_

SYSTEM = "system"
THEMES = {SYSTEM: N_("As the system"), "light": N_("Light"), "dark": N_("Dark")}
COOKIE = "theme"

blueprint = Blueprint("themes", __name__)


def register(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.context_processor(_context)


@blueprint.post("/theme")
def change() -> Response:
    return choices.changed(COOKIE, THEMES)


def _context() -> dict[str, Any]:
    return {"theme": choices.chosen(COOKIE, THEMES) or SYSTEM, "themes": THEMES}
