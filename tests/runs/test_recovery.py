"""What dead workers left, taken up by another: their spools, their Runs; and Runs followed through the store."""

from pathlib import Path

import gevent
import pytest

from chatstream.errors import Gone, StoreUnavailable, WorkerLost
from chatstream.runs import recovery
from chatstream.runs.distant import Mirrors
from chatstream.runs.recovery import Sweeper
from chatstream.runs.run import Run
from chatstream.runs.viewers import Pulse
from chatstream.store.records import Batch, new_id
from chatstream.store.spool import Spool, Spooled, encode
from tests.runs.conftest import WORKER, Failing, begin

pytestmark = pytest.mark.alone

OTHER = new_id()
END = {"chatId": "c", "state": "complete", "usage": None, "timings": None}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "workers"


def died(spool: Spool) -> None:
    """What the kernel does to the file of a process that was killed."""
    spool.open().close()


def text(run: Run, *pieces: str) -> Run:
    for piece in pieces:
        run.append("text", piece)
    return run


def spooled(run: Run, first: int, last: int) -> bytes:
    return encode(Spooled(run.record, first, run.events[first - 1 : last]))


def test_the_spool_of_a_dead_worker_is_taken_in_and_its_runs_get_an_end(store: Failing, folder: Path) -> None:
    unspooled, running, ended = (text(Run(begin(store, lease=10**15).run), "a", "b", "c") for _ in range(3))
    text(ended, "d").append("end", END)
    store.record(WORKER, [Batch(run_id=run.id, first=1, events=run.events[:2]) for run in (running, ended)], [])
    spool = Spool(folder, WORKER)
    spool.write([spooled(running, 2, 4), spooled(ended, 3, 4)])  # the store has the second one already
    spool.write([spooled(ended, 5, 6)])
    sweeper = Sweeper(store, folder, OTHER)
    sweeper.sweep()
    assert store.events(running.id, 0) == running.events[:2]  # its worker lives
    died(spool)
    sweeper.sweep()
    assert store.events(running.id, 0)[:-1] == running.events
    assert store.events(ended.id, 0) == ended.events
    found = [store.messages("me", run.record.chat_id)[1] for run in (unspooled, running, ended)]
    assert [(m.content, m.state) for m in found] == [("", "interrupted"), ("abc", "interrupted"), ("abcd", "complete")]
    assert list(folder.iterdir()) == []
    sweeper.sweep()


def test_a_line_that_was_not_wholly_written_is_passed_over(store: Failing, folder: Path) -> None:
    run = text(Run(begin(store).run), "a", "b")
    spool = Spool(folder, WORKER)
    spool.write([spooled(run, 1, 2)])
    with (folder / WORKER).open("ab") as file:
        file.write(b'{"run":{"id":"')
    died(spool)
    Sweeper(store, folder, OTHER).sweep()
    assert [event.kind for event in store.events(run.id, 0)] == ["ids", "text", "end"]


def test_a_spool_is_kept_until_the_store_takes_it(store: Failing, folder: Path) -> None:
    run = text(Run(begin(store).run), "a")
    spool = Spool(folder, WORKER)
    spool.write([spooled(run, 1, 2)])
    died(spool)
    store.away = "before"
    with pytest.raises(StoreUnavailable):
        Sweeper(store, folder, OTHER).sweep()
    store.away = ""
    Sweeper(store, folder, OTHER).sweep()
    assert store.messages("me", run.record.chat_id)[1].content == "a"


def test_what_was_spooled_of_a_deleted_chat_is_dropped(store: Failing, folder: Path) -> None:
    run = text(Run(begin(store).run), "a")
    spool = Spool(folder, WORKER)
    spool.write([spooled(run, 1, 2)])
    store.delete("me", run.record.chat_id)
    died(spool)
    Sweeper(store, folder, OTHER).sweep()
    assert store.events(run.id, 0) == []
    assert list(folder.iterdir()) == []


def test_a_lease_that_is_over_counts_once_the_store_was_there_for_a_while(
    store: Failing, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan = begin(store, lease=5).run
    folder.mkdir()
    sweeper = Sweeper(store, folder, OTHER)
    sweeper.sweep()
    assert [run.id for run in store.orphans(10)] == [orphan.id]
    monkeypatch.setattr(recovery, "REACHED_S", 0.0)
    spool = Spool(folder, WORKER)
    spool.write([encode(Spooled(orphan, 1, []))])  # it lives, and waits for the store as well
    sweeper.sweep()
    assert [run.id for run in store.orphans(10)] == [orphan.id]
    spool.clear()
    sweeper.sweep()
    assert store.orphans(10) == []


def test_all_viewers_of_a_run_elsewhere_share_one_poll(store: Failing, monkeypatch: pytest.MonkeyPatch) -> None:
    run = text(Run(begin(store).run), "a", "b")
    store.record(WORKER, [Batch(run_id=run.id, first=1, events=run.events)], [])
    asked = []
    events = store.events
    monkeypatch.setattr(store, "events", lambda run_id, after: asked.append(after) or events(run_id, after))
    mirrors = Mirrors(store, Pulse(15))
    viewers = [mirrors.follow(run.record, after) for after in (0, 1, 2, 2)]
    assert [len(next(viewer)) for viewer in viewers] == [3, 2, 1, 1]
    assert asked == [0]
    for viewer in viewers:
        viewer.close()
    gevent.sleep(0.3)
    assert len(asked) <= 2


def test_an_orphan_becomes_interrupted_with_the_text_that_was_stored(store: Failing) -> None:
    submission = begin(store, lease=5)
    run = Run(submission.run)
    for piece in ("Hel", "lo"):
        run.append("text", piece)
    store.record(WORKER, [Batch(run_id=run.id, first=1, events=run.events)], [])
    assert store.orphans(5) == []
    orphans = store.orphans(6)
    for orphan in orphans * 2:  # two workers may find it
        recovery.bury(store, orphan, OTHER)
    events = store.events(run.id, 0)
    assert events[:-1] == run.events
    assert (events[-1].kind, events[-1].data["state"]) == ("end", "interrupted")
    answer = store.messages("me", submission.chat.id)[1]
    assert (answer.content, answer.state, answer.error) == (
        "Hello",
        "interrupted",
        {"message": str(WorkerLost()), "code": "worker_lost"},
    )
    assert store.orphans(6) == []
    followed = [event for some in Mirrors(store, Pulse(15)).follow(submission.run, 1) for event in some]
    assert followed == events[1:]
    with pytest.raises(Gone):
        list(Mirrors(store, Pulse(15)).follow(submission.run, 5))


def test_a_follower_ends_when_the_chat_is_deleted(store: Failing) -> None:
    submission = begin(store)
    store.delete("me", submission.chat.id)
    followed = [event for some in Mirrors(store, Pulse(15)).follow(submission.run, 0) for event in some]
    assert [(event.kind, event.data["state"]) for event in followed] == [("end", "stopped")]
