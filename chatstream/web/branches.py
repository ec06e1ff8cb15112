"""Section 1 of docs/api.md: single messages of a chat, and its branches; the page without JavaScript goes here too."""

from urllib.parse import urlencode

import msgspec
from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from chatstream.access import OWNER
from chatstream.store.records import Chat
from chatstream.web import bodies, present
from chatstream.web.chat import checked
from chatstream.web.services import services

REWRITE_MAX = 8 << 20
"""Bytes of a body with an answer, of which JSON may take six for a character."""

blueprint = Blueprint("branches", __name__)


class ForkBody(msgspec.Struct, frozen=True, rename="camel"):
    """The body of POST /chat/<id>/branch."""

    message_id: str


class RewriteBody(msgspec.Struct, frozen=True):
    """The body of POST /chat/<id>/messages/<id>/rewrite."""

    content: str


@blueprint.get("/chat/<chat_id>/messages/<message_id>")
def message(chat_id: str, message_id: str) -> Response:
    return jsonify(present.message(services().branches.message(OWNER, checked(chat_id), message_id)))


@blueprint.delete("/chat/<chat_id>/messages/<message_id>")
def delete(chat_id: str, message_id: str) -> Response:
    remove(chat_id, message_id)
    return Response(status=204)


@blueprint.post("/chat/<chat_id>/messages/<message_id>/rewrite")
def rewrite(chat_id: str, message_id: str) -> tuple[Response, int]:
    content = bodies.read(RewriteBody, REWRITE_MAX).content
    written = services().branches.rewrite(OWNER, checked(chat_id), message_id, content)
    return jsonify(present.message(written)), 201


@blueprint.post("/chat/<chat_id>/branch")
def fork(chat_id: str) -> tuple[Response, int]:
    return jsonify(present.chat(forked(chat_id, bodies.read(ForkBody).message_id))), 201


@blueprint.post("/c/<chat_id>/show")
def show_on_page(chat_id: str) -> AnyResponse:
    """The page opens where the reader was: at the message that takes the place of the one before."""
    message_id = request.form.get("leafId", "")
    services().branches.show(OWNER, checked(chat_id), message_id)
    words = request.form.get("q")
    found = f"?{urlencode({'q': words, 'at': message_id})}" if words else ""
    return redirect(f"/c/{chat_id}{found}#m-{message_id}", 303)


@blueprint.post("/c/<chat_id>/branch")
def fork_on_page(chat_id: str) -> AnyResponse:
    return redirect(f"/c/{forked(chat_id, request.form.get('messageId', '')).id}#latest", 303)


@blueprint.post("/c/<chat_id>/prune")
def delete_on_page(chat_id: str) -> AnyResponse:
    remove(chat_id, request.form.get("messageId", ""))
    return redirect(f"/c/{chat_id}#latest", 303)


def forked(chat_id: str, message_id: str) -> Chat:
    return services().branches.fork(OWNER, checked(chat_id), message_id)


def remove(chat_id: str, message_id: str) -> None:
    """Delete a message and all below it; answers that are being written there are stopped first."""
    s = services()
    for run_id in s.branches.running(OWNER, checked(chat_id), message_id):
        s.desk.stop(s.desk.find(OWNER, run_id))
    s.branches.remove(OWNER, chat_id, message_id)
