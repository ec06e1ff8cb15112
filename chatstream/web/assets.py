"""The page's own files under addresses that hold their version: a browser keeps them, and never asks again.

`/static/` serves the same files as they are written, for those who read them, or link to them from elsewhere; there a
browser asks each time.
"""

import time
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, send_from_directory, url_for
from werkzeug.security import safe_join

from chatstream.web import scripts

blueprint = Blueprint("assets", __name__, url_prefix="/assets")

_COMPONENTS = (
    *("button", "wordmark", "search", "chats", "chat-item", "sidebar", "topbar", "menu", "menu-tools", "welcome"),
    *("message", "text", "caret", "phase", "foot", "ending", "reasoning", "tool", "markdown", "table", "maths", "code"),
    *("actions", "walker", "editing", "composer", "jump", "sheet", "keys", "field", "settings", "picker"),
    *("files", "attached", "drop", "notice", "toast", "trouble", "share", "transfer", "foot-choice"),
)
SHEETS = ("tokens", "base", "layout", *(f"components/{name}" for name in _COMPONENTS))
"""In the order of the cascade. They are sent as one file: a page waits for all of them before it shows anything."""
WORKER = "worker.js"


@blueprint.get("/<version>/page.css")
def sheets(version: str) -> Response:
    folder = Path(str(current_app.static_folder)) / "css"
    css = "".join((folder / f"{sheet}.css").read_text() for sheet in SHEETS)
    return _kept(Response(css, content_type="text/css; charset=utf-8"), version)


@blueprint.get("/<version>/<path:name>")
def file(version: str, name: str) -> Response:
    return _kept(send_from_directory(str(current_app.static_folder), name), version)


@blueprint.get("/<version>/js/<path:name>")
def script(version: str, name: str) -> Response:
    path = safe_join(str(current_app.static_folder), "js", name)
    if path is None or not path.endswith(".js") or not Path(path).is_file():
        abort(404)
    text = _script(Path(path), present_version())
    response = _kept(Response(text, content_type="text/javascript; charset=utf-8"), version)
    if name == WORKER:
        response.headers["Service-Worker-Allowed"] = "/"  # it lies in a folder, and serves all pages
    return response


@lru_cache(maxsize=16)
def _script(path: Path, _: str) -> str:
    return scripts.joined(path)


@blueprint.app_template_global()
def asset(name: str) -> str:
    """The address of a file in `static/`, or of `page.css`."""
    return url_for("pages.assets.file", version=present_version(), name=name)


def present_version() -> str:
    """The same on every machine that has these files, and another one within a second of a change to them."""
    return _version(Path(str(current_app.static_folder)), int(time.monotonic()))


@lru_cache(maxsize=1)
def _version(folder: Path, _second: int) -> str:
    """A page asks ten times. Looking at the files takes 2 ms."""
    digest = sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        digest.update(b"%b %d " % (path.name.encode(), len(content)) + content)
    return digest.hexdigest()[:12]


def _kept(response: Response, version: str) -> Response:
    """A page that was opened before a change asks for the version it knows: it gets the present files, not to keep."""
    kept = "public, max-age=31536000, immutable" if version == present_version() else "no-cache"
    response.headers["Cache-Control"] = kept
    return response
