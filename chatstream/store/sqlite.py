"""SQLite, the embedded default: one file, WAL, full-text search by FTS5. Tables: schema.sql."""

import itertools
import sqlite3
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from chatstream.errors import StoreUnavailable
from chatstream.store import cursors, sqlite_files, sqlite_older, sqlite_pruning, sqlite_words
from chatstream.store.records import (
    Batch,
    Chat,
    Cut,
    Ending,
    File,
    Message,
    Order,
    Page,
    Passage,
    Preset,
    RunRecord,
    Shelf,
    Submission,
    check_place,
)
from chatstream.store.sqlite_rows import R, columns, to_record, to_value
from chatstream.store.sqlite_threads import Readers, Writer, connect, translated
from chatstream.store.words import folded, is_begun, pattern, sought, terms
from chatstream.wire.events import RunEvent, assembled, pack, unpack

SCHEMA = Path(__file__).with_name("schema.sql")
LOOKED_AT = 1000
"""Messages of a chat in which a passage is looked for: reading them takes a thread some milliseconds."""
TOGETHER = 10
"""Chats in which passages are looked for at once; then others have the thread."""
WEIGHED = 20
"""So many more, after the first in which one word stands, are looked at for one in which all do."""


class SqliteStore:
    """Implements `chatstream.store.ports.Store`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "chatstream.db"
        self.name = f"SQLite in {self._path}"
        self._readers = Readers(self._path)
        self._writer = Writer(self._path, sqlite_words.add_waiting)

    # -- the connection's life

    def prepare(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"The folder {self._folder} cannot be made: {error.strerror}.") from error
        with translated():
            connection = connect(self._path, "rwc")
            connection.execute("PRAGMA busy_timeout = 5000")  # workers start together; nothing is served yet
            sqlite_older.add_columns(connection)
            connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA.read_text()} COMMIT;")
            sqlite_older.take_over(connection)
            connection.close()

    def ping(self) -> None:
        self._readers.run(lambda c: c.execute("SELECT 1 FROM chats LIMIT 1").fetchone())

    def close(self) -> None:
        self._readers.close()
        self._writer.close()

    # -- chats

    def chat(self, owner: str, chat_id: str) -> Chat | None:
        rows = self._rows(Chat, "chats WHERE id = ? AND owner = ?", chat_id, owner)
        return rows[0] if rows else None

    def shared(self, token: str) -> Chat | None:
        rows = self._rows(Chat, "chats WHERE share = ?", token)
        return rows[0] if rows else None

    def shelf(self, owner: str, shelf: Shelf, before: str | None, limit: int) -> Page:
        where = "owner = ? AND archived = ? AND pinned = ?"
        return self._page(where, [owner, shelf == "archived", shelf == "pinned"], before, limit)

    def chats(self, owner: str, words: str, before: str | None, limit: int) -> Page:
        if not words.strip():
            return self._page("owner = ?", [owner], before, limit)
        where = "owner = ? AND n IN (SELECT rowid FROM words WHERE words MATCH ?)"
        return self._page(where, [owner, _matched(terms(words))], before, limit)

    def passages(self, owner: str, chat_ids: Sequence[str], words: str) -> dict[str, Passage]:
        query = "SELECT id, content FROM messages WHERE chat_id = ? AND owner = ? ORDER BY n LIMIT ?"
        wanted = sought(words)
        any_word, each = pattern(wanted), [pattern([word]) for word in wanted]

        def passage(c: sqlite3.Connection, chat_id: str) -> Passage | None:
            rows = (Passage(row["id"], row["content"]) for row in c.execute(query, (chat_id, owner, LOOKED_AT)))
            first = next((one for one in rows if any_word.search(one.text)), None)
            near = itertools.chain([first] if first else [], itertools.islice(rows, WEIGHED))
            return next((one for one in near if all(word.search(one.text) for word in each)), first)

        def job(c: sqlite3.Connection, some: Sequence[str]) -> dict[str, Passage]:
            return {chat_id: found for chat_id in some if (found := passage(c, chat_id))}

        found: dict[str, Passage] = {}
        for at in range(0, len(chat_ids) if each else 0, TOGETHER):
            found |= self._readers.run(partial(job, some=chat_ids[at : at + TOGETHER]))
        return found

    def _page(self, condition: str, values: list[object], before: str | None, limit: int) -> Page:
        where = [condition]
        if before is not None:
            where.append("(updated_at, id) < (?, ?)")
            values += cursors.parse(before)
        newest = f"chats WHERE {' AND '.join(where)} ORDER BY updated_at DESC, id DESC LIMIT ?"
        return cursors.page(self._rows(Chat, newest, *values, limit + 1), limit)

    def messages(self, owner: str, chat_id: str) -> list[Message]:
        return self._rows(Message, "messages WHERE chat_id = ? AND owner = ? ORDER BY n", chat_id, owner)

    def change(self, owner: str, chat_id: str, fields: Mapping[str, Any]) -> bool:
        return self._writer.run(lambda c: _change(c, owner, chat_id, fields)) > 0

    def entitle(self, owner: str, chat_id: str, title: str) -> bool:
        query = "UPDATE chats SET title = ?, titled = 'model' WHERE id = ? AND owner = ? AND titled = 'words'"
        return self._writer.run(lambda c: c.execute(query, (title, chat_id, owner)).rowcount) > 0

    def delete(self, owner: str, chat_id: str) -> None:
        def job(c: sqlite3.Connection) -> None:
            mine = (chat_id, owner)
            runs = "SELECT id FROM runs WHERE chat_id = ? AND owner = ?"
            c.execute(f"DELETE FROM run_batches WHERE run_id IN ({runs})", mine)
            c.execute("DELETE FROM chats WHERE id = ? AND owner = ?", mine)  # first: its trigger reads the messages
            for table in ("runs", "messages", "files"):
                c.execute(f"DELETE FROM {table} WHERE chat_id = ? AND owner = ?", mine)

        self._writer.run(job)

    def prune(self, cut: Cut) -> bool:
        return self._writer.run(lambda c: sqlite_pruning.prune(c, cut))

    def append(self, message: Message) -> bool:
        return self._writer.run(lambda c: _append(c, message))

    def add(self, chat: Chat, messages: Sequence[Message], files: Sequence[File] = ()) -> None:
        def job(c: sqlite3.Connection) -> None:
            _insert(c, "files", files)
            _insert(c, "messages", messages)
            _insert(c, "chats", [chat])  # last, as in `_begin`

        self._writer.run(job)

    # -- Runs

    def begin(self, submission: Submission) -> RunRecord | None:
        return self._writer.run(lambda c: _begin(c, submission))

    def withdraw(self, submission: Submission) -> None:
        """Nothing: what the transaction of `begin` did not write is not there."""

    def run(self, owner: str, run_id: str) -> RunRecord | None:
        rows = self._rows(RunRecord, "runs WHERE id = ? AND owner = ?", run_id, owner)
        return rows[0] if rows else None

    def running(self, owner: str, chat_id: str) -> list[str]:
        query = "SELECT id FROM runs WHERE chat_id = ? AND owner = ? AND state = 'running'"
        return [row["id"] for row in self._select(query, chat_id, owner)]

    def events(self, run_id: str, after: int) -> list[RunEvent]:
        query = "SELECT first, events FROM run_batches WHERE run_id = ? AND last > ? ORDER BY first"

        def job(c: sqlite3.Connection) -> list[RunEvent]:
            return assembled(((first, unpack(events)) for first, events in c.execute(query, (run_id, after))), after)

        return self._readers.run(job)

    def record(self, worker: str, batches: Sequence[Batch], endings: Sequence[Ending]) -> set[str]:
        asked = {batch.run_id for batch in batches} | {ending.run_id for ending in endings}

        def job(c: sqlite3.Connection) -> set[str]:
            query = "SELECT id FROM runs WHERE worker = ? AND state = 'running'"
            ours = asked & {row["id"] for row in c.execute(query, (worker,))}
            kept = [batch for batch in batches if batch.run_id in ours]
            _write(c, kept)  # packing is done here, in the writer's thread: large answers would keep the others waiting
            for ending in endings:
                if ending.run_id in ours:
                    _end(c, ending)
            return asked - ours

        return self._writer.run(job)

    def order_stop(self, run_id: str) -> None:
        self._writer.run(lambda c: c.execute("UPDATE runs SET stop = 1 WHERE id = ?", (run_id,)).rowcount)

    def order_watch(self, run_id: str, until: int) -> None:
        query = "UPDATE runs SET watched_until = max(watched_until, ?) WHERE id = ?"
        self._writer.run(lambda c: c.execute(query, (until, run_id)).rowcount)

    def orders(self, worker: str, now: int) -> list[Order]:
        query = (
            "SELECT id, stop FROM runs INDEXED BY runs_ordered WHERE worker = ? AND state = 'running'"
            " AND (stop <> 0 OR watched_until <> 0) AND (stop = 1 OR watched_until > ?)"
        )
        return [Order(row["id"], bool(row["stop"])) for row in self._select(query, worker, now)]

    def renew(self, worker: str, lease: int) -> None:
        query = "UPDATE runs SET lease = ? WHERE worker = ? AND state = 'running'"
        self._writer.run(lambda c: c.execute(query, (lease, worker)).rowcount)

    def runs_of(self, worker: str) -> list[RunRecord]:
        return self._rows(RunRecord, "runs WHERE state = 'running' AND worker = ?", worker)

    def orphans(self, now: int) -> list[RunRecord]:
        return self._rows(RunRecord, "runs WHERE state = 'running' AND lease < ?", now)

    def take_over(self, run_id: str, worker: str, now: int, lease: int) -> bool:
        query = "UPDATE runs SET worker = ?, lease = ? WHERE id = ? AND state = 'running' AND lease < ?"
        return self._writer.run(lambda c: c.execute(query, (worker, lease, run_id, now)).rowcount) > 0

    # -- presets

    def presets(self, owner: str) -> list[Preset]:
        return self._rows(Preset, "presets WHERE owner = ? ORDER BY name", owner)

    def keep(self, preset: Preset) -> None:
        def job(c: sqlite3.Connection) -> None:
            fields = (preset.name, preset.system, to_value(preset.params), preset.id, preset.owner)
            query = "UPDATE presets SET name = ?, system = ?, params = ? WHERE id = ? AND owner = ?"
            if c.execute(query, fields).rowcount == 0:
                _insert(c, "presets", [preset])

        self._writer.run(job)

    def default(self, owner: str) -> Preset | None:
        return next(iter(self._rows(Preset, "presets WHERE owner = ? AND is_default ORDER BY name", owner)), None)

    def make_default(self, owner: str, preset_id: str, is_default: bool) -> Preset | None:
        def job(c: sqlite3.Connection) -> Preset | None:
            query = f"UPDATE presets SET is_default = ? WHERE id = ? AND owner = ? RETURNING {columns(Preset)}"
            rows = c.execute(query, (is_default, preset_id, owner)).fetchall()
            if rows and is_default:
                c.execute("UPDATE presets SET is_default = 0 WHERE owner = ? AND id <> ?", (owner, preset_id))
            return to_record(Preset, rows[0]) if rows else None

        return self._writer.run(job)

    def drop(self, owner: str, preset_id: str) -> None:
        query = "DELETE FROM presets WHERE id = ? AND owner = ?"
        self._writer.run(lambda c: c.execute(query, (preset_id, owner)).rowcount)

    # -- files

    def upload(self, file: File) -> None:
        def job(c: sqlite3.Connection) -> None:
            sqlite_files.sweep(c, file.created_at)
            _insert(c, "files", [file])

        self._writer.run(job)

    def file(self, owner: str, file_id: str) -> File | None:
        rows = self._rows(File, "files WHERE id = ? AND owner = ?", file_id, owner)
        return rows[0] if rows else None

    def discard(self, owner: str, file_id: str) -> None:
        self._writer.run(lambda c: sqlite_files.discard(c, owner, file_id))

    # -- rows

    def _select(self, query: str, *values: Any) -> list[sqlite3.Row]:
        return self._readers.run(lambda c: c.execute(query, values).fetchall())

    def _rows(self, kind: type[R], rest: str, *values: Any) -> list[R]:
        """Records are made in the reader's thread, one by one: each row lets the other greenlets go on."""
        query = f"SELECT {columns(kind)} FROM {rest}"
        return self._readers.run(lambda c: [to_record(kind, row) for row in c.execute(query, values)])


