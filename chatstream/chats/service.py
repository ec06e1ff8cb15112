"""What can be done with chats: read them, rename them, ask in them."""

import re

import msgspec

from chatstream.chats import sessions
from chatstream.chats.questions import Composed, Question, compose, new_chat
from chatstream.errors import BadRequest, NotFound
from chatstream.store.ports import Store
from chatstream.store.records import Chat, Message, Page
from chatstream.wire.events import joined, tool_calls

TITLE_MAX = 200


class Chats:
    """The chats of all owners; every method takes whose."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, owner: str, chat_id: str) -> Chat:
        """:raises NotFound: if there is none, or it is somebody else's"""
        chat = self._store.chat(owner, chat_id)
        if chat is None:
            raise NotFound("There is no such chat. It may have been deleted.")
        return chat

    def page(self, owner: str, words: str = "", before: str | None = None, limit: int = 50) -> Page:
        """Newest first; with words, those in whose title and messages all of them stand.

        :raises BadRequest: if `before` is no cursor
        """
        found = re.findall(r"\w+", words)
        if words.strip() and not found:
            return Page([], None)
        return self._store.chats(owner, " ".join(found), before, limit)

    def history(self, chat: Chat) -> list[Message]:
        """All messages, oldest first; an answer that is being written with the text stored so far."""
        return [self._as_stored(message) for message in self._store.messages(chat.owner, chat.id)]

    def change(
        self,
        owner: str,
        chat_id: str,
        *,
        title: str | None = None,
        system: str | None = None,
        tools: list[str] | None = None,
    ) -> Chat:
        """Set what is given, and leave the rest; an empty `system` takes it away."""
        given = {"title": _line(title) if title is not None else None, "system": system, "tools": tools}
        fields = {name: value for name, value in given.items() if value is not None}
        if fields and not self._store.change(owner, chat_id, fields):
            raise NotFound("There is no such chat. It may have been deleted.")
        return self.get(owner, chat_id)

    def compose(self, owner: str, chat_id: str | None, question: Question, worker: str, lease: int) -> Composed:
        """Find the question's place in the chat, or in a new one.

        :raises NotFound: for a chat or message that is not there
        :raises BadRequest, Conflict: for an answer that cannot be gone on with
        """
        chat, earlier = self._place(owner, chat_id, question)
        return compose(chat, earlier, question, worker, lease)

    def _place(self, owner: str, chat_id: str | None, question: Question) -> tuple[Chat, list[Message] | None]:
        """The chat and its messages; None for one that is new."""
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
