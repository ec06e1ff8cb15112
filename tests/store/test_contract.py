"""One contract, held by every store: SQLite on a real disk, MongoDB as a real one-member replica set."""

from collections.abc import Callable
from typing import get_args

import gevent
import msgspec
import pytest

from chatstream.errors import BadRequest, LeafMoved, NotFound, StoreError
from chatstream.store.ports import Store
from chatstream.store.records import Batch, Cut, Preset, Shelf, Submission, new_id
from tests.store.conftest import ME, OTHER, ending, submission, texts


def test_a_submission_is_there_for_every_worker_before_upstream_is_called(reopen: Callable[[], Store]) -> None:
    s = submission(prompt="Grüße 😀\u2028 \u202e")
    assert reopen().begin(s) is None
    other = reopen()
    assert other.chat(ME, s.chat.id) == s.chat
    assert other.messages(ME, s.chat.id) == s.messages
    assert other.run(ME, s.run.id) == s.run
    assert other.running(ME, s.chat.id) == [s.run.id]


def test_nothing_is_found_for_somebody_else(store: Store) -> None:
    s = submission()
    store.begin(s)
    assert store.chat(OTHER, s.chat.id) is None
    assert store.messages(OTHER, s.chat.id) == []
    assert store.run(OTHER, s.run.id) is None
    assert store.running(OTHER, s.chat.id) == []
    assert store.chats(OTHER, "", None, 10).chats == []
    assert store.chats(OTHER, "Hello", None, 10).chats == []
    assert not store.change(OTHER, s.chat.id, {"title": "taken"})
    store.delete(OTHER, s.chat.id)
    assert store.chat(ME, s.chat.id) == s.chat
    assert len(store.messages(ME, s.chat.id)) == 2


def test_a_second_turn_moves_the_leaf(store: Store) -> None:
    first = submission()
    store.begin(first)
    second = submission(chat=first.chat, prompt="And now?", at=3000)
    store.begin(second)
    chat = store.chat(ME, first.chat.id)
    assert chat is not None
    assert (chat.leaf_id, chat.updated_at, chat.title) == (second.run.message_id, 3000, "Hello")
    assert [m.content for m in store.messages(ME, chat.id)] == ["Hello", "", "And now?", ""]


def test_a_chat_of_the_same_id_is_begun_once(reopen: Callable[[], Store]) -> None:
    workers = [reopen(), reopen()]
    tries = [submission() for _ in range(6)]
    tries = [
        msgspec.structs.replace(s, chat=msgspec.structs.replace(s.chat, id=tries[0].chat.id)) for s in tries
    ]
    begun = [gevent.spawn(_begun, workers[i % 2], s) for i, s in enumerate(tries)]
    (winner,) = [s for s, greenlet in zip(tries, begun, strict=True) if greenlet.get()]
    assert workers[0].chat(ME, winner.chat.id) == winner.chat
    for s in tries:
        assert (workers[0].run(ME, s.run.id) is None) == (s is not winner)


def _begun(store: Store, s: Submission) -> bool:
    try:
        return store.begin(s) is None
    except LeafMoved:
        return False


def test_a_question_changes_what_it_chooses_for_the_chat_and_nothing_else(store: Store) -> None:
    first = submission()
    store.begin(first)
    store.change(ME, first.chat.id, {"system": "Be kind.", "tools": ["clock"]})
    store.begin(submission(chat=first.chat, at=3000))
    chat = store.chat(ME, first.chat.id)
    assert chat is not None
    assert (chat.system, chat.tools, chat.title) == ("Be kind.", ["clock"], "Hello")
    chosen = {"system": "Be brief.", "tools": []}
    store.begin(msgspec.structs.replace(submission(chat=first.chat, at=4000), chosen=chosen))
    chat = store.chat(ME, first.chat.id)
    assert chat is not None
    assert (chat.system, chat.tools) == ("Be brief.", [])


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


def test_a_turn_in_a_chat_that_was_deleted_leaves_nothing(store: Store) -> None:
    first = submission()
    store.begin(first)
    store.delete(ME, first.chat.id)
    late = submission(chat=first.chat)
    with pytest.raises(NotFound):
        store.begin(late)
    assert store.run(ME, late.run.id) is None
    assert store.messages(ME, first.chat.id) == []