def _insert(c: sqlite3.Connection, table: str, records: Sequence[R]) -> None:
    for record in records:
        fields = msgspec.structs.asdict(record)
        marks = ", ".join("?" * len(fields))
        c.execute(f"INSERT INTO {table} ({', '.join(fields)}) VALUES ({marks})", [to_value(v) for v in fields.values()])


def _matched(words: Sequence[str]) -> str:
    """As FTS5 asks for all of them (https://www.sqlite.org/fts5.html#fts5_prefix_queries)."""
    if not words:
        return '""'
    *others, last = words
    whole = [f'"{word}"' for word in others if folded(word) != folded(last)]
    return " ".join([*whole, f'"{last}"*' if is_begun("".join(folded(last))) else f'"{last}"'])


def _change(c: sqlite3.Connection, owner: str, chat_id: str, fields: Mapping[str, Any]) -> int:
    marks = ", ".join(f"{name} = ?" for name in fields)
    values = [to_value(value) for value in fields.values()]
    return c.execute(f"UPDATE chats SET {marks} WHERE id = ? AND owner = ?", [*values, chat_id, owner]).rowcount


def _write(c: sqlite3.Connection, batches: Sequence[Batch]) -> None:
    rows = ((batch.run_id, batch.first, batch.last, pack(batch.events)) for batch in batches)
    longer = "ON CONFLICT DO UPDATE SET last = excluded.last, events = excluded.events WHERE excluded.last > last"
    c.executemany(f"INSERT INTO run_batches (run_id, first, last, events) VALUES (?, ?, ?, ?) {longer}", rows)


