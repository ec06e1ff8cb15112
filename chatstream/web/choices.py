"""What a reader chooses for this browser by a form at the page's foot: a cookie keeps it, also without scripts."""

import re
from collections.abc import Container
from urllib.parse import urlsplit

from flask import redirect, request
from werkzeug.wrappers import Response

YEAR_S = 31_536_000
_HERE = re.compile(r"/(?:[^/\\\x00-\x1f][^\x00-\x1f]*)?")
"""A path of ours. Browsers drop tabs and line ends, and take what is left for another host's name."""


def chosen(name: str, known: Container[str]) -> str | None:
    asked = request.cookies.get(name, "")
    return asked if asked in known else None


def changed(name: str, known: Container[str]) -> Response:
    """Back to where the form was pressed, with what was chosen."""
    to = request.form.get("to") or _referrer()
    response = redirect(to if _HERE.fullmatch(to) else "/", 303)
    if (choice := request.form.get(name, "")) in known:
        response.set_cookie(name, choice, max_age=YEAR_S, httponly=True, samesite="Lax")
    return response


def _referrer() -> str:
    """The page where the form was pressed: one that began a chat knows its address only in the browser."""
    came = urlsplit(request.referrer or "")
    return f"{came.path}?{came.query}" if came.netloc == request.host else "/"
