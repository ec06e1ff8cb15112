"""The contract where things go wrong: submissions taken back, writes that come late, several workers at once."""

import msgspec
import pytest

from chatstream.errors import LeafMoved
from chatstream.store.mongo import MongoStore
from chatstream.store.mongo_documents import upsert
from chatstream.store.mongo_submissions import _Turn
from chatstream.store.ports import Store
from chatstream.store.records import Batch
from chatstream.store.sqlite import SqliteStore
from chatstream.wire.events import RunEvent
from tests.store.conftest import ME, ending, submission, texts


def test_a_submission_is_taken_back_whole_and_twice(store: Store) -> None:
    first = submission(request_id="r1")
    store.begin(first)
    more = submission(chat=first.chat, request_id="r2")
    more = msgspec.structs.replace(more, leaf_before=first.chat.leaf_id)
    new = submission(request_id="r3")
    for each in (more, new):
        store.begin(each)
    if isinstance(store, SqliteStore):
        return  # its `begin` is one transaction: nothing is ever left to be taken back
    for each in (more, new) * 2:
        store.withdraw(each)
    chat = store.chat(ME, first.chat.id)
    assert (chat and chat.leaf_id, store.chat(ME, new.chat.id)) == (first.chat.leaf_id, None)
    assert len(store.messages(ME, first.chat.id)) == 2
    assert store.run(ME, more.run.id) is None
    assert store.begin(submission(request_id="r2")) is None


def test_a_continued_run_begins_with_its_kept_events(store: Store) -> None:
    s = submission()
    kept = Batch(run_id=s.run.id, first=1, events=texts(1, 2))
    store.begin(msgspec.structs.replace(s, kept=kept))
    assert store.events(s.run.id, 0) == kept.events
    store.record("w1", [Batch(run_id=s.run.id, first=3, events=texts(3, 1))], [])
    assert store.events(s.run.id, 1) == texts(2, 2)


def test_the_running_runs_of_a_worker(store: Store) -> None:
    mine, ended, other = submission(), submission(), submission(worker="w2")
    for s in (mine, ended, other):
        store.begin(s)
    store.record("w1", [], [ending(ended, 1)])
    assert [run.id for run in store.runs_of("w1")] == [mine.run.id]
    assert store.runs_of("w1")[0].owner == ME


def test_a_question_below_the_leaf_is_refused_when_the_leaf_has_moved(store: Store) -> None:
    first = submission()
    store.begin(first)
    late, other = (submission(chat=first.chat, request_id=f"late {n}") for n in range(2))
    late = msgspec.structs.replace(late, leaf_before=first.chat.leaf_id, follows_leaf=True)
    store.begin(other)
    with pytest.raises(LeafMoved):
        store.begin(late)
    assert len(store.messages(ME, first.chat.id)) == 4
    assert store.run(ME, late.run.id) is None
    moved = msgspec.structs.replace(late, leaf_before=other.chat.leaf_id)
    assert store.begin(moved) is None
    chat = store.chat(ME, first.chat.id)
    assert chat is not None
    assert chat.leaf_id == moved.chat.leaf_id


def test_a_shorter_batch_that_comes_late_replaces_nothing(store: Store) -> None:
    s = submission()
    store.begin(s)
    for n in (7, 3, 7, 1):
        store.record("w1", [Batch(run_id=s.run.id, first=1, events=texts(1, n))], [])
    assert store.events(s.run.id, 0) == texts(1, 7)


def test_events_behind_a_hole_are_not_given_another_number(store: Store) -> None:
    s = submission()
    store.begin(s)
    store.record("w1", [Batch(run_id=s.run.id, first=first, events=texts(first, 2)) for first in (1, 5)], [])
    assert store.events(s.run.id, 0) == texts(1, 2)
    assert store.events(s.run.id, 2) == []
    assert store.events(s.run.id, 4) == texts(5, 2)


def test_the_end_stays_whatever_a_worker_that_lost_the_run_still_writes(store: Store) -> None:
    s = submission()
    store.begin(s)
    end = RunEvent("end", {"state": "interrupted"}, 9)
    store.record("w1", [Batch(run_id=s.run.id, first=1, events=texts(1, 2))], [])
    store.record("w1", [Batch(run_id=s.run.id, first=3, events=[end])], [ending(s, 3, state="interrupted")])
    if isinstance(store, MongoStore):  # after it was asked whose Run it is; SQLite has one transaction
        late = Batch(run_id=s.run.id, first=3, events=texts(3, 4))
        store._bulk("run_events", [upsert(late)])
    for after in range(4):
        assert store.events(s.run.id, after) == [*texts(1, 2), end][after:]
    assert store.events(s.run.id, 4) == []


def test_a_request_whose_submission_was_broken_off_can_be_made_again(store: Store) -> None:
    s = submission(request_id="r1", lease=5)
    if not isinstance(store, MongoStore):
        return  # its `begin` is one transaction: nothing is ever broken off
    store._submissions._claim([_Turn(s)])
    again = submission(request_id="r1")
    assert store.begin(again) is None
    assert store.run(ME, s.run.id) is None
    assert store.begin(submission(request_id="r1")) is not None


def test_a_message_larger_than_a_document_is_kept_as_far_as_it_fits(store: Store) -> None:
    s = submission()
    store.begin(s)
    store.record("w1", [], [ending(s, 1, content="é" * (9 << 20), reasoning="x" * (9 << 20))])
    kept = store.messages(ME, s.chat.id)[1]
    assert (kept.state, kept.content[:3]) == ("complete", "ééé")
    assert len(kept.content.encode()) >= 7 << 20
