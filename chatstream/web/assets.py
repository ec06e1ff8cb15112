"""The page's own files under addresses that hold their version: a browser keeps them, and never asks again.

Scripts go without their comments and types, which are a third of the page. `/static/` serves the same files as they are
written, for those who read them, or link to them from elsewhere; there a browser asks each time.
"""

import re
import time
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, send_from_directory, url_for
from rjsmin import jsmin

blueprint = Blueprint("assets", __name__, url_prefix="/assets")

SHEETS = (
    *("tokens", "base", "layout", "components/button", "components/wordmark", "components/sidebar", "components/chats"),
    *("components/topbar", "components/menu", "components/welcome", "components/message", "components/tool"),
    *("components/markdown", "components/maths", "components/code", "components/actions", "components/composer"),
    *("components/sheet", "components/settings", "components/files", "components/notice", "components/trouble"),
    *("components/share", "components/transfer", "components/languages"),
)
"""In the order of the cascade. They are sent as one file: a page waits for all of them before it shows anything."""
WORKER = "worker.js"
_IMPORT = re.compile(r'^(?:import|export)\b[^;"]*"(\.{1,2}/[^"]+\.js)"', re.MULTILINE)


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
    scripts = _scripts(Path(str(current_app.static_folder)) / "js", present_version())
    if name not in scripts:
        abort(404)
    response = _kept(Response(scripts[name], content_type="text/javascript; charset=utf-8"), version)
    if name == WORKER:
        response.headers["Service-Worker-Allowed"] = "/"  # it lies in a folder, and serves all pages
    return response


@lru_cache(maxsize=1)
def _scripts(folder: Path, _: str) -> dict[str, str]:
    return {str(path.relative_to(folder)): jsmin(path.read_text()) for path in folder.rglob("*.js")}


@blueprint.app_template_global()
def asset(name: str) -> str:
    """The address of a file in `static/`, or of `page.css`."""
    return url_for("pages.assets.file", version=present_version(), name=name)


@blueprint.app_template_global()
def modules(script: str) -> list[str]:
    """What a script imports, itself or through others: a browser that is told of all at once asks for all at once."""
    return _modules(Path(str(current_app.static_folder)), script, present_version())


@lru_cache(maxsize=8)
def _modules(folder: Path, script: str, _: str) -> list[str]:
    found, unread = set[Path](), [folder / script]
    while unread:
        path = unread.pop()
        imported = {(path.parent / name).resolve() for name in _IMPORT.findall(path.read_text())} - found
        found |= imported
        unread += imported
    return sorted(str(path.relative_to(folder)) for path in found)


def present_version() -> str:
    """The same on every machine that has these files, and another one within a second of a change to them."""
    return _version(Path(str(current_app.static_folder)), int(time.monotonic()))


@lru_cache(maxsize=1)
def _version(folder: Path, _second: int) -> str:
    """A page asks 40 times. Looking at the files takes 2 ms."""
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
