"""Section 1 of docs/api.md: chats, and the answers recorded in them."""

import re

import msgspec
from flask import Blueprint, Response, jsonify, request

from chatstream.access import OWNER
from chatstream.chats import transfer
from chatstream.errors import BadRequest
from chatstream.store.records import is_id
from chatstream.web import asking, bodies, present, streams
from chatstream.web.services import services

blueprint = Blueprint("chat", __name__)

PAGE_MAX = 200
WORDS_MAX = 200


@blueprint.post("/chat")
def ask() -> Response:
    body = bodies.read(bodies.ChatBody)
    record = asking.start(body)
    if not body.stream:
        return streams.whole(record)
    return streams.early_failure(record) or streams.response(record, services().desk.follow(record, 0), 0)


@blueprint.get("/chat/<chat_id>")
def history(chat_id: str) -> Response:
    chats = services().chats
    chat = chats.get(OWNER, checked(chat_id))
    messages = [present.message(message) for message in chats.history(chat)]
    # Of 10 000 messages jsonify made one text in 31 ms, in which no stream went on; msgspec takes 3.
    body = msgspec.json.encode({**present.settled(chat), "leafId": chat.leaf_id, "history": messages})
    return Response(body, content_type="application/json")


@blueprint.get("/chats")
def listing() -> Response:
    words, limit = request.args.get("q", ""), request.args.get("limit", "50")
    if not re.fullmatch("[0-9]{1,4}", limit) or not 1 <= int(limit) <= PAGE_MAX:
        raise BadRequest(f"limit must be a whole number from 1 to {PAGE_MAX}.")
    page = services().chats.page(OWNER, searchable(words), request.args.get("before") or None, int(limit))
    return jsonify(chats=[present.chat(chat) for chat in page.chats], before=page.before)


@blueprint.patch("/chat/<chat_id>")
def change(chat_id: str) -> Response:
    s, body = services(), bodies.read(bodies.ChangeBody)
    if body == bodies.ChangeBody():
        raise BadRequest("There is nothing to change: send title, system or tools.")
    tools = s.tools.check(body.tools) if body.tools is not None else None
    if "\0" in (body.system or ""):
        raise BadRequest("system has a NUL character. Leave it out.")
    chat = s.chats.change(OWNER, checked(chat_id), title=body.title, system=body.system, tools=tools)
    return jsonify(present.settled(chat))


@blueprint.delete("/chat/<chat_id>")
def delete(chat_id: str) -> Response:
    remove(checked(chat_id))
    return Response(status=204)


@blueprint.get("/chat/<chat_id>/export")
def export(chat_id: str) -> Response:
    chats = services().chats
    chat = chats.get(OWNER, checked(chat_id))
    form = request.args.get("format", "json")
    if form == "json":
        body, kind, ending = transfer.export(chat, chats.history(chat)), "application/json", "json"
    elif form == "markdown":
        body, kind, ending = transfer.markdown(chat, chats.history(chat)).encode(), "text/markdown; charset=utf-8", "md"
    else:
        raise BadRequest("format must be json or markdown.")
    disposition = f'attachment; filename="chat-{chat.id}.{ending}"'
    return Response(body, content_type=kind, headers={"Content-Disposition": disposition})


@blueprint.post("/chats/import")
def import_() -> tuple[Response, int]:
    chat, messages = transfer.parse(bodies.content(bodies.IMPORT_MAX), OWNER)
    services().store.add(chat, messages)
    return jsonify(present.chat(chat)), 201


def remove(chat_id: str) -> None:
    """Delete a chat; an answer that is being written in it is stopped first."""
    s = services()
    for run_id in s.store.running(OWNER, chat_id):
        s.desk.stop(s.desk.find(OWNER, run_id))
    s.store.delete(OWNER, chat_id)


def checked(chat_id: str) -> str:
    if not is_id(chat_id):
        raise BadRequest("A chat's id is 24 hexadecimal digits in lower case.")
    return chat_id


def searchable(words: str) -> str:
    """Search words without what no text can hold, and not too many."""
    return words.replace("\0", " ")[:WORDS_MAX]
