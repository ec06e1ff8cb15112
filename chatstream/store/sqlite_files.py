"""Uploads in SQLite: taken by their question, or gone."""

import sqlite3

from chatstream.store.records import UPLOAD_MS, Submission, check_uploads


def take(c: sqlite3.Connection, submission: Submission) -> None:
    """Its uploads become files of its question.

    :raises LeafMoved: if one is none any more
    """
    query = "UPDATE files SET chat_id = ?, message_id = ? WHERE id = ? AND owner = ? AND chat_id IS NULL"
    chat, question_id = submission.chat, submission.messages[0].id
    rows = [(chat.id, question_id, file_id, chat.owner) for file_id in submission.uploads]
    check_uploads(submission, sum(c.execute(query, row).rowcount for row in rows))


def sweep(c: sqlite3.Connection, now: int) -> None:
    """Remove those that have waited too long."""
    c.execute("DELETE FROM files WHERE chat_id IS NULL AND created_at < ?", (now - UPLOAD_MS,))


def discard(c: sqlite3.Connection, owner: str, file_id: str) -> None:
    c.execute("DELETE FROM files WHERE id = ? AND owner = ? AND chat_id IS NULL", (file_id, owner))
