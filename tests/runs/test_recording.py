"""The recorder and its spool, on a real SQLite store that can be made to fail as real ones do."""

import errno
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest

from chatstream.errors import StoreUnavailable
from chatstream.runs import recovery
from chatstream.runs.recorder import Recorder
from chatstream.runs.run import Run
from chatstream.store.spool import Spool
from tests.runs.conftest import WORKER, Failing, begin

pytestmark = pytest.mark.alone

END = {"state": "complete", "usage": None, "timings": None}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "workers"


@pytest.fixture
def released() -> list[Run]:
    """The Runs that the recorder let go."""
    return []


@pytest.fixture
def recorder(store: Failing, folder: Path, released: list[Run]) -> Iterator[Recorder]:
    spool = Spool(folder, WORKER)
    spool.open()
    recorder = Recorder(store, spool, WORKER, done=released.append, stop=lambda run: None)
    loops = [gevent.spawn(recorder.run), gevent.spawn(guard, recorder)]
    yield recorder
    gevent.killall(loops)
    spool.close()


def guard(recorder: Recorder) -> None:
    while True:
        recorder.guard()
        gevent.sleep(0.05)


def wait_ended(run: Run) -> None:
    with gevent.Timeout(10):
        while not run.ended:
            gevent.sleep(0.01)


@pytest.mark.parametrize("away", ["before", "after"])
def test_what_could_not_be_written_is_written_later_once(store: Failing, recorder: Recorder, away: str) -> None:
    submission = begin(store)
    run = Run(submission.run)
    recorder.add(run)
    run.append("text", "a")
    recorder.flush()
    store.away = away
    for piece in "bc":
        run.append("text", piece)
        gevent.sleep(0.3)
    store.away = ""
    run.append("text", "d")
    run.end = END
    recorder.finish(run)
    wait_for(lambda: recorder.idle)
    assert store.events(run.id, 0) == run.events
    answer = store.messages("me", submission.chat.id)[1]
    assert (answer.content, answer.state) == ("abcd", "complete")


def wait_for(true: Callable[[], Any]) -> None:
    with gevent.Timeout(10):
        while not true():
            gevent.sleep(0.01)


def answered(store: Failing, recorder: Recorder, *pieces: str) -> Run:
    """A Run that has ended, as far as it goes without the store."""
    run = Run(begin(store).run)
    recorder.add(run)
    for piece in pieces:
        run.append("text", piece)
    run.end = END
    recorder.finish(run)
    return run


def test_what_the_store_does_not_take_is_spooled_and_then_its_end_is_given(
    store: Failing, recorder: Recorder, folder: Path
) -> None:
    store.away = "before"
    run = Run(begin(store).run)
    recorder.add(run)
    run.append("text", "a")
    wait_for(lambda: (folder / WORKER).stat().st_size)
    assert (run.stored, run.ended) == (0, False)
    run.append("text", "b")
    run.end = END
    recorder.finish(run)
    wait_ended(run)
    lines = (folder / WORKER).read_text().splitlines()
    assert [len(json.loads(line)["events"]) for line in lines] == [2, 2]  # nothing is spooled twice
    assert (run.stored, recorder.idle) == (0, False)
    store.away = ""
    wait_for(lambda: recorder.idle)
    assert store.events(run.id, 0) == run.events
    assert (folder / WORKER).stat().st_size == 0


