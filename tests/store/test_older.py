"""Databases that an older version made."""

import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from chatstream.store import mongo_indexes, sqlite_older
from chatstream.store.mongo import MongoStore
from chatstream.store.mongo_documents import to_document
from chatstream.store.records import batches, new_id
from chatstream.store.sqlite import SqliteStore
from chatstream.wire.events import RunEvent
from tests.servers.mongod import Mongod
from tests.store.conftest import ME, submission

OLD = """CREATE TABLE chats (
  n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, title TEXT NOT NULL, leaf_id TEXT,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
);
INSERT INTO chats (id, owner, title, created_at, updated_at) VALUES ('c', 'me', 'Old', 1, 2);
CREATE TABLE presets (
  id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, system TEXT NOT NULL, params TEXT NOT NULL
);
INSERT INTO presets VALUES ('p', 'me', 'Old', '', '{}');"""
WORDS_BY_MESSAGE = """
DROP VIEW chat_texts; DROP TABLE words; DROP TABLE new_words;
CREATE VIRTUAL TABLE message_words USING fts5(content, content='messages', content_rowid='n');
CREATE TRIGGER message_added AFTER INSERT ON messages BEGIN
  INSERT INTO message_words (rowid, content) VALUES (new.n, new.content);
END;
CREATE TRIGGER message_removed AFTER DELETE ON messages BEGIN
  INSERT INTO message_words (message_words, rowid, content) VALUES ('delete', old.n, old.content);
END;
CREATE VIRTUAL TABLE chat_words USING fts5(title, content='chats', content_rowid='n');
CREATE TRIGGER chat_added AFTER INSERT ON chats BEGIN
  INSERT INTO chat_words (rowid, title) VALUES (new.n, new.title);
END;"""

WORDS_AT_ONCE = """
DROP VIEW chat_texts; DROP TABLE new_words;
CREATE TRIGGER words_of_chat AFTER INSERT ON chats BEGIN
  INSERT INTO words (rowid, text) SELECT n, text FROM texts WHERE chat_id = new.id;
END;
CREATE TRIGGER words_of_message AFTER INSERT ON messages WHEN new.content <> '' BEGIN
  INSERT INTO words (rowid, text) SELECT n, new.content FROM chats WHERE id = new.chat_id;
END;
CREATE TRIGGER words_of_answer AFTER UPDATE OF content ON messages
WHEN old.content = '' AND new.content <> '' BEGIN
  INSERT INTO words (rowid, text) SELECT n, new.content FROM chats WHERE id = new.chat_id;
END;
CREATE TRIGGER words_of_changed_message AFTER UPDATE OF content ON messages
WHEN old.content <> '' AND old.content <> new.content BEGIN
  INSERT INTO words (words, rowid, text) SELECT 'delete', n, old.content FROM chats WHERE id = new.chat_id;
  INSERT INTO words (rowid, text) SELECT n, text FROM texts WHERE chat_id = new.chat_id;
END;
CREATE TRIGGER words_of_renamed_chat AFTER UPDATE OF title ON chats WHEN old.title <> new.title BEGIN
  INSERT INTO words (words, rowid, text) VALUES ('delete', new.n, old.title);
  INSERT INTO words (rowid, text) SELECT n, text FROM texts WHERE chat_id = new.id;
END;
CREATE TRIGGER words_of_deleted_chat BEFORE DELETE ON chats BEGIN
  INSERT INTO words (words, rowid, text) SELECT 'delete', n, text FROM texts WHERE chat_id = old.id;
END;
CREATE VIEW texts (chat_id, n, text) AS
  SELECT id, n, title FROM chats
  UNION ALL
  SELECT chat_id, chats.n, group_concat(content, char(10)) FROM chats JOIN messages ON chat_id = chats.id
  WHERE content <> '' GROUP BY chat_id, messages.n / 32;"""