def test_a_request_id_starts_one_run_also_at_the_same_moment_in_two_workers(reopen: Callable[[], Store]) -> None:
    workers = [reopen(), reopen()]
    tries = [submission(request_id="r", request_hash="h", lease=10**15) for _ in range(10)]
    begun = [gevent.spawn(workers[i % 2].begin, s) for i, s in enumerate(tries)]
    earlier = [greenlet.get() for greenlet in begun]
    assert earlier.count(None) == 1
    winner = tries[earlier.index(None)]
    assert {run.id for run in earlier if run} == {winner.run.id}
    assert [chat.id for chat in workers[0].chats(ME, "", None, 50).chats] == [winner.chat.id]
    assert workers[0].begin(submission(owner=OTHER, request_id="r")) is None


def test_events_are_read_from_any_number(store: Store) -> None:
    s = submission()
    store.begin(s)
    events = texts(1, 9)
    for first, last in ((1, 4), (5, 5), (6, 9)):
        store.record("w1", [Batch(run_id=s.run.id, first=first, events=events[first - 1 : last])], [])
    for after in range(11):
        assert store.events(s.run.id, after) == events[after:]
    record = store.run(ME, s.run.id)
    assert record is not None
    assert (record.seq, record.state) == (9, "running")


def test_writing_a_batch_again_longer_replaces_it(store: Store) -> None:
    s = submission()
    store.begin(s)
    events = texts(1, 5)
    for n in (2, 5, 5):
        store.record("w1", [Batch(run_id=s.run.id, first=1, events=events[:n])], [])
    assert store.events(s.run.id, 0) == events


def test_an_ending_fills_run_message_and_chat_and_can_be_repeated(store: Store) -> None:
    s = submission()
    store.begin(s)
    error = {"message": "broke", "code": "upstream_broke"}
    calls = [{"id": "c", "name": "clock", "arguments": "{}"}]
    end = ending(s, 2, "Hi 😀", state="upstream_error", reasoning="hm", error=error, tool_calls=calls)
    batch = Batch(run_id=s.run.id, first=1, events=texts(1, 2))
    assert [store.record("w1", [batch], [end]) for _ in range(2)] == [set(), {s.run.id}]
    answer = store.messages(ME, s.chat.id)[1]
    assert (answer.content, answer.reasoning, answer.state) == ("Hi 😀", "hm", "upstream_error")
    assert (answer.error, answer.usage, answer.timings, answer.tool_calls) == (error, end.usage, end.timings, calls)
    record, chat = store.run(ME, s.run.id), store.chat(ME, s.chat.id)
    assert record is not None
    assert chat is not None
    assert (record.state, record.seq, record.usage, chat.updated_at) == ("upstream_error", 2, end.usage, 2000)
    assert store.running(ME, s.chat.id) == []


def test_many_runs_in_one_commit(store: Store) -> None:
    begun = [submission(prompt=f"question {i}") for i in range(50)]
    gevent.joinall([gevent.spawn(store.begin, s) for s in begun], raise_error=True)
    batches = [Batch(run_id=s.run.id, first=1, events=texts(1, 20)) for s in begun]
    store.record("w1", batches, [ending(s, 20, f"answer {i}") for i, s in enumerate(begun)])
    for i, s in enumerate(begun):
        assert store.events(s.run.id, 0) == batches[i].events
        assert store.messages(ME, s.chat.id)[1].content == f"answer {i}"


