"""What becomes of a chat: named, chosen for, shared, imported, deleted; and presets, which outlive it."""

from collections.abc import Callable

import msgspec
import pytest

from chatstream.errors import StoreError
from chatstream.store.ports import Store
from chatstream.store.records import Batch, Preset, new_id
from tests.store.conftest import ME, OTHER, submission, texts


def test_what_is_chosen_for_a_chat_is_kept_as_it_is(reopen: Callable[[], Store]) -> None:
    s, store = submission(), reopen()
    store.begin(s)
    for params in ({"model": "a/b.c $x", "temperature": 0.25, "top_p": 1.0, "max_tokens": 7}, {}):
        assert store.change(ME, s.chat.id, {"params": params})
        chat = reopen().chat(ME, s.chat.id)
        assert chat is not None
        assert (chat.params, chat.title) == (params, "Hello")
    store.begin(msgspec.structs.replace(submission(chat=s.chat, at=3000), chosen={"params": {"top_p": 0.5}}))
    assert store.chats(ME, "", None, 9).chats[0].params == {"top_p": 0.5}


def test_the_models_title_never_takes_the_place_of_a_persons(store: Store) -> None:
    s = submission(prompt="First words")
    store.begin(s)
    assert not store.entitle(OTHER, s.chat.id, "Theirs")
    assert store.entitle(ME, s.chat.id, "By the model")
    assert not store.entitle(ME, s.chat.id, "By the model again")
    assert not store.entitle(ME, new_id(), "Nowhere")
    chat = store.chat(ME, s.chat.id)
    assert chat is not None
    assert (chat.title, chat.titled, chat.updated_at) == ("By the model", "model", s.chat.updated_at)
    assert store.chats(ME, "model", None, 9).chats == [chat]
    store.change(ME, s.chat.id, {"title": "Mine", "titled": "user"})
    assert not store.entitle(ME, s.chat.id, "By the model")
    assert store.chats(ME, "mine", None, 9).chats == [store.chat(ME, s.chat.id)]


def test_a_shared_chat_is_found_by_its_token_until_it_has_none(reopen: Callable[[], Store]) -> None:
    store, other = reopen(), reopen()
    one, two = submission(), submission()
    for s in (one, two):
        store.begin(s)  # neither has a token, which is no token that both have
    store.change(ME, one.chat.id, {"share": "t1"})
    shared = other.shared("t1")
    assert shared is not None
    assert (shared.id, shared.share) == (one.chat.id, "t1")
    with pytest.raises(StoreError):
        store.change(ME, two.chat.id, {"share": "t1"})
    store.change(ME, one.chat.id, {"share": None})
    assert [other.shared(token) for token in ("t1", "", "None")] == [None] * 3


def test_rename_and_delete(store: Store) -> None:
    s, kept = submission(), submission()
    store.begin(s)
    store.begin(kept)
    store.record("w1", [Batch(run_id=s.run.id, first=1, events=texts(1, 3))], [])
    assert store.change(ME, s.chat.id, {"title": "Neuer Name"})
    assert store.chats(ME, "neuer", None, 10).chats[0].id == s.chat.id
    for _ in range(2):
        store.delete(ME, s.chat.id)
    assert store.chat(ME, s.chat.id) is None
    assert store.messages(ME, s.chat.id) == []
    assert store.run(ME, s.run.id) is None
    assert store.events(s.run.id, 0) == []
    assert store.chats(ME, "Hello", None, 10).chats == [kept.chat]


def test_an_imported_chat_is_stored_whole_or_not_at_all(store: Store) -> None:
    s = submission()
    store.add(s.chat, s.messages)
    assert store.messages(ME, s.chat.id) == s.messages
    again = [msgspec.structs.replace(m, chat_id=(other := new_id())) for m in s.messages]
    with pytest.raises(StoreError):
        store.add(msgspec.structs.replace(s.chat, id=other), again)
    assert store.chat(ME, other) is None


def test_presets_are_kept_by_their_owner(reopen: Callable[[], Store]) -> None:
    store = reopen()
    terse = Preset(id=new_id(), owner=ME, name="Terse", system="Be brief.", params={"temperature": 0.25, "model": "m"})
    store.keep(Preset(id=new_id(), owner=ME, name="Wide", system="", params={}))
    store.keep(terse)
    assert store.default(ME) is None
    assert store.make_default(ME, terse.id, True) == msgspec.structs.replace(terse, is_default=True)
    changed = msgspec.structs.replace(terse, system="Be briefer.", is_default=True)
    store.keep(msgspec.structs.replace(changed, is_default=False))  # read before it was made the default
    assert [p.name for p in reopen().presets(ME)] == ["Terse", "Wide"]
    assert reopen().presets(ME)[0] == changed
    assert (store.default(ME), store.default(OTHER), store.presets(OTHER)) == (changed, None, [])
    wide = store.presets(ME)[1]
    assert store.make_default(ME, wide.id, False) == wide
    assert store.default(ME) == changed
    assert store.make_default(ME, wide.id, True) is not None
    assert [p.is_default for p in store.presets(ME)] == [False, True]
    assert (store.make_default(OTHER, terse.id, True), store.make_default(ME, new_id(), True)) == (None, None)
    assert [p.is_default for p in store.presets(ME)] == [False, True]
    store.drop(OTHER, terse.id)
    assert len(store.presets(ME)) == 2
    for _ in range(2):
        store.drop(ME, terse.id)
        assert [p.name for p in store.presets(ME)] == ["Wide"]
