"""Every error as a response: a page for those who asked for one, JSON for programs."""

import logging

from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from chatstream.errors import (
    ChatStreamError,
    Departed,
    UpstreamBroke,
    UpstreamInvalid,
    UpstreamRefused,
    UpstreamReported,
    UpstreamTimeout,
)
from chatstream.web.languages import N_, said
from chatstream.wire.formats import openai

_log = logging.getLogger(__name__)
_TITLES = {
    400: N_("That did not fit"),
    404: N_("Not here"),
    405: N_("Not this way"),
    413: N_("Too large"),
    503: N_("Not just now"),
}
_FAILED = N_("Failed")
_SENTENCES = {
    404: N_("There is nothing at this address."),
    405: N_("This address does not take {1}."),
    413: N_("The body is larger than is taken here. Send less at once."),
    500: N_("Something failed in ChatStream itself. It is in the server's log."),
}


TAKEN = (UpstreamBroke, UpstreamInvalid, UpstreamReported, UpstreamTimeout)
"""Failures of a question that the model server had taken. OpenAI's clients would ask again, unasked, and pay again."""
LEFT = 499
"""What nginx calls a request whose client did not wait for the answer. Nobody reads it."""


def register(app: Flask) -> None:
    app.register_error_handler(Departed, departed)
    app.register_error_handler(ChatStreamError, known)
    app.register_error_handler(HTTPException, of_http)
    app.register_error_handler(Exception, unknown)


def departed(_: Departed) -> Response:
    return Response(status=LEFT)


def known(error: ChatStreamError) -> Response:
    if error.status >= 500:
        _log.warning("%s %s: %s", request.method, request.path, error)
    response = _render(_status(error), str(error), error.code)
    if error.retry_after:
        response.headers["Retry-After"] = error.retry_after
    if _is_relayed() and isinstance(error, TAKEN):
        response.headers["x-should-retry"] = "false"
    return response


def of_http(error: HTTPException) -> Response:
    """Flask's own errors and redirects, in our form."""
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    ours = _SENTENCES.get(status)
    sentence = ours.replace("{1}", request.method) if ours else error.description or error.name
    response = _render(status, sentence, error.name.lower().replace(" ", "_"))
    for name, value in error.get_headers():
        if name != "Content-Type":
            response.headers[name] = value
    return response


def unknown(error: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.path, exc_info=error)
    return _render(500, _SENTENCES[500], ChatStreamError.code)


def _status(error: ChatStreamError) -> int:
    """Of the relay: upstream's own status, where it refused with one."""
    if _is_relayed() and isinstance(error, UpstreamRefused) and (error.upstream_status or 0) >= 400:
        return error.upstream_status or error.status
    return error.status


def _is_relayed() -> bool:
    return request.path.startswith("/v1/")


def _render(status: int, message: str, code: str) -> Response:
    if _is_relayed():
        return make_response(jsonify(openai.problem(status, message, code)), status)
    wanted = request.accept_mimetypes.best_match(["application/json", "text/html"])
    if wanted == "text/html" and "text/html" in request.headers.get("Accept", ""):
        title = said(_TITLES.get(status, _FAILED))
        page = render_template("error.html", status=status, title=title, message=said(message))
        return make_response(page, status)
    return make_response(jsonify(message=message, code=code), status)