def test_viewers_get_the_end_although_neither_store_nor_spool_can_be_written(
    store: Failing, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatstream.runs.recorder.PATIENCE_S", 0.2)
    monkeypatch.setattr("chatstream.store.spool.os.fdatasync", disk_full)
    store.away = "before"
    run = answered(store, recorder, "a")
    wait_ended(run)
    store.away = ""
    wait_for(lambda: run.stored == len(run.events))
    assert store.events(run.id, 0) == run.events
    assert [event.kind for event in run.events] == ["ids", "text", "end"]


def disk_full(descriptor: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_what_is_too_much_for_the_memory_stays_in_the_spool_alone(
    store: Failing, recorder: Recorder, released: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatstream.runs.spooling.HELD_BYTES", 400)
    store.away = "before"
    first = answered(store, recorder, "a" * 300)
    wait_ended(first)
    second, third = (answered(store, recorder, letter * 300) for letter in "bc")
    running = Run(begin(store).run)
    recorder.add(running)
    running.append("text", "d" * 300)
    wait_for(lambda: len(released) == 3)
    assert released == [first, second, third]
    store.away = "after"  # the first attempt arrives, but is not heard of
    gevent.sleep(0.5)
    running.append("text", "e")
    store.away = ""
    wait_for(lambda: recorder._spooling.empty and running.stored == 3)
    for run in (first, second, third, running):
        assert store.events(run.id, 0) == run.events
    answers = [store.messages("me", run.record.chat_id)[1] for run in (first, second, third)]
    assert [(a.content[:1], len(a.content), a.state) for a in answers] == [(x, 300, "complete") for x in "abc"]


def test_the_recorder_waits_when_there_is_nothing_left_to_write_but_what_the_spool_alone_has(
    store: Failing, recorder: Recorder, released: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatstream.runs.spooling.HELD_BYTES", 0)
    store.away = "before"
    run = answered(store, recorder, "a" * 300)
    wait_for(lambda: released == [run])
    recorder._next = 0
    recorder.flush()  # it has no Run in memory: only the spool is to be taken in
    assert not recorder.idle
    store.away = ""
    wait_for(lambda: recorder.idle)
    assert store.events(run.id, 0) == run.events


def test_one_run_that_cannot_be_written_keeps_no_other_from_the_store(store: Failing, recorder: Recorder) -> None:
    good, bad = (Run(begin(store).run) for _ in range(2))
    for run in (good, bad):
        recorder.add(run)
        run.append("text", "fine ")
    recorder.flush()
    gevent.sleep(0.3)
    bad.append("text", "half \ud83d")
    good.append("text", "and whole")
    for run in (bad, good):
        run.end = END
        recorder.finish(run)
        wait_ended(run)
    assert (good.state, bad.state) == ("complete", "interrupted")
    assert store.events(good.id, 0) == good.events
    kept = store.run("me", bad.id)
    assert kept is not None
    assert kept.state == "interrupted"
    assert store.events(bad.id, 0)[-1].kind == "end"
    recorder.secure()  # nor from the spool
    recorder.finish(bad)  # its greenlet ends after it was given up
    recorder._away(StoreUnavailable("away"))


def test_a_run_that_was_taken_over_ends_here_as_it_did_there(store: Failing, recorder: Recorder) -> None:
    run = Run(begin(store).run)
    run.append("text", "a")
    recorder.flush()
    for orphan in store.orphans(10**15):
        recovery.bury(store, orphan, "w2")
    recorder.add(run)
    run.append("text", "b")
    run.end = END
    recorder.finish(run)
    wait_ended(run)
    assert run.state == "interrupted"
    assert [event.kind for event in store.events(run.id, 0)] == ["ids", "end"]
    answer = store.messages("me", run.record.chat_id)[1]
    assert (answer.state, answer.content) == ("interrupted", "")


def test_a_long_outage_is_written_in_pieces_that_every_database_takes(store: Failing, recorder: Recorder) -> None:
    store.away = "before"
    run = answered(store, recorder, *["x" * 300_000] * 20)
    wait_ended(run)
    taken: list[int] = []
    record = store.record
    store.away = ""
    store.record = lambda w, found, e: taken.extend(b.last - b.first + 1 for b in found) or record(w, found, e)  # type: ignore[method-assign]
    wait_for(lambda: recorder.idle)
    assert max(taken) == 5  # the ids, and four times 300 000
    assert store.events(run.id, 0) == run.events


def test_a_database_that_refuses_is_tried_again_and_no_answer_is_given_up(store: Failing, recorder: Recorder) -> None:
    store.refuses = True
    runs = [answered(store, recorder, f"answer {n}") for n in range(3)]
    for run in runs:
        wait_ended(run)  # spooled
    assert [run.state for run in runs] == ["complete"] * 3
    gevent.sleep(0.5)
    store.refuses = False
    wait_for(lambda: recorder.idle)
    for run in runs:
        assert store.events(run.id, 0) == run.events


def test_a_backlog_of_many_runs_is_written_in_portions(store: Failing, recorder: Recorder) -> None:
    store.away = "before"
    runs = [answered(store, recorder, *["x" * 500_000] * 4) for _ in range(6)]
    taken: list[int] = []
    record = store.record
    store.record = lambda w, found, e: taken.append(len({b.run_id for b in found})) or record(w, found, e)  # type: ignore[method-assign]
    gevent.sleep(0.5)
    store.away, taken[:] = "", []
    wait_for(lambda: recorder.idle)
    assert max(taken) == 3
    for run in runs:
        assert store.events(run.id, 0) == run.events


def test_a_spool_that_is_removed_is_made_again(store: Failing, recorder: Recorder, folder: Path) -> None:
    store.away = "before"
    run = Run(begin(store).run)
    recorder.add(run)
    run.append("text", "a")
    wait_for(lambda: (folder / WORKER).stat().st_size)
    (folder / WORKER).unlink()
    run.append("text", "b")
    wait_for(lambda: (folder / WORKER).exists() and (folder / WORKER).stat().st_size)
    (line,) = (folder / WORKER).read_text().splitlines()
    assert len(json.loads(line)["events"]) == 3
    store.away = ""
