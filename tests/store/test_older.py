"""Databases that an older version made."""

import sqlite3
from pathlib import Path

from chatstream.store.sqlite import SCHEMA, SqliteStore
from tests.store.conftest import ME, submission

OLD = """CREATE TABLE chats (
  n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, title TEXT NOT NULL, leaf_id TEXT,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
);
INSERT INTO chats (id, owner, title, created_at, updated_at) VALUES ('c', 'me', 'Old', 1, 2);"""


def test_a_database_from_before_system_prompts_and_tools_is_taken_over(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "chatstream.db")
    connection.executescript(OLD)
    connection.executescript(SCHEMA.read_text())
    connection.close()
    for _ in range(2):
        SqliteStore(tmp_path).prepare()
    store = SqliteStore(tmp_path)
    old = store.chat(ME, "c")
    assert old is not None
    assert (old.title, old.system, old.tools) == ("Old", None, [])
    store.change(ME, "c", {"tools": ["clock"]})
    s = submission()
    store.begin(s)
    assert [chat.tools for chat in store.chats(ME, "", None, 9).chats] == [[], ["clock"]]
    store.close()
