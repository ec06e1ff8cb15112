"""Orders and leases: who has a run, who tells it to stop, and who takes it over."""

from collections.abc import Callable

import gevent

from chatstream.store.ports import Store
from chatstream.store.records import Batch
from tests.store.conftest import ME, ending, submission, texts


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