def test_a_database_from_before_system_prompts_and_tools_is_taken_over(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "chatstream.db")
    connection.executescript(OLD)
    connection.close()
    for _ in range(2):
        SqliteStore(tmp_path).prepare()
    store = SqliteStore(tmp_path)
    old = store.chat(ME, "c")
    assert old is not None
    assert (old.title, old.system, old.tools, old.params) == ("Old", None, [], {})
    assert (old.pinned, old.archived, old.titled, old.share) == (False, False, "user", None)
    assert store.shelf(ME, "listed", None, 9).chats == [old]
    assert [(preset.name, preset.is_default) for preset in store.presets(ME)] == [("Old", False)]
    store.change(ME, "c", {"tools": ["clock"]})
    s = submission()
    store.begin(s)
    assert [chat.tools for chat in store.chats(ME, "", None, 9).chats] == [[], ["clock"]]
    store.close()


def test_words_that_were_indexed_by_message_are_by_chat_also_after_a_start_that_was_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = [submission(prompt=f"fish {n}") for n in range(7)]
    _make_old(tmp_path, WORDS_BY_MESSAGE, [row for s in made for row in (s.chat, *s.messages)])
    monkeypatch.setattr(sqlite_older, "_PORTION", 2)
    with monkeypatch.context() as broken:
        portions = iter([sqlite_older._add_portion])
        broken.setattr(sqlite_older, "_add_portion", lambda c: next(portions)(c))
        with pytest.raises(StopIteration):
            SqliteStore(tmp_path).prepare()
    store = SqliteStore(tmp_path)
    assert len(store.chats(ME, "fish", None, 9).chats) == 2
    with caplog.at_level(logging.WARNING):
        store.prepare()
    assert "5 chats" in caplog.text
    assert {chat.id for chat in store.chats(ME, "fish", None, 9).chats} == {s.chat.id for s in made}
    for s in made:
        store.delete(ME, s.chat.id)
    assert store.chats(ME, "fish", None, 9).chats == []
    with sqlite3.connect(tmp_path / "chatstream.db") as c:
        names = {name for (name,) in c.execute("SELECT name FROM sqlite_schema")}
    assert not names & {"message_words", "chat_words", "message_added", "chat_added", "unindexed"}
    store.close()


def test_words_that_were_added_one_by_one_stay_and_can_be_taken_out(tmp_path: Path) -> None:
    made = [submission(prompt=f"fish {n}") for n in range(7)]
    _make_old(tmp_path, WORDS_AT_ONCE, [row for s in made for row in (s.chat, *s.messages)])
    store = SqliteStore(tmp_path)
    store.prepare()
    for s in made:
        store.begin(submission(chat=s.chat, prompt="They swim."))
    assert len(store.chats(ME, "fish swim", None, 9).chats) == 7
    store.change(ME, made[0].chat.id, {"title": "Birds"})
    for s in made:
        store.delete(ME, s.chat.id)
    assert [store.chats(ME, word, None, 9).chats for word in ("fish", "swim", "birds")] == [[], [], []]
    with sqlite3.connect(tmp_path / "chatstream.db") as c:
        left = c.execute("SELECT name FROM sqlite_schema WHERE sql LIKE '% texts %'").fetchall()
    assert left == []
    store.close()


def _make_old(folder: Path, words: str, records: list[Any]) -> None:
    """A database of a version before, with these chats and messages.

    :param words: how it indexed them
    """
    store = SqliteStore(folder)
    store.prepare()
    store.close()
    with sqlite3.connect(folder / "chatstream.db") as c:
        for (name,) in c.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            c.execute(f"DROP TRIGGER {name}")
        c.executescript(words)
    c.close()
    with SqliteRows(folder) as rows:
        rows.insert(records)


