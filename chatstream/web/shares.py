"""A chat's read-only page, for whoever has its link. It names neither the chat nor its Runs, nor any other chat."""

import itertools
import time
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import msgspec
from flask import Blueprint, Response, jsonify, make_response, render_template, request, stream_template

from chatstream.access import OWNER
from chatstream.chats.tree import branch
from chatstream.errors import NotFound
from chatstream.store.records import Chat, Message
from chatstream.web import departures, files, pages, parts, present, runs, streams
from chatstream.web.chat import checked
from chatstream.web.services import services
from chatstream.wire.events import RunEvent
from chatstream.wire.formats import native

blueprint = Blueprint("shares", __name__)

HEADERS = {
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
LOOK_S = 5.0
"""How often is looked, while an answer is followed, whether the chat is still shared."""


@blueprint.post("/chat/<chat_id>/share")
def share(chat_id: str) -> Response:
    token = services().chats.share(OWNER, checked(chat_id))
    return jsonify(token=token, path=f"/s/{token}")


@blueprint.delete("/chat/<chat_id>/share")
def unshare(chat_id: str) -> Response:
    services().chats.unshare(OWNER, checked(chat_id))
    return Response(status=204)


@blueprint.get("/s/<token>")
def page(token: str) -> Response:
    """The shown branch; with `live`, for browsers without JavaScript, the present answer streams into it."""
    chat = services().chats.shared(token)
    whole = _shown(chat)
    context = _context(chat, token, whole)
    running = whole[-1] if whole and whole[-1].state == "running" else None
    if request.args.get("live") and running and running.run_id:
        record = services().desk.find(chat.owner, running.run_id)
        context |= pages.written_live(_while_shared(token, services().desk.follow(record, 0)))
        context["messages"][-1] |= pages.UNWRITTEN
        response = Response(stream_template("share.html", **context), content_type="text/html; charset=utf-8")
        response.headers["X-Accel-Buffering"] = "no"
        departures.attend(response)
    else:
        response = make_response(render_template("share.html", **context))
    response.headers.update(HEADERS)
    return response


@blueprint.get("/s/<token>/events/<name>")
def events(token: str, name: str) -> Response:
    """The frames of an answer on the shown branch, as `/runs/<runId>/events` gives them, less what they name."""
    runs.no_head()
    chat, after = services().chats.shared(token), runs.given_after()
    message = next((each for each in _shown(chat) if each.run_id and _name(token, each) == name), None)
    if message is None:
        raise NotFound("There is no such answer in this chat any more.")
    rest = runs.follow(services().desk.find(chat.owner, message.run_id or ""), after)
    if rest is None:
        return Response(status=204, headers=HEADERS)
    followed = _while_shared(token, itertools.chain([[]], rest))
    response = streams.stream(followed, after, native.Encoder())
    response.headers.update({name: value for name, value in HEADERS.items() if name != "Cache-Control"})
    return response


@blueprint.get("/s/<token>/files/<name>")
def file(token: str, name: str) -> Response:
    """A file of a question on the shown branch."""
    chat = services().chats.shared(token)
    ids = [about["id"] for message in _shown(chat) for about in message.files or ()]
    file_id = next((each for each in ids if _file_name(token, each) == name), "")
    found = services().store.file(chat.owner, file_id) if file_id else None
    if found is None:
        raise NotFound("There is no such file in this chat any more.")
    response = files.sent(found)
    response.headers.update(HEADERS)
    return response


def _shown(chat: Chat) -> list[Message]:
    return branch(services().chats.history(chat), chat.leaf_id)


def _context(chat: Chat, token: str, whole: list[Message]) -> dict[str, Any]:
    part = parts.Part(whole, None) if request.args.get("all") else parts.last(whole)
    return {
        "title": chat.title,
        "messages": [_message(token, each) for each in part.messages],
        "more": part.before is not None,
        "path": f"/s/{token}",
        "readonly": True,
        "read_on": f"/s/{token}?live=1#latest",
    }


def _message(token: str, message: Message) -> dict[str, Any]:
    """Without the ids of ours that others could do something with."""
    named = {"_id": _name(token, message), "parentId": None, "runId": None}
    shown = present.message(message)
    carried = [_file(token, each) for each in shown["files"]]
    return {**shown, **named, "files": carried, "createdAt": present.when(message.created_at)}


def _file(token: str, file: dict[str, Any]) -> dict[str, Any]:
    name = _file_name(token, file["_id"])
    return {**file, "_id": name, "path": f"/s/{token}/files/{name}"}


def _name(token: str, message: Message) -> str:
    """The message's name on this page alone."""
    return _digest(f"{token} {message.id}")


def _file_name(token: str, file_id: str) -> str:
    return _digest(f"{token} {file_id}")


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def _while_shared(token: str, events: streams.Events) -> Iterator[list[RunEvent]]:
    """The events without the chat's id and the Run's, until the link is revoked: then the stream breaks off."""
    looked = time.monotonic()
    for some in events:
        if time.monotonic() - looked > LOOK_S:
            looked = time.monotonic()
            if services().store.shared(token) is None:
                raise departures.cut("this chat is not shared any more")
        yield [_without_ids(event) for event in some]


def _without_ids(event: RunEvent) -> RunEvent:
    if event.kind == "ids":
        return msgspec.structs.replace(event, data={})
    if event.kind == "end":
        return msgspec.structs.replace(event, data={k: v for k, v in event.data.items() if k != "chatId"})
    return event
