"""Pages of other sites: which of them may use the API, and the headers by which a browser lets them.

The origins stand in `CHATSTREAM_CORS_ORIGINS`, each compared letter by letter. Nothing is allowed with credentials.
"""

import re

from flask import Flask, Response, request
from flask_cors import CORS

from chatstream.settings import Settings
from chatstream.web.services import services

COMPONENT = re.compile(r"/static/js/streaming-(?:chat|answer)\.js\Z")
"""The one element that is made for other sites' pages: its script, and what that imports."""
API = re.compile(rf"/(?:v1|chats?|runs|api)(?:/.*)?\Z|/(?:ask|tools|ws)\Z|{COMPONENT.pattern}", re.DOTALL)
"""Paths of the API, and of that element. Pages are not among them."""

_METHODS = ["GET", "POST", "PATCH", "DELETE", "OPTIONS"]
_REQUEST_HEADERS: list[str | re.Pattern[str]] = [
    *("Content-Type", "Authorization", "Last-Event-ID"),
    # What openai's JavaScript SDK sends from a browser.
    *("User-Agent", "OpenAI-Organization", "OpenAI-Project", re.compile(r"x-stainless-[a-z-]+\Z", re.IGNORECASE)),
]
_RESPONSE_HEADERS = ["X-Run-Id", "X-Chat-Id", "Retry-After", "x-vercel-ai-ui-message-stream"]
_REMEMBERED_S = 600
"""How long a browser need not ask again: a name that is taken from the list may still be used for so long."""


def register(app: Flask, settings: Settings) -> None:
    if not (named := origins(settings)):
        return
    app.after_request(_say_what_differs)
    CORS(
        app,
        resources=API,
        # The library takes a string with brackets, as in http://[::1]:3000, for a regular expression, and compares any
        # other one without regard to case: an expression that matches the whole origin is exact.
        origins=[re.compile(rf"{re.escape(origin)}\Z") for origin in named],
        methods=_METHODS,
        allow_headers=_REQUEST_HEADERS,
        expose_headers=_RESPONSE_HEADERS,
        max_age=_REMEMBERED_S,
        vary_header=False,
        intercept_exceptions=False,  # every error of ours is a response by then
    )


def origins(settings: Settings) -> list[str]:
    return [origin for part in settings.cors_origins.split(",") if (origin := part.strip())]


def allows(origin: str | None) -> bool:
    """Whether pages of this origin may send the present request."""
    return origin in origins(services().settings) and API.match(request.path) is not None


def _say_what_differs(response: Response) -> Response:
    """What is answered to one origin must not be kept for another, nor what is answered to none."""
    if API.match(request.path):
        response.vary.add("Origin")
    if COMPONENT.match(request.path):
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
