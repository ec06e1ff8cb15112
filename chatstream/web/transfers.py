"""Chats as files: exported one by one or all together, and imported, also from other programs."""

import functools
from collections.abc import Iterator
from typing import NamedTuple

import gevent
from flask import Blueprint, Response, jsonify, render_template, request, stream_with_context
from gevent.pool import Pool

from chatstream.access import OWNER
from chatstream.chats import files, imports, transfer
from chatstream.chats.imports import Read, Unread
from chatstream.errors import BadRequest, ChatStreamError, StoreUnavailable
from chatstream.store import threads
from chatstream.store.ports import Store
from chatstream.store.records import Chat, now_ms
from chatstream.turns import let_others
from chatstream.web import bodies, present
from chatstream.web.chat import checked
from chatstream.web.services import services

blueprint = Blueprint("transfers", __name__)

AT_ONCE = 16
"""Chats of a file that are stored at the same time: what SQLite is asked together it commits together."""


class Outcome(NamedTuple):
    """What became of a file's chats."""

    chats: list[Chat]
    failed: list[Unread]


@blueprint.get("/chat/<chat_id>/export")
def export(chat_id: str) -> Response:
    chats = services().chats
    chat = chats.get(OWNER, checked(chat_id))
    form = request.args.get("format", "json")
    if form == "json":
        return _file(transfer.export(chat, chats.history(chat), _read()), "application/json", f"chat-{chat.id}.json")
    if form == "markdown":
        text = transfer.markdown(chat, chats.history(chat)).encode()
        return _file(text, "text/markdown; charset=utf-8", f"chat-{chat.id}.md")
    raise BadRequest("format must be json or markdown.")


@blueprint.get("/chats/export")
def export_all() -> Response:
    chats = services().chats
    name = f"chats-{present.when(now_ms()).strftime('%Y-%m-%d')}"
    form = request.args.get("format", "json")
    if form == "json":
        lines = transfer.lines(chats.all(OWNER), chats.history, _read())
        return _file(stream_with_context(_in_turn(lines)), "application/jsonl; charset=utf-8", f"{name}.jsonl")
    if form == "markdown":
        texts = transfer.texts(chats.all(OWNER), chats.history)
        return _file(stream_with_context(_in_turn(texts)), "text/markdown; charset=utf-8", f"{name}.md")
    raise BadRequest("format must be json or markdown.")


@blueprint.post("/chats/import")
def import_() -> tuple[Response, int]:
    outcome = _imported(bodies.content(bodies.IMPORT_MAX))
    failed = [{"title": each.name, "message": each.why} for each in outcome.failed]
    if not outcome.chats:
        raise BadRequest(f"No chat could be read. {outcome.failed[0].name}: {outcome.failed[0].why}")
    return jsonify(chats=[present.chat(chat) for chat in outcome.chats], failed=failed), 201


@blueprint.get("/transfer")
def page() -> str:
    return render_template("transfer.html")


@blueprint.post("/transfer")
def import_form() -> tuple[str, int]:
    """The page's form. What it says of the outcome is the same page."""
    request.max_content_length = bodies.IMPORT_MAX + bodies.BODY_MAX
    chats, failed, refused = [], [], ""
    try:
        for file in request.files.getlist("file"):
            outcome = _imported(file.read())
            chats += [present.chat(chat) for chat in outcome.chats]
            failed += outcome.failed
    except BadRequest as error:
        refused = str(error)
    status = 200 if chats and not refused else 400
    return render_template("transfer.html", done=True, chats=chats, failed=failed, refused=refused), status


def _read() -> files.Read:
    return functools.partial(services().store.file, OWNER)


def _file(content: bytes | Iterator[bytes], kind: str, name: str) -> Response:
    disposition = f'attachment; filename="{name}"'
    return Response(content, content_type=kind, headers={"Content-Disposition": disposition})


def _in_turn(chats: Iterator[bytes]) -> Iterator[bytes]:
    """Other streams go on between any two chats."""
    for chat in chats:
        yield chat
        let_others()


def _imported(body: bytes) -> Outcome:
    """Every chat that can be read and stored. They are read in a thread, so that streams go on meanwhile.

    :raises BadRequest: for a file without any
    :raises StoreUnavailable: if they cannot be stored now
    """
    found, pool, outcome = imports.read(body, OWNER), gevent.get_hub().threadpool, Outcome([], [])
    reading = iter(lambda: threads.call(pool, next, found, None), None)
    store = functools.partial(_stored, services().store)
    for each in Pool(AT_ONCE).imap_unordered(store, reading, maxsize=AT_ONCE):
        if isinstance(each, StoreUnavailable):
            raise StoreUnavailable(f"{each} {len(outcome.chats)} chats of the file were imported before.") from each
        (outcome.failed if isinstance(each, Unread) else outcome.chats).append(each)
    if not outcome.chats and all(each.why == imports.NO_JSON for each in outcome.failed):
        raise BadRequest("This is no file of chats. Choose an export of ChatStream, ChatGPT or Open WebUI (JSON).")
    return outcome


def _stored(store: Store, each: Read | Unread) -> Chat | Unread | StoreUnavailable:
    if isinstance(each, Unread):
        return each
    try:
        store.add(each.chat, each.messages, each.files)
    except StoreUnavailable as error:
        return error
    except ChatStreamError as error:
        return Unread(each.chat.title, str(error))
    return each.chat