class SqliteRows:
    """Rows written as they are, by whatever triggers the file has."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / "chatstream.db")

    def __enter__(self) -> "SqliteRows":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.commit()
        self._connection.close()

    def insert(self, records: list[Any]) -> None:
        for record in records:
            given = to_document(record).items()
            fields = {k: v for k, v in given if k not in ("words", "_id") and v not in (None, [], {})}
            fields["id"] = record.id
            table = "chats" if "title" in fields else "messages"
            marks = ", ".join("?" * len(fields))
            values = list(fields.values())
            self._connection.execute(f"INSERT INTO {table} ({', '.join(fields)}) VALUES ({marks})", values)


def test_a_mongodb_with_text_indexes_gets_words(
    mongod: Mongod, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    uri, made = mongod.database_uri(f"older_{new_id()}"), [submission(prompt=f"fish {n}") for n in range(7)]
    with mongod.client() as client:
        database = client[uri.rpartition("/")[2].partition("?")[0]]
        for name, text, records in (
            ("chats", "title", [s.chat for s in made]),
            ("messages", "content", [m for s in made for m in s.messages]),
        ):
            documents = [to_document(record) for record in records]
            database[name].insert_many([{k: v for k, v in d.items() if k != "words"} for d in documents])
            database[name].create_index([(text, "text")])
        database["messages"].create_index([("chat_id", 1), ("created_at", 1)])
        monkeypatch.setattr(mongo_indexes, "_PORTION", 2)
        store = MongoStore(uri)
        with caplog.at_level(logging.WARNING):
            store.prepare()
            store.prepare()
        assert caplog.text.count("all messages") == 1
        assert {chat.id for chat in store.chats(ME, "fish", None, 9).chats} == {s.chat.id for s in made}
        assert store.messages(ME, made[3].chat.id) == made[3].messages
        names = {name for each in ("chats", "messages") for name in database[each].index_information()}
        assert not names & {"title_text", "content_text", "chat_id_1_created_at_1"}
        store.close()


def test_events_that_lay_by_run_are_put_one_after_the_other(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.prepare()
    made = submission()
    store.begin(made)
    events = [RunEvent("text", str(n), n) for n in range(1, 5)]
    store.record(made.run.worker, batches(made.run.id, 2, events[:2]) + batches(made.run.id, 4, events[2:]), [])
    store.close()
    with sqlite3.connect(tmp_path / "chatstream.db") as connection:
        connection.executescript(
            "CREATE TABLE run_events (run_id, first, last, events, PRIMARY KEY (run_id, first))"
            " WITHOUT ROWID; INSERT INTO run_events SELECT run_id, first, last, events FROM run_batches;"
            " DELETE FROM run_batches;"
        )
    store = SqliteStore(tmp_path)
    store.prepare()
    assert store.events(made.run.id, 1) == events
    found = store.run(ME, made.run.id)
    assert found is not None
    assert found.seq == 5
    store.close()


def test_words_that_an_older_mongodb_has_in_pieces_are_composed_once(
    mongod: Mongod, caplog: pytest.LogCaptureFixture
) -> None:
    uri, s = mongod.database_uri(f"older_{new_id()}"), submission(prompt="がくせい")
    with mongod.client() as client:
        database = client[uri.rpartition("/")[2].partition("?")[0]]
        database["chats"].insert_one({**to_document(s.chat), "title": "plain", "words": ["plain"]})
        database["messages"].insert_one({**to_document(s.messages[0]), "words": ["か", "くせい"]})
    store = MongoStore(uri)
    with caplog.at_level(logging.WARNING):
        store.prepare()
        store.prepare()
    assert [found.id for found in store.chats(ME, "がく", None, 9).chats] == [s.chat.id]
    assert (caplog.text.count("all messages"), caplog.text.count("all chats")) == (1, 0)
    store.close()


def test_chats_of_an_older_mongodb_are_listed_and_keep_their_titles(mongod: Mongod) -> None:
    uri, s = mongod.database_uri(f"older_{new_id()}"), submission()
    with mongod.client() as client:
        database = client[uri.rpartition("/")[2].partition("?")[0]]
        lacking = ("pinned", "archived", "titled", "share", "params")
        database["chats"].insert_one({k: v for k, v in to_document(s.chat).items() if k not in lacking})
    store = MongoStore(uri)
    store.prepare()
    (chat,) = store.shelf(ME, "listed", None, 9).chats
    assert (chat.id, chat.titled, chat.pinned, chat.params) == (s.chat.id, "user", False, {})
    assert not store.entitle(ME, s.chat.id, "By the model")
    store.close()
