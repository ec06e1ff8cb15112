"""Messages are removed, with their runs, and are no longer found."""

from typing import Any

import msgspec
import pytest
from pymongo.collection import Collection

from chatstream.store.mongo import MongoStore
from chatstream.store.ports import Store
from chatstream.store.records import Batch, Cut, new_id
from tests.servers.mongod import Mongod
from tests.store.conftest import ME, OTHER, ending, submission, texts


def test_messages_are_removed_with_their_runs_unless_the_chat_went_on(store: Store) -> None:
    first = submission(prompt="Periwinkle")
    store.begin(first)
    store.record("w1", [Batch(run_id=first.run.id, first=1, events=texts(1, 1))], [ending(first, 1, "limpet shell")])
    second = submission(chat=first.chat, prompt="shell winkle", at=3000)
    store.begin(second)
    store.record("w1", [Batch(run_id=second.run.id, first=1, events=texts(1, 1))], [ending(second, 1, "whelk")])
    gone = [message.id for message in second.messages]
    place = {"chat_id": first.chat.id, "owner": ME, "message_ids": gone, "leaf_id": first.run.message_id}
    assert not store.prune(Cut(leaf_before=first.run.message_id, **place))
    assert not store.prune(Cut(leaf_before=second.run.message_id, **{**place, "owner": OTHER}))
    assert len(store.messages(ME, first.chat.id)) == 4
    assert store.prune(Cut(leaf_before=second.run.message_id, **place))
    assert [m.content for m in store.messages(ME, first.chat.id)] == ["Periwinkle", "limpet shell"]
    chat = store.chat(ME, first.chat.id)
    assert chat is not None
    assert chat.leaf_id == first.run.message_id
    assert (store.run(ME, second.run.id), store.events(second.run.id, 0)) == (None, [])
    assert store.run(ME, first.run.id) is not None
    assert len(store.events(first.run.id, 0)) == 1
    found = {word: len(store.chats(ME, word, None, 9).chats) for word in ("periwinkle", "shell", "winkle", "whelk")}
    assert found == {"periwinkle": 1, "shell": 1, "winkle": 0, "whelk": 0}


def test_messages_stored_as_one_text_are_removed_one_by_one(store: Store) -> None:
    s = submission()
    words = ["alder", "birch", "cedar", "dogwood", "elm"]
    chain = [msgspec.structs.replace(s.messages[0], id=new_id(), content=word) for word in words]
    store.add(msgspec.structs.replace(s.chat, leaf_id=chain[-1].id), chain)
    for message, word in zip(chain, words, strict=True):
        ids = {"chat_id": s.chat.id, "owner": ME, "leaf_before": chain[-1].id, "leaf_id": chain[-1].id}
        assert len(store.chats(ME, word, None, 9).chats) == 1
        assert store.prune(Cut(message_ids=[message.id], **ids))
        assert store.chats(ME, word, None, 9).chats == []
        assert len(store.chats(ME, "hello", None, 9).chats) == 1  # the title
    store.delete(ME, s.chat.id)
    assert store.chats(ME, "hello", None, 9).chats == []


def test_a_message_is_appended_below_its_parent_and_shown(store: Store) -> None:
    s = submission(prompt="Periwinkle")
    store.begin(s)
    store.record("w1", [Batch(run_id=s.run.id, first=1, events=texts(1, 1))], [ending(s, 1, "limpet")])
    question, written = s.messages[0], s.messages[1]
    other = msgspec.structs.replace(
        written, id=new_id(), content="whelk", state="complete", run_id=None, created_at=written.created_at + 5000
    )
    assert other.parent_id == question.id
    assert store.append(other)
    assert store.messages(ME, s.chat.id)[2] == other
    chat = store.chat(ME, s.chat.id)
    assert chat is not None
    assert (chat.leaf_id, chat.updated_at) == (other.id, other.created_at)
    assert [len(store.chats(ME, word, None, 9).chats) for word in ("limpet", "whelk")] == [1, 1]
    for lost in ({"parent_id": new_id()}, {"owner": OTHER}, {"chat_id": new_id()}):
        assert not store.append(msgspec.structs.replace(other, id=new_id(), **lost))
    assert len(store.messages(ME, s.chat.id)) == 3
    store.delete(ME, s.chat.id)
    assert not store.append(msgspec.structs.replace(other, id=new_id()))
    assert store.messages(ME, s.chat.id) == []


def test_what_is_appended_while_its_parent_goes_is_taken_back(mongod: Mongod, monkeypatch: pytest.MonkeyPatch) -> None:
    """In MongoDB, where that is no transaction: the deletion comes between its steps."""
    store = MongoStore(mongod.database_uri(new_id()))
    store.prepare()
    s = submission(prompt="Periwinkle")
    store.begin(s)
    written = msgspec.structs.replace(s.messages[1], id=new_id(), content="whelk", state="complete", run_id=None)
    update = Collection.find_one_and_update

    def meanwhile(chats: Collection[Any], *asked: Any, **how: Any) -> Any:
        chats.database["messages"].delete_one({"_id": written.parent_id})
        return update(chats, *asked, **how)

    monkeypatch.setattr(Collection, "find_one_and_update", meanwhile)
    assert not store.append(written)
    chat = store.chat(ME, s.chat.id)
    assert chat is not None
    assert chat.leaf_id == s.chat.leaf_id
    assert [message.id for message in store.messages(ME, s.chat.id)] == [s.messages[1].id]
    store.close()