def test_chats_newest_first_page_by_page(store: Store) -> None:
    begun = [submission(prompt=f"chat {i}", at=1000 + i // 2) for i in range(7)]  # times in pairs: ids decide
    for s in begun:
        store.begin(s)
    newest = sorted(begun, key=lambda s: (s.chat.updated_at, s.chat.id), reverse=True)
    found, before = [], None
    while True:
        page = store.chats(ME, "", before, 3)
        found += page.chats
        before = page.before
        if before is None:
            break
    assert found == [s.chat for s in newest]
    assert store.chats(ME, "", None, 7).before is None


def test_every_chat_lies_on_one_shelf_newest_first(store: Store) -> None:
    begun = [submission(prompt=f"chat {i}", at=1000 + i // 2) for i in range(12)]
    for s in begun:
        store.begin(s)
    for s in begun[::3]:
        assert store.change(ME, s.chat.id, {"pinned": True})
    for s in begun[1::3]:
        assert store.change(ME, s.chat.id, {"archived": True})
    newest = sorted(begun, key=lambda s: (s.chat.updated_at, s.chat.id), reverse=True)
    for at, shelf in enumerate(get_args(Shelf)):
        here = {s.chat.id for s in begun[(0, 2, 1)[at] :: 3]}
        found, before = [], None
        while True:
            page = store.shelf(ME, shelf, before, 3)
            found += page.chats
            before = page.before
            if before is None:
                break
        assert [chat.id for chat in found] == [s.chat.id for s in newest if s.chat.id in here]
        assert {(chat.pinned, chat.archived) for chat in found} == {(shelf == "pinned", shelf == "archived")}
        assert store.shelf(OTHER, shelf, None, 9).chats == []
    assert [chat.id for chat in store.chats(ME, "", None, 20).chats] == [s.chat.id for s in newest]


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


def test_a_passage_is_a_message_in_which_a_searched_word_stands(store: Store) -> None:
    s = submission(prompt="Tell me of birds")
    store.begin(s)
    store.record("w1", [Batch(run_id=s.run.id, first=1, events=texts(1, 1))], [ending(s, 1, "The HÄRING is a fish")])
    found = {words: store.passage(ME, s.chat.id, words) for words in ("birds", "haring", "fish birds", "bird", "*", "")}
    assert found.pop("fish birds") in ("Tell me of birds", "The HÄRING is a fish")
    assert found == {"birds": "Tell me of birds", "haring": "The HÄRING is a fish", "bird": None, "*": None, "": None}
    assert store.passage(OTHER, s.chat.id, "birds") is None


@pytest.mark.parametrize(
    "before", ["x", "1-2", "-", "1000-" + "g" * 24, "'; DROP TABLE chats; --", "9" * 30 + "-" + "a" * 24]
)
def test_a_cursor_that_is_none_is_refused(store: Store, before: str) -> None:
    with pytest.raises(BadRequest, match="cursor"):
        store.chats(ME, "", before, 3)


def test_search_finds_chats_by_all_words_in_title_or_message(store: Store) -> None:
    fish, bird = submission(prompt="Tell me of the Häring fish"), submission(prompt="And of birds?")
    for s, content in ((fish, "It swims in cold water"), (bird, "They fly, and swim on water")):
        store.begin(s)
        store.record("w1", [Batch(run_id=s.run.id, first=1, events=texts(1, 1))], [ending(s, 1, content)])
    store.change(ME, bird.chat.id, {"title": "Feathers"})

    def found(words: str) -> set[str]:
        return {chat.id for chat in store.chats(ME, words, None, 10).chats}

    assert found("water") == {fish.chat.id, bird.chat.id}
    assert found("WATER cold") == {fish.chat.id}
    assert found("häring") == {fish.chat.id}
    assert found("feathers") == {bird.chat.id}
    assert found("nothing") == set()
    assert found("  ") == {fish.chat.id, bird.chat.id}


@pytest.mark.parametrize(
    "words", ['"', "'", "*", "a AND", "NEAR(", "-water", "title:x", "\\", "{$ne: 1}", "(", '""', "^", "%"]
)
def test_search_words_are_never_a_query_language(store: Store, words: str) -> None:
    store.begin(submission())
    store.chats(ME, words, None, 10)


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


def test_what_a_deleted_chats_run_still_writes_is_not_kept(store: Store) -> None:
    s = submission()
    store.begin(s)
    store.delete(ME, s.chat.id)
    late = Batch(run_id=s.run.id, first=1, events=texts(1, 3))
    assert store.record("w1", [late], [ending(s, 3)]) == {s.run.id}
    assert store.events(s.run.id, 0) == []
    assert store.chat(ME, s.chat.id) is None
    assert store.run(ME, s.run.id) is None


def test_an_imported_chat_is_stored_whole_or_not_at_all(store: Store) -> None:
    s = submission()
    store.add(s.chat, s.messages)
    assert store.messages(ME, s.chat.id) == s.messages
    again = [msgspec.structs.replace(m, chat_id=(other := new_id())) for m in s.messages]
    with pytest.raises(StoreError):
        store.add(msgspec.structs.replace(s.chat, id=other), again)
    assert store.chat(ME, other) is None


def test_orders_reach_the_worker_that_has_the_run(store: Store) -> None:
    mine, theirs, ended = submission(worker="w1"), submission(worker="w2"), submission(worker="w1")
    for s in (mine, theirs, ended):
        store.begin(s)
    store.record("w1", [Batch(run_id=ended.run.id, first=1, events=texts(1, 1))], [ending(ended, 1)])
    assert store.orders("w1", 100) == []
    for s in (mine, theirs, ended):
        store.order_watch(s.run.id, 200)
    assert [(o.run_id, o.stop) for o in store.orders("w1", 100)] == [(mine.run.id, False)]
    assert store.orders("w1", 200) == []
    store.order_stop(mine.run.id)
    assert [(o.run_id, o.stop) for o in store.orders("w1", 300)] == [(mine.run.id, True)]


def test_leases_are_renewed_by_worker_and_run_out(store: Store) -> None:
    mine, theirs = submission(worker="w1", lease=100), submission(worker="w2", lease=100)
    for s in (mine, theirs):
        store.begin(s)
    assert store.orphans(100) == []
    store.renew("w1", 500)
    assert [run.id for run in store.orphans(101)] == [theirs.run.id]
    store.record("w2", [Batch(run_id=theirs.run.id, first=1, events=texts(1, 1))], [ending(theirs, 1)])
    assert store.orphans(400) == []


def test_an_orphan_is_taken_over_by_one_worker_and_its_old_one_writes_nothing_more(reopen: Callable[[], Store]) -> None:
    store, other = reopen(), reopen()
    s = submission(worker="w1", lease=100)
    store.begin(s)
    batch = Batch(run_id=s.run.id, first=1, events=texts(1, 2))
    assert store.record("w1", [batch], []) == set()
    assert not store.take_over(s.run.id, "early", 100, 900)
    takers = [gevent.spawn(at.take_over, s.run.id, name, 101, 900) for at, name in ((store, "w2"), (other, "w3"))]
    taken = [greenlet.get() for greenlet in takers]
    assert sorted(taken) == [False, True]
    late = Batch(run_id=s.run.id, first=3, events=texts(3, 2))
    assert store.record("w1", [late], [ending(s, 4, "late")]) == {s.run.id}
    assert store.events(s.run.id, 0) == batch.events
    assert store.messages(ME, s.chat.id)[1].state == "running"
    owner = "w2" if taken[0] else "w3"
    assert store.record(owner, [], [ending(s, 2, "kept", state="interrupted")]) == set()
    assert store.record(owner, [], [ending(s, 2, "again")]) == {s.run.id}
    assert store.messages(ME, s.chat.id)[1].content == "kept"


def test_preparing_twice_keeps_everything(reopen: Callable[[], Store]) -> None:
    s = submission()
    reopen().begin(s)
    assert reopen().chats(ME, "hello", None, 10).chats == [s.chat]


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


def test_presets_are_kept_by_their_owner(reopen: Callable[[], Store]) -> None:
    store = reopen()
    terse = Preset(id=new_id(), owner=ME, name="Terse", system="Be brief.", params={"temperature": 0.25, "model": "m"})
    store.keep(Preset(id=new_id(), owner=ME, name="Wide", system="", params={}))
    store.keep(terse)
    changed = msgspec.structs.replace(terse, system="Be briefer.")
    store.keep(changed)
    assert [p.name for p in reopen().presets(ME)] == ["Terse", "Wide"]
    assert reopen().presets(ME)[0] == changed
    assert store.presets(OTHER) == []
    store.drop(OTHER, terse.id)
    assert len(store.presets(ME)) == 2
    for _ in range(2):
        store.drop(ME, terse.id)
        assert [p.name for p in store.presets(ME)] == ["Wide"]