def _begin(c: sqlite3.Connection, submission: Submission) -> RunRecord | None:
    run, chat = submission.run, submission.chat
    query = f"SELECT {columns(RunRecord)} FROM runs WHERE owner = ? AND request_id = ?"
    used = c.execute(query, (run.owner, run.request_id)).fetchone() if run.request_id is not None else None
    if used is not None:
        return to_record(RunRecord, used)
    present = c.execute("SELECT leaf_id FROM chats WHERE id = ? AND owner = ?", (chat.id, chat.owner)).fetchone()
    check_place(submission, present["leaf_id"] if present else None, there=present is not None)
    _insert(c, "messages", submission.messages)
    if submission.is_new:
        _insert(c, "chats", [chat])  # its trigger takes the words of its messages together
    else:
        moved = {"leaf_id": chat.leaf_id, "updated_at": chat.updated_at}
        _change(c, chat.owner, chat.id, {**moved, **submission.chosen})
    _insert(c, "files", submission.copies)
    sqlite_files.take(c, submission)
    _insert(c, "runs", [run])
    if submission.kept:
        _write(c, [submission.kept])
    return None


def _append(c: sqlite3.Connection, message: Message) -> bool:
    above = (message.parent_id, message.chat_id, message.owner)
    if c.execute("SELECT 1 FROM messages WHERE id = ? AND chat_id = ? AND owner = ?", above).fetchone() is None:
        return False
    _insert(c, "messages", [message])
    _change(c, message.owner, message.chat_id, {"leaf_id": message.id, "updated_at": message.created_at})
    return True


def _end(c: sqlite3.Connection, e: Ending) -> None:
    outcome = [e.state, to_value(e.usage), to_value(e.timings)]
    c.execute("UPDATE runs SET state = ?, usage = ?, timings = ?, seq = ? WHERE id = ?", [*outcome, e.seq, e.run_id])
    c.execute(
        "UPDATE messages SET state = ?, usage = ?, timings = ?, error = ?, tool_calls = ?, content = ?, reasoning = ?"
        " WHERE id = ?",
        [*outcome, to_value(e.error), to_value(e.tool_calls), e.content, e.reasoning, e.message_id],
    )
    c.execute("UPDATE chats SET updated_at = max(updated_at, ?) WHERE id = ?", (e.at, e.chat_id))
