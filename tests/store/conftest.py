"""One contract, held by every store: SQLite on a real disk, MongoDB as a real one-member replica set."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chatstream.store.mongo import MongoStore
from chatstream.store.ports import Store
from chatstream.store.records import Chat, Ending, Message, RunRecord, Submission, new_id
from chatstream.store.sqlite import SqliteStore
from chatstream.wire.events import RunEvent

ME, OTHER = "me", "somebody else"


@pytest.fixture(params=["sqlite", "mongo"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Makes a store on the same data each time it is called: the first is a worker, the next another one."""
    opened: list[Store] = []
    mongod = request.getfixturevalue("mongod") if request.param == "mongo" else None
    database = f"contract_{new_id()}"

    def open_() -> Store:
        store: Store = MongoStore(mongod.database_uri(database)) if mongod else SqliteStore(tmp_path / "var")
        store.prepare()
        opened.append(store)
        return store

    yield open_
    for store in opened:
        store.close()


@pytest.fixture
def store(reopen: Callable[[], Store]) -> Store:
    return reopen()


def submission(owner: str = ME, chat: Chat | None = None, prompt: str = "Hello", **run: Any) -> Submission:
    chat_id, question_id, answer_id, run_id = chat.id if chat else new_id(), new_id(), new_id(), new_id()
    fields: dict[str, Any] = {"chat_id": chat_id, "owner": owner, "created_at": 1000}
    question = Message(id=question_id, parent_id=chat.leaf_id if chat else None, role="user", content=prompt, **fields)
    answer = Message(
        id=answer_id, parent_id=question_id, role="assistant", content="", state="running", run_id=run_id, **fields
    )
    new = Chat(
        id=chat_id, owner=owner, title=prompt, leaf_id=answer_id, created_at=1000, updated_at=run.pop("at", 1000)
    )
    record = RunRecord(
        id=run_id, owner=owner, chat_id=chat_id, message_id=answer_id, **{"worker": "w1", "lease": 5000, **run}
    )
    return Submission(chat=new, is_new=chat is None, messages=[question, answer], run=record)


def ending(s: Submission, seq: int, content: str = "Hi", **fields: Any) -> Ending:
    known: dict[str, Any] = {
        "state": "complete",
        "reasoning": "",
        "tool_calls": None,
        "error": None,
        "usage": {"completion_tokens": 1},
        "timings": {"totalMs": 5},
        "at": 2000,
    }
    ids = {"run_id": s.run.id, "message_id": s.run.message_id, "chat_id": s.chat.id}
    return Ending(seq=seq, content=content, **{**known, **ids, **fields})


def texts(first: int, n: int) -> list[RunEvent]:
    return [RunEvent("text", f"é{i} 😀\n", i) for i in range(first, first + n)]
