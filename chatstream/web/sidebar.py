"""The list of chats beside the page: what _chats.html shows."""

import itertools
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import request
from flask_babel import gettext as _

from chatstream.access import OWNER
from chatstream.chats.marks import Marked
from chatstream.store.records import Chat, Page
from chatstream.web import days, present
from chatstream.web.services import services

LISTED = 50
WORDS_MAX = 200


def context() -> dict[str, Any]:
    """By the request's address: `q` searches, `archived` shows those that were put away."""
    words, archived = searchable(request.args.get("q", "")), bool(request.args.get("archived"))
    page = found(words, archived, None, LISTED)
    return {
        "groups": _searched(page, words) if words.strip() else _grouped(page),
        "chatsBefore": page.before,
        "q": words,
        "archived": archived and not words,
    }


def found(words: str, archived: bool, before: str | None, limit: int) -> Page:
    """A page of the list, of the archive, or of what a search finds."""
    chats = services().chats
    if words.strip():
        return chats.search(OWNER, words, before, limit)
    return (chats.archived if archived else chats.page)(OWNER, before, limit)


def searchable(words: str) -> str:
    """Search words without what no text can hold, and not too many."""
    return words.replace("\0", " ")[:WORDS_MAX]


def item(chat: Chat) -> dict[str, Any]:
    return {**present.chat(chat), "at": chat.updated_at, "path": f"/c/{chat.id}"}


def _grouped(page: Page) -> list[dict[str, Any]]:
    there = days.zone()
    today = datetime.now(there).date()

    def name(chat: Chat) -> str:
        return str(_("Pinned")) if chat.pinned else days.day(chat.updated_at, today, there)

    return [{"name": group, "chats": [item(c) for c in some]} for group, some in itertools.groupby(page.chats, name)]


def _searched(page: Page, words: str) -> list[dict[str, Any]]:
    marked = services().chats.marked(OWNER, page.chats, words)
    hits = [_hit(chat, words, found) for chat, found in zip(page.chats, marked, strict=True)]
    return [{"name": "", "chats": hits}] if hits else []


def _hit(chat: Chat, words: str, found: Marked) -> dict[str, Any]:
    """A chat that was found; it is opened at the message in which the words stand."""
    shown = item(chat)
    if found.message_id:
        shown["path"] += f"?{urlencode({'q': words, 'at': found.message_id})}#m-{found.message_id}"
    return {**shown, "found": present.marked(found)}
