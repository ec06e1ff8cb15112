"""What can be done with the branches of a chat: show one, make a chat of one, delete one."""

from collections.abc import Sequence

import msgspec

from chatstream.chats import files
from chatstream.chats.service import Chats
from chatstream.chats.titles import TITLE_MAX
from chatstream.chats.tree import branch, families, leaf_below, subtree
from chatstream.errors import BadRequest, Conflict, NotFound
from chatstream.store.ports import Store
from chatstream.store.records import Chat, Cut, File, Message, new_id, now_ms

PREFIX = "Branch of "
WRITTEN_MAX = 1_000_000
"""Characters of an answer that somebody writes."""
GONE = "There is no such message in this chat. It may have been deleted."
WRITING = "This answer is still being written. Wait for its end, or stop it."
TRIES = 5
"""How often a deletion is worked out anew, because the chat went on in the meantime."""


class Branches:
    """Of the chats of all owners; every method takes whose. They raise `NotFound` for what is not there."""

    def __init__(self, store: Store, chats: Chats) -> None:
        self._store = store
        self._chats = chats

    def message(self, owner: str, chat_id: str, message_id: str) -> Message:
        return _find(self._chats.history(self._chats.get(owner, chat_id)), message_id)

    def show(self, owner: str, chat_id: str, message_id: str) -> None:
        """Make the branch through a message, to its end, the one that is shown and gone on with."""
        messages = self._store.messages(owner, self._chats.get(owner, chat_id).id)
        leaf_id = leaf_below(messages, _find(messages, message_id).id)
        self._store.change(owner, chat_id, {"leaf_id": leaf_id})

    def fork(self, owner: str, chat_id: str, message_id: str) -> Chat:
        """A new chat of the messages up to this one, with copies of its own.

        :raises Conflict: while one of them is being written
        """
        chat = self._chats.get(owner, chat_id)
        messages = self._store.messages(owner, chat_id)
        said = branch(messages, _find(messages, message_id).id)
        if any(message.state == "running" for message in said):
            raise Conflict(WRITING)
        now, ids = now_ms(), [new_id() for _ in said]
        title = (PREFIX + chat.title.removeprefix(PREFIX))[:TITLE_MAX]
        copy = Chat(
            id=new_id(),
            owner=owner,
            title=title,
            titled="user",
            leaf_id=ids[-1],
            created_at=now,
            updated_at=now,
            system=chat.system,
            tools=chat.tools,
            params=chat.params,
        )
        parents: list[str | None] = [None, *ids]
        copies = [_copy(m, copy.id, id_, parent) for m, id_, parent in zip(said, ids, parents, strict=False)]
        self._add(copy, copies)
        return copy

    def _add(self, chat: Chat, messages: Sequence[Message]) -> None:
        """With copies of the files that the messages name."""
        owned = [files.carried(self._files(message), message) for message in messages]
        self._store.add(chat, [message for message, _ in owned], [file for _, mine in owned for file in mine])

    def _files(self, message: Message) -> list[File]:
        found = (self._store.file(message.owner, about["id"]) for about in message.files or ())
        return [file for file in found if file is not None]

    def rewrite(self, owner: str, chat_id: str, message_id: str, content: str) -> Message:
        """Another answer beside this one, as somebody wrote it: that is shown, and told to the model from then on.

        :raises BadRequest: for a question, and for a text that cannot be kept
        :raises Conflict: while the answer is being written
        """
        if not content.strip() or len(content) > WRITTEN_MAX or "\0" in content:
            raise BadRequest(f"content must have 1 to {WRITTEN_MAX} characters, not only spaces, and no NUL.")
        history = self._chats.history(self._chats.get(owner, chat_id))
        old = _answer(history, message_id)
        if same := _same(history, old, content):
            self._store.change(owner, chat_id, {"leaf_id": leaf_below(history, same.id)})
            return same
        written = _written(old, content)
        if not self._store.append(written):
            raise NotFound(GONE)
        return written

    def remove(self, owner: str, chat_id: str, message_id: str) -> None:
        """Delete a message and all below it; no error when it is gone already. What is shown then is the branch beside
        it, the one before if there are several, or what is above it."""
        for _ in range(TRIES):
            chat = self._chats.get(owner, chat_id)
            messages = self._store.messages(owner, chat_id)
            if all(message.id != message_id for message in messages):
                return
            if self._store.prune(_cut(chat, messages, message_id)):
                return
        raise Conflict("This chat goes on at this moment. Try again.")

    def running(self, owner: str, chat_id: str, message_id: str) -> list[str]:
        """Ids of the Runs that write a message or one below it."""
        messages = self._store.messages(owner, chat_id)
        gone = set(subtree(messages, message_id))
        return [m.run_id for m in messages if m.id in gone and m.state == "running" and m.run_id]


def _find(messages: Sequence[Message], message_id: str) -> Message:
    found = next((message for message in messages if message.id == message_id), None)
    if found is None:
        raise NotFound(GONE)
    return found


def _answer(messages: Sequence[Message], message_id: str) -> Message:
    """One that is whole."""
    found = _find(messages, message_id)
    if found.role != "assistant":
        raise BadRequest("Only answers are rewritten. Ask a question anew, with its parentId.")
    if found.parent_id is None:
        raise BadRequest("This answer follows no question: nothing can stand beside it.")
    if found.state == "running":
        raise Conflict(WRITING)
    return found


def _written(old: Message, content: str) -> Message:
    """Another one in its place, of no model and no Run."""
    return Message(
        id=new_id(),
        chat_id=old.chat_id,
        owner=old.owner,
        parent_id=old.parent_id,
        role="assistant",
        content=content,
        created_at=now_ms(),
    )


def _same(messages: Sequence[Message], old: Message, content: str) -> Message | None:
    """The answer there that says just this: nothing was changed, or it was saved, and nobody heard of it."""
    there = (message for message in messages if message.parent_id == old.parent_id and message.role == old.role)
    return next((message for message in there if message.content == content), None)


def _copy(message: Message, chat_id: str, id_: str, parent_id: str | None) -> Message:
    """The Run's events stay with the first one."""
    return msgspec.structs.replace(message, id=id_, chat_id=chat_id, parent_id=parent_id, run_id=None)


def _cut(chat: Chat, messages: Sequence[Message], message_id: str) -> Cut:
    gone = subtree(messages, message_id)
    leaf_id = chat.leaf_id
    if leaf_id in gone:
        parent_id = _find(messages, message_id).parent_id
        left = [message for message in messages if message.id not in set(gone)]
        beside = families(messages)[parent_id]
        at = beside.index(message_id)
        near = [*beside[:at][::-1], *beside[at + 1 :]]
        leaf_id = leaf_below(left, near[0]) if near else parent_id
    return Cut(chat_id=chat.id, owner=chat.owner, message_ids=gone, leaf_before=chat.leaf_id, leaf_id=leaf_id)
