"""Databases of older versions, taken over when a server starts.

What takes long is done in portions, each a transaction: whoever else uses the database waits for one of them at most,
and a start that is broken off goes on where it was.
"""

import itertools
import logging
import sqlite3
import time
from collections.abc import Iterator

_ADDED = {
    "chats": {
        "system": "TEXT",
        "tools": "TEXT NOT NULL DEFAULT '[]'",
        "params": "TEXT NOT NULL DEFAULT '{}'",
        "pinned": "INTEGER NOT NULL DEFAULT 0",
        "archived": "INTEGER NOT NULL DEFAULT 0",
        "titled": "TEXT NOT NULL DEFAULT 'user'",  # it may be a person's
        "share": "TEXT",
    },
    "messages": {"files": "TEXT"},
    "presets": {"is_default": "INTEGER NOT NULL DEFAULT 0"},
}
"""Columns that databases of older versions lack, by table."""
_WORDS_BY_MESSAGE = ("message_words", "chat_words")
_PORTION = 200
"""Chats whose words are added in one transaction: about a tenth of a second for 20 messages each."""
_NEWS_S = 5.0

_log = logging.getLogger(__name__)


def take_over(c: sqlite3.Connection) -> None:
    """Bring a database with today's tables, and whatever an older version left, up to date."""
    if _exists(c, "run_events"):
        _move_events(c)
    if _exists(c, "message_words"):
        _begin_words_anew(c)
    if _exists(c, "unindexed"):
        _add_words(c)


def _exists(c: sqlite3.Connection, table: str) -> bool:
    return c.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", (table,)).fetchone() is not None


def add_columns(c: sqlite3.Connection) -> None:
    """Columns that are new, in a database that has the table: before today's schema, whose indexes need them."""
    c.execute("BEGIN IMMEDIATE")
    for table, columns in _ADDED.items():
        present = {row["name"] for row in c.execute(f"PRAGMA table_info({table})")}
        for name, kind in columns.items() if present else ():
            if name not in present:
                c.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")
    c.execute("COMMIT")


def _move_events(c: sqlite3.Connection) -> None:
    """Events lay by Run: they are put one after the other, the oldest first."""
    c.execute("BEGIN IMMEDIATE")
    rows = "SELECT run_id, first, last, events FROM run_events ORDER BY run_id, first"
    c.execute(f"INSERT OR IGNORE INTO run_batches (run_id, first, last, events) {rows}")
    c.execute("DROP TABLE run_events")
    c.execute("COMMIT")


def _begin_words_anew(c: sqlite3.Connection) -> None:
    """Full text was indexed by message: remove that, and note the chats that lack words by chat."""
    c.execute("BEGIN IMMEDIATE")
    for event in ("message_added", "message_changed", "message_removed", "chat_added", "chat_renamed", "chat_removed"):
        c.execute(f"DROP TRIGGER IF EXISTS {event}")
    for table in _WORDS_BY_MESSAGE:
        c.execute(f"DROP TABLE IF EXISTS {table}")
    c.execute("CREATE TABLE IF NOT EXISTS unindexed (n INTEGER PRIMARY KEY)")
    c.execute("INSERT OR IGNORE INTO unindexed SELECT n FROM chats")
    c.execute("COMMIT")


def _add_words(c: sqlite3.Connection) -> None:
    said = time.monotonic()
    left = _left(c)
    _log.warning("The words of %d chats are indexed anew, once: 1000 chats take about a second.", left)
    while left:
        _add_portion(c)
        left = _left(c)
        if time.monotonic() - said > _NEWS_S:
            said = time.monotonic()
            _log.warning("%d chats are left to be indexed.", left)
    c.execute("DROP TABLE IF EXISTS unindexed")


def _left(c: sqlite3.Connection) -> int:
    (left,) = c.execute("SELECT count(*) FROM unindexed").fetchone()
    return int(left)


def _add_portion(c: sqlite3.Connection) -> None:
    c.execute("BEGIN IMMEDIATE")
    newest = f"SELECT n FROM unindexed ORDER BY n DESC LIMIT {_PORTION}"
    chat_ids = c.execute(f"SELECT id FROM chats WHERE n IN ({newest}) ORDER BY n").fetchall()
    texts = [c.execute("SELECT n, text FROM chat_texts WHERE chat_id = ?", chat_id).fetchall() for chat_id in chat_ids]
    c.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", _in_turns(texts))
    c.execute(f"DELETE FROM unindexed WHERE n IN ({newest})")
    c.execute("COMMIT")


def _in_turns(texts: list[list[sqlite3.Row]]) -> Iterator[sqlite3.Row]:
    """The first text of each chat, the second of each, and so on: FTS5 writes out all it has gathered in memory
    whenever a row's number is not above the last one's, which took three times as long."""
    for turn in itertools.zip_longest(*texts):
        yield from filter(None, turn)
