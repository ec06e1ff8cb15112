"""Words that wait for the end of their transaction (schema.sql)."""

import sqlite3


def add_waiting(c: sqlite3.Connection) -> None:
    """The first text of each chat, the second of each, and so on: FTS5 writes out all it has gathered in memory
    whenever a row's number is not above the last one's."""
    if c.execute("SELECT 1 FROM new_words LIMIT 1").fetchone() is None:
        return
    turn = "row_number() OVER (PARTITION BY n ORDER BY at)"
    c.execute(f"INSERT INTO words (rowid, text) SELECT n, text FROM new_words ORDER BY {turn}, n")
    c.execute("DELETE FROM new_words")
