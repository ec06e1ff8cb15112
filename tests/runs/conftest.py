"""A real SQLite store that can be made to fail as real ones do."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from chatstream.chats.questions import Question, compose
from chatstream.chats.service import Chats
from chatstream.errors import StoreError, StoreUnavailable
from chatstream.store.records import Batch, Ending, Submission, new_id
from chatstream.store.sqlite import SqliteStore

WORKER = new_id()


class Failing(SqliteStore):
    """Is away for writes, before or after the commit, or `refuses` them."""

    away = ""
    refuses = False

    def record(self, worker: str, batches: Sequence[Batch], endings: Sequence[Ending]) -> set[str]:
        if self.refuses:
            raise StoreError("not authorized")
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
    """A stored submission of this worker."""
    question = Question(prompt="Hello", model="m")
    submission = compose(*Chats(store).place("me", None, question), question, WORKER, lease).submission
    store.begin(submission)
    return submission
