"""Some messages of a chat removed from SQLite, with their words and Runs."""

import sqlite3

import msgspec

from chatstream.store import sqlite_words
from chatstream.store.records import Cut

_GONE = "chat_id = ? AND owner = ? AND {} IN (SELECT value FROM json_each(?))"
_REMOVED = _GONE.format("messages.id")
_OF_MESSAGES = _GONE.format("message_id")


def prune(c: sqlite3.Connection, cut: Cut) -> bool:
    place = (cut.chat_id, cut.owner, cut.leaf_before)
    moved = c.execute("UPDATE chats SET leaf_id = ? WHERE id = ? AND owner = ? AND leaf_id IS ?", (cut.leaf_id, *place))
    if not moved.rowcount:
        return False
    ids = msgspec.json.encode(cut.message_ids).decode()
    gone = (cut.chat_id, cut.owner, ids)
    _forget_words(c, gone)
    c.execute(f"DELETE FROM run_batches WHERE run_id IN (SELECT id FROM runs WHERE {_OF_MESSAGES})", gone)
    c.execute(f"DELETE FROM runs WHERE {_OF_MESSAGES}", gone)
    c.execute(f"DELETE FROM messages WHERE {_REMOVED}", gone)
    c.execute(f"DELETE FROM files WHERE {_OF_MESSAGES}", gone)
    c.execute("INSERT INTO words (rowid, text) SELECT n, text FROM chat_texts WHERE chat_id = ?", (cut.chat_id,))
    return True


def _forget_words(c: sqlite3.Connection, gone: tuple[str, str, str]) -> None:
    """As one text, for FTS5 counts: it was not inserted more often (schema.sql). The caller adds again what else has
    these words, when the messages are gone."""
    sqlite_words.add_waiting(c)
    text = "group_concat(content, char(10))"
    query = f"SELECT {text} FROM messages WHERE {_REMOVED} AND content <> ''"
    (words,) = c.execute(query, gone).fetchone()
    if words is not None:
        row = "SELECT 'delete', n, ? FROM chats WHERE id = ?"
        c.execute(f"INSERT INTO words (words, rowid, text) {row}", (words, gone[0]))
