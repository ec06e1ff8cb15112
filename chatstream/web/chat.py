"""Section 1 of docs/api.md: chats, and the answers recorded in them."""

import re

import msgspec
from flask import Blueprint, Response, jsonify, request

from chatstream.access import OWNER
from chatstream.chats.params import chosen
from chatstream.errors import BadRequest
from chatstream.store.records import is_id
from chatstream.web import asking, bodies, clearing, present, sidebar, streams
from chatstream.web.services import services

blueprint = Blueprint("chat", __name__)

PAGE_MAX = 200


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
    body = msgspec.json.encode({**present.settled(chat), "history": messages})
    return Response(body, content_type="application/json")


@blueprint.get("/chats")
def listing() -> Response:
    words, limit = sidebar.searchable(request.args.get("q", "")), request.args.get("limit", "50")
    if not re.fullmatch("[0-9]{1,4}", limit) or not 1 <= int(limit) <= PAGE_MAX:
        raise BadRequest(f"limit must be a whole number from 1 to {PAGE_MAX}.")
    archived = request.args.get("archived", "0")
    if archived not in ("0", "1"):
        raise BadRequest("archived must be 0 or 1.")
    page = sidebar.found(words, archived == "1", request.args.get("before") or None, int(limit))
    listed = [present.chat(chat) for chat in page.chats]
    if words.strip():
        for chat, found in zip(listed, services().chats.marked(OWNER, page.chats, words), strict=True):
            chat["found"] = present.marked(found)
    return jsonify(chats=listed, before=page.before)


@blueprint.patch("/chat/<chat_id>")
def change(chat_id: str) -> Response:
    body = bodies.read(bodies.ChangeBody)
    fields = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not None}
    if not fields:
        raise BadRequest(f"There is nothing to change: send any of {', '.join(body.__struct_encode_fields__)}.")
    if body.pinned and body.archived:
        raise BadRequest("A chat cannot be pinned and archived. Send one of them.")
    if "\0" in (body.system or ""):
        raise BadRequest("system has a NUL character. Leave it out.")
    if body.tools is not None:
        fields["tools"] = services().tools.check(body.tools)
    if body.params is not None:
        fields["params"] = chosen(body.params)
    if (leaf_id := fields.pop("leaf_id", None)) is not None:
        services().branches.show(OWNER, checked(chat_id), leaf_id)
    return jsonify(present.settled(services().chats.change(OWNER, checked(chat_id), fields)))


@blueprint.delete("/chat/<chat_id>")
def delete(chat_id: str) -> Response:
    clearing.remove(checked(chat_id))
    return Response(status=204)


def checked(chat_id: str) -> str:
    if not is_id(chat_id):
        raise BadRequest("A chat's id is 24 hexadecimal digits in lower case.")
    return chat_id
