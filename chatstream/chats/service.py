"""What can be done with chats: read them, rename, delete, and turn a question into a submission."""

import re
from collections.abc import Sequence

import msgspec

from chatstream.chats import titles
from chatstream.chats.tree import branch
from chatstream.errors import BadRequest, NotFound
from chatstream.store.ports import Store
from chatstream.store.records import Chat, Message, Page, RunRecord, Submission, new_id, now_ms
from chatstream.wire.events import joined, tool_calls

TITLE_MAX = 200


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller asks: a new prompt, or (`retry`) another answer to the question that an answer belongs to."""

    prompt: str | None = None
    retry: str | None = None
    chat_id: str | None = None
    parent_id: str | None = None
    system: str | None = None
    model: str
    request_id: str | None = None
    fingerprint: str = ""
    """Tells two requests with one request id apart."""


class Composed(msgspec.Struct, frozen=True):
    """A question with its place in a chat: what to store, and OpenAI's messages for upstream."""

    submission: Submission
    messages: list[dict[str, str]]


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
        """Newest first; with words, those in whose title or messages all of them stand.

        :raises BadRequest: if `before` is no cursor
        """
        found = re.findall(r"\w+", words)
        if words.strip() and not found:
            return Page([], None)
        return self._store.chats(owner, " ".join(found), before, limit)

    def history(self, chat: Chat) -> list[Message]:
        """All messages, oldest first; an answer that is being written with the text stored so far."""
        return [self._as_stored(message) for message in self._store.messages(chat.owner, chat.id)]

    def rename(self, owner: str, chat_id: str, title: str) -> Chat:
        line = " ".join(title.split())
        if not 1 <= len(line) <= TITLE_MAX or "\0" in line:
            raise BadRequest(f"title must have 1 to {TITLE_MAX} characters, none of them NUL.")
        if not self._store.rename(owner, chat_id, line):
            raise NotFound("There is no such chat. It may have been deleted.")
        return self.get(owner, chat_id)

    def compose(self, owner: str, question: Question, worker: str, lease: int) -> Composed:
        """Find the question's place in its chat.

        :raises NotFound: for a chat or message that is not there
        """
        chat = self.get(owner, question.chat_id) if question.chat_id else _new_chat(owner, question)
        earlier = self._store.messages(owner, chat.id) if question.chat_id else []
        asked = [] if question.retry else [_asked(question, chat, earlier)]
        parent_id = asked[0].id if asked else _question_of(earlier, question.retry)
        answer = _unwritten(question, chat, parent_id)
        submission = Submission(
            chat=msgspec.structs.replace(chat, leaf_id=answer.id, updated_at=answer.created_at),
            is_new=not question.chat_id,
            messages=[*asked, answer],
            run=_record(question, answer, worker, lease),
        )
        return Composed(submission, _for_upstream(question.system, branch([*earlier, *asked], parent_id)))

    def _as_stored(self, message: Message) -> Message:
        if message.state != "running" or message.run_id is None:
            return message
        events = self._store.events(message.run_id, 0)
        content, reasoning = joined(events, "text"), joined(events, "reasoning")
        return msgspec.structs.replace(message, content=content, reasoning=reasoning, tool_calls=tool_calls(events))


def _new_chat(owner: str, question: Question) -> Chat:
    now, title = now_ms(), titles.first_words(question.prompt or "")
    return Chat(id=new_id(), owner=owner, title=title, leaf_id=None, created_at=now, updated_at=now)


def _asked(question: Question, chat: Chat, earlier: Sequence[Message]) -> Message:
    """The question as a message, below `parent_id` or the chat's leaf."""
    if question.parent_id is not None and all(message.id != question.parent_id for message in earlier):
        raise NotFound("There is no message with this parentId in the chat.")
    return Message(
        id=new_id(),
        chat_id=chat.id,
        owner=chat.owner,
        parent_id=question.parent_id or chat.leaf_id,
        role="user",
        content=question.prompt or "",
        created_at=now_ms(),
    )


def _question_of(earlier: Sequence[Message], answer_id: str | None) -> str:
    """The question that an answer belongs to."""
    answer = next((m for m in earlier if m.id == answer_id and m.role == "assistant"), None)
    if answer is None or answer.parent_id is None:
        raise NotFound("There is no answer with the id given as retry in this chat.")
    return answer.parent_id


def _unwritten(question: Question, chat: Chat, parent_id: str) -> Message:
    """The answer before its first word."""
    return Message(
        id=new_id(),
        chat_id=chat.id,
        owner=chat.owner,
        parent_id=parent_id,
        role="assistant",
        content="",
        created_at=now_ms(),
        state="running",
        run_id=new_id(),
        model=question.model,
    )


def _record(question: Question, answer: Message, worker: str, lease: int) -> RunRecord:
    return RunRecord(
        id=answer.run_id or new_id(),
        owner=answer.owner,
        chat_id=answer.chat_id,
        message_id=answer.id,
        worker=worker,
        lease=lease,
        request_id=question.request_id,
        request_hash=question.fingerprint if question.request_id else None,
    )


def _for_upstream(system: str | None, messages: list[Message]) -> list[dict[str, str]]:
    said = [{"role": message.role, "content": message.content} for message in messages if message.content]
    return [{"role": "system", "content": system}, *said] if system else said
