"""The recorder and the care for orphans, on a real SQLite store and one that fails as real ones do."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import gevent
import pytest

from chatstream.chats.questions import Question
from chatstream.chats.service import Chats
from chatstream.errors import Interrupted, StoreUnavailable
from chatstream.runs import distant
from chatstream.runs.recorder import Recorder
from chatstream.runs.run import Run
from chatstream.store.records import Batch, Ending, Submission
from chatstream.store.sqlite import SqliteStore

END = {"state": "complete", "usage": None, "timings": None}


class Failing(SqliteStore):
    """Refuses writes while `away`, before or after the commit."""

    away = ""

    def record(self, worker: str, batches: Sequence[Batch], endings: Sequence[Ending]) -> set[str]:
        if self.away == "before":
            raise StoreUnavailable("away")
        lost = super().record(worker, batches, endings)
        if self.away == "after":
            raise StoreUnavailable("the connection broke after the commit")
        return lost


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Failing]:
    store = Failing(tmp_path)
    store.prepare()
    yield store
    store.close()


def begin(store: SqliteStore, lease: int = 1) -> Submission:
    submission = Chats(store).compose("me", None, Question(prompt="Hello", model="m"), "w", lease).submission
    store.begin(submission)
    return submission


@pytest.fixture
def recorder(store: Failing) -> Iterator[Recorder]:
    recorder = Recorder(store, "w", done=lambda run: None, stop=lambda run: None)
    loop = gevent.spawn(recorder.run)
    yield recorder
    loop.kill()


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
    wait_ended(run)
    assert store.events(run.id, 0) == run.events
    answer = store.messages("me", submission.chat.id)[1]
    assert (answer.content, answer.state) == ("abcd", "complete")


def test_viewers_get_the_end_although_the_store_stays_away(
    store: Failing, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatstream.runs.recorder.PATIENCE_S", 0.2)
    run = Run(begin(store).run)
    recorder.add(run)
    store.away = "before"
    run.end = END
    recorder.finish(run)
    wait_ended(run)
    assert run.stored == 0
    store.away = ""
    with gevent.Timeout(10):
        while run.stored < len(run.events):
            gevent.sleep(0.01)
    assert store.events(run.id, 0) == run.events
    assert [event.kind for event in run.events] == ["ids", "end"]


def test_an_orphan_becomes_interrupted_with_the_text_that_was_stored(store: Failing) -> None:
    submission = begin(store, lease=5)
    run = Run(submission.run)
    for piece in ("Hel", "lo"):
        run.append("text", piece)
    store.record("w", [Batch(run_id=run.id, first=1, events=run.events)], [])
    assert store.orphans(5) == []
    orphans = store.orphans(6)
    for orphan in orphans * 2:  # two workers may find it
        distant.bury(store, orphan, "w2")
    events = store.events(run.id, 0)
    assert events[:-1] == run.events
    assert (events[-1].kind, events[-1].data["state"]) == ("end", "interrupted")
    answer = store.messages("me", submission.chat.id)[1]
    assert (answer.content, answer.state, answer.error) == (
        "Hello",
        "interrupted",
        {"message": str(Interrupted()), "code": "interrupted"},
    )
    assert store.orphans(6) == []
    followed = [event for some in distant.follow(store, submission.run, 1, 15) for event in some]
    assert followed == events[1:]


def test_a_follower_ends_when_the_chat_is_deleted(store: Failing) -> None:
    submission = begin(store)
    store.delete("me", submission.chat.id)
    followed = [event for some in distant.follow(store, submission.run, 0, 15) for event in some]
    assert [(event.kind, event.data["state"]) for event in followed] == [("end", "stopped")]


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
    recorder.finish(bad)  # its greenlet ends after it was given up
    recorder._away(StoreUnavailable("away"))


def test_a_run_that_was_taken_over_ends_here_as_it_did_there(store: Failing, recorder: Recorder) -> None:
    run = Run(begin(store).run)
    run.append("text", "a")
    recorder.flush()
    for orphan in store.orphans(10**15):
        distant.bury(store, orphan, "w2")
    recorder.add(run)
    run.append("text", "b")
    run.end = END
    recorder.finish(run)
    wait_ended(run)
    assert run.state == "interrupted"
    assert [event.kind for event in store.events(run.id, 0)] == ["end"]
    answer = store.messages("me", run.record.chat_id)[1]
    assert (answer.state, answer.content) == ("interrupted", "")
