"""What can be done with chats: read them, rename them, ask in them."""

import itertools
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from chatstream.chats import marks, sessions
from chatstream.chats.marks import Marked
from chatstream.chats.questions import Question, new_chat
from chatstream.chats.titles import TITLE_MAX
from chatstream.errors import BadRequest, NotFound
from chatstream.store import cursors
from chatstream.store.ports import Store
from chatstream.store.records import Chat, Message, Page, now_ms
from chatstream.wire.events import joined, tool_calls

TOKEN_BYTES = 24
"""Of a share's token: nobody guesses one."""
PINNED = "p"
"""What a cursor among the pinned chats begins with."""
PAGE = 100
"""Chats that are read at once where all are read."""
GONE = "There is no such chat. It may have been deleted."


class Chats:
    """The chats of all owners; every method takes whose."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, owner: str, chat_id: str) -> Chat:
        """:raises NotFound: if there is none, or it is somebody else's"""
        chat = self._store.chat(owner, chat_id)
        if chat is None:
            raise NotFound(GONE)
        return chat

    def page(self, owner: str, before: str | None = None, limit: int = 50) -> Page:
        """Those that are not archived: the pinned ones first, each kind newest first.

        :raises BadRequest: if `before` is no cursor
        """
        if before is not None and not before.startswith(PINNED):
            return self._store.shelf(owner, "listed", before, limit)
        pinned = self._store.shelf(owner, "pinned", before.removeprefix(PINNED) if before else None, limit)
        if len(pinned.chats) == limit:
            return Page(pinned.chats, PINNED + cursors.behind(pinned.chats[-1]))
        others = self._store.shelf(owner, "listed", None, limit - len(pinned.chats))
        return Page([*pinned.chats, *others.chats], others.before)

    def archived(self, owner: str, before: str | None = None, limit: int = 50) -> Page:
        """:raises BadRequest: if `before` is no cursor"""
        return self._store.shelf(owner, "archived", before, limit)

    def search(self, owner: str, words: str, before: str | None = None, limit: int = 50) -> Page:
        """Those in whose title and messages all the words stand, wherever they lie, newest first.

        :raises BadRequest: if `before` is no cursor
        """
        found = _words(words)
        return self._store.chats(owner, found, before, limit) if found else Page([], None)

    def all(self, owner: str) -> Iterator[Chat]:
        """Every chat once, the newest first. Those that are asked in meanwhile, and so move ahead, come at the end."""
        began, seen = now_ms(), set[str]()
        moved = itertools.takewhile(lambda chat: chat.updated_at >= began, self._newest(owner))
        for chat in itertools.chain(self._newest(owner), moved):
            if chat.id not in seen:
                seen.add(chat.id)
                yield chat

    def ids(self, owner: str) -> list[str]:
        """Of the chats there are now: one that is begun meanwhile is not among them, nor one that is asked in."""
        return [chat.id for chat in self._newest(owner)]

    def _newest(self, owner: str) -> Iterator[Chat]:
        before: str | None = None
        while True:
            page = self._store.chats(owner, "", before, PAGE)
            yield from page.chats
            before = page.before
            if before is None:
                return

    def marked(self, owner: str, chats: Sequence[Chat], words: str) -> list[Marked]:
        """Where the words stand that these chats were found by."""
        found = _words(words)
        passages = self._store.passages(owner, [chat.id for chat in chats], found)
        return [marks.marked(chat.title, passages.get(chat.id), found) for chat in chats]

    def history(self, chat: Chat) -> list[Message]:
        """All messages, oldest first; an answer that is being written with the text stored so far."""
        return [self._as_stored(message) for message in self._store.messages(chat.owner, chat.id)]

    def change(self, owner: str, chat_id: str, fields: Mapping[str, Any]) -> Chat:
        """Set any of `title`, `system`, `tools`, `params`, `pinned`, `archived`, and leave the rest.

        :raises BadRequest: for what is no title
        """
        if fields and not self._store.change(owner, chat_id, _settled(fields)):
            raise NotFound(GONE)
        return self.get(owner, chat_id)

    def share(self, owner: str, chat_id: str) -> str:
        """The token under which anybody may read the chat; made, if there is none yet."""
        chat = self.get(owner, chat_id)
        token = chat.share or secrets.token_urlsafe(TOKEN_BYTES)
        if chat.share is None:
            self._store.change(owner, chat_id, {"share": token})
        return token

    def unshare(self, owner: str, chat_id: str) -> None:
        """Nobody can read it under its token any more; no error where it has none."""
        self._store.change(owner, chat_id, {"share": None})

    def shared(self, token: str) -> Chat:
        """:raises NotFound: if no chat is shared under this token"""
        chat = self._store.shared(token) if token else None
        if chat is None:
            raise NotFound("This chat is not shared any more, or the link is not whole. Ask who sent it for a new one.")
        return chat

    def place(self, owner: str, chat_id: str | None, question: Question) -> tuple[Chat, list[Message] | None]:
        """The chat that a question is asked in, and its messages; None for one that is new.

        :raises NotFound: for a chat that is not there
        """
        if question.session is not None:
            chat_id = sessions.chat_id(owner, question.session)
            if chat_id != question.session and self._store.chat(owner, chat_id) is None:
                return new_chat(owner, question, chat_id), None
        if chat_id is None:
            return new_chat(owner, question), None
        chat = self.get(owner, chat_id)
        return chat, self._store.messages(owner, chat.id)

    def _as_stored(self, message: Message) -> Message:
        if message.state != "running" or message.run_id is None:
            return message
        events = self._store.events(message.run_id, 0)
        content, reasoning = joined(events, "text"), joined(events, "reasoning")
        return msgspec.structs.replace(message, content=content, reasoning=reasoning, tool_calls=tool_calls(events))


def _line(title: str) -> str:
    """:raises BadRequest: for what is no title"""
    line = " ".join(title.split())
    if not 1 <= len(line) <= TITLE_MAX or "\0" in line:
        raise BadRequest(f"title must have 1 to {TITLE_MAX} characters, none of them NUL.")
    return line


def _settled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as they are stored, with what follows from them: a person gave the title, and no chat is pinned and
    archived at once."""
    found = dict(fields)
    if "title" in found:
        found |= {"title": _line(found["title"]), "titled": "user"}
    if found.get("archived"):
        found["pinned"] = False
    elif found.get("pinned"):
        found["archived"] = False
    return found


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text))
