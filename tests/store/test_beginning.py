"""A question is begun: chat, messages and Run are stored together, once, and are nobody else's."""

from collections.abc import Callable

import gevent
import msgspec
import pytest

from chatstream.errors import LeafMoved, NotFound
from chatstream.store.ports import Store
from chatstream.store.records import Submission
from tests.store.conftest import ME, OTHER, submission


def test_a_submission_is_there_for_every_worker_before_upstream_is_called(reopen: Callable[[], Store]) -> None:
    s = submission(prompt="Grüße 😀\u2028 \u202e")
    assert reopen().begin(s) is None
    other = reopen()
    assert other.chat(ME, s.chat.id) == s.chat
    assert other.messages(ME, s.chat.id) == s.messages
    assert other.run(ME, s.run.id) == s.run
    assert other.running(ME, s.chat.id) == [s.run.id]


def test_preparing_twice_keeps_everything(reopen: Callable[[], Store]) -> None:
    s = submission()
    reopen().begin(s)
    assert reopen().chats(ME, "hello", None, 10).chats == [s.chat]


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
    tries = [msgspec.structs.replace(s, chat=msgspec.structs.replace(s.chat, id=tries[0].chat.id)) for s in tries]
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
