"""Cursors into a list of chats, newest first: the place of the last chat shown, as opaque text."""

import re

from chatstream.errors import BadRequest
from chatstream.store.records import Chat, Page

_FORM = re.compile("([0-9]{1,15})-([0-9a-f]{24})")


def page(found: list[Chat], limit: int) -> Page:
    """The page, given up to one chat more than its limit."""
    shown = found[:limit]
    return Page(shown, behind(shown[-1]) if len(found) > limit else None)


def behind(chat: Chat) -> str:
    """The cursor to the chats that come after this one."""
    return f"{chat.updated_at}-{chat.id}"


def parse(before: str) -> tuple[int, str]:
    """The time and id of the chat that a page stands before.

    :raises BadRequest: for anything but a cursor that `page` made
    """
    match = _FORM.fullmatch(before)
    if match is None:
        raise BadRequest("before must be a cursor from an earlier answer of GET /chats; leave it out for the newest.")
    return int(match[1]), match[2]
