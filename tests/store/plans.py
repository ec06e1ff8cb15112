"""How a store answers: the plan of every statement that a call runs, as the database itself tells it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from chatstream.store import sqlite_threads
from chatstream.store.mongo import MongoStore
from chatstream.store.sqlite import SqliteStore

Call = Callable[[], Any]


class Done(NamedTuple):
    """One command of MongoDB's."""

    command: str
    """Its name and its collection: "distinct messages"."""
    plan: str
    """The stages that read, with their indexes: "IXSCAN { _id: 1 }"."""
    keys: int
    documents: int
    sorted: bool
    """Whether documents were sorted in memory."""


def of_sqlite(store: SqliteStore, call: Call) -> list[str]:
    """The lines of EXPLAIN QUERY PLAN, of all statements."""
    statements: list[str] = []
    readers = {id(c): c for c in (store._readers.run(lambda c: c) for _ in range(20))}.values()
    for reader in readers:
        reader.set_trace_callback(statements.append)
    call()
    for reader in readers:
        reader.set_trace_callback(None)
    connection = sqlite_threads.connect(store._path)
    asked = [each for each in statements if not each.startswith("--") and "words_" not in each]  # the rest is FTS5's
    plans = [row["detail"] for each in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {each}")]
    connection.close()
    return plans


def of_mongo(store: MongoStore, call: Call) -> list[Done]:
    """What the server's profile has of all commands."""
    database = store._collection("chats").database
    database.command("profile", 2)
    call()
    database.command("profile", 0)
    of_collections = {"ns": {"$regex": "chats|messages|run"}, "planSummary": {"$exists": True}}
    found = list(database["system.profile"].find(of_collections).sort("ts"))
    database["system.profile"].drop()
    return [_done(each) for each in found]


def _done(p: dict[str, Any]) -> Done:
    name = f"{next(iter(p['command']))} {p['ns'].partition('.')[2]}"
    return Done(name, p["planSummary"], p["keysExamined"], p["docsExamined"], bool(p.get("hasSortStage")))
