"""Files of questions, in every store: part of their submission, and gone with what they belong to."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import msgspec
import pytest

from chatstream.errors import LeafMoved
from chatstream.store.ports import Store
from chatstream.store.records import UPLOAD_MS, Chat, Cut, File, Submission, new_id
from chatstream.store.sqlite import SqliteStore
from tests.store.conftest import ME, OTHER, submission


def upload(store: Store, owner: str = ME, **fields: Any) -> File:
    given: dict[str, Any] = {"name": "Ü.png", "type": "image/png", "data": bytes(range(256)), "created_at": 1000}
    file = File(id=new_id(), owner=owner, **given | fields)
    store.upload(file)
    return file


def carrying(*uploads: File, copies: tuple[File, ...] = (), chat: Chat | None = None) -> Submission:
    """A question with these uploads, and copies of these files."""
    s = submission(chat=chat)
    question, place = s.messages[0], {"chat_id": s.chat.id, "message_id": s.messages[0].id}
    mine = [msgspec.structs.replace(file, id=new_id(), **place) for file in copies]
    question = msgspec.structs.replace(question, files=[file.about for file in (*uploads, *mine)])
    messages, ids = [question, s.messages[1]], [file.id for file in uploads]
    return msgspec.structs.replace(s, messages=messages, uploads=ids, copies=mine)


def taken(file: File, s: Submission) -> File:
    return msgspec.structs.replace(file, chat_id=s.chat.id, message_id=s.messages[0].id)


def test_a_question_takes_its_uploads_and_has_copies(reopen: Callable[[], Store]) -> None:
    store = reopen()
    first = upload(store)
    s = carrying(first)
    assert reopen().begin(s) is None
    other = carrying(upload(store, data=b"x" * 5_000_000), copies=(first,), chat=s.chat)
    store.begin(other)
    assert store.messages(ME, s.chat.id) == [*s.messages, *other.messages]
    assert reopen().file(ME, first.id) == taken(first, s)
    assert store.file(ME, other.copies[0].id) == other.copies[0]
    found = store.file(ME, other.uploads[0])
    assert found is not None
    assert (len(found.data), found.message_id) == (5_000_000, other.messages[0].id)
    assert store.file(OTHER, first.id) is None


def test_one_upload_is_taken_by_one_question(reopen: Callable[[], Store]) -> None:
    workers = [reopen(), reopen()]
    file = upload(workers[0])
    tries = [carrying(file) for _ in range(6)]
    begun = [gevent.spawn(_begun, workers[n % 2], s) for n, s in enumerate(tries)]
    (winner,) = [s for s, greenlet in zip(tries, begun, strict=True) if greenlet.get()]
    assert workers[0].file(ME, file.id) == taken(file, winner)
    for s in tries:
        assert (workers[0].chat(ME, s.chat.id) is None) == (s is not winner)
        assert (workers[0].messages(ME, s.chat.id) == []) == (s is not winner)


def _begun(store: Store, s: Submission) -> bool:
    try:
        return store.begin(s) is None
    except LeafMoved:
        return False


def test_somebody_elses_upload_is_not_taken(store: Store) -> None:
    file = upload(store, OTHER)
    with pytest.raises(LeafMoved):
        store.begin(carrying(file))
    assert store.file(OTHER, file.id) == file


def test_a_refused_question_leaves_its_uploads_and_no_copies(store: Store) -> None:
    first = upload(store)
    s = carrying(first)
    store.begin(s)
    moved = submission(chat=s.chat)
    store.begin(moved)
    waiting = upload(store)
    late = msgspec.structs.replace(carrying(waiting, copies=(first,), chat=s.chat), follows_leaf=True, leaf_before="x")
    with pytest.raises(LeafMoved):
        store.begin(late)
    assert store.file(ME, waiting.id) == waiting
    assert store.file(ME, late.copies[0].id) is None
    assert store.begin(msgspec.structs.replace(late, follows_leaf=False)) is None
    assert store.file(ME, waiting.id) == taken(waiting, late)
    assert store.file(ME, late.copies[0].id) == late.copies[0]


def test_files_go_with_their_message_and_their_chat(store: Store) -> None:
    kept = upload(store)
    s = carrying(kept)
    store.begin(s)
    below = carrying(upload(store), copies=(kept,), chat=s.chat)
    store.begin(below)
    gone = [*below.uploads, below.copies[0].id]
    ids, leaf = [message.id for message in below.messages], below.messages[1].id
    cut = Cut(chat_id=s.chat.id, owner=ME, message_ids=ids, leaf_before=leaf, leaf_id=s.chat.leaf_id)
    assert store.prune(cut)
    assert [store.file(ME, file_id) for file_id in gone] == [None, None]
    assert store.file(ME, kept.id) == taken(kept, s)
    store.delete(OTHER, s.chat.id)
    assert store.file(ME, kept.id) is not None
    store.delete(ME, s.chat.id)
    assert store.file(ME, kept.id) is None


def test_an_upload_waits_a_day_and_can_be_removed(store: Store) -> None:
    old, asked = upload(store), upload(store)
    s = carrying(asked)
    store.begin(s)
    young = upload(store, created_at=1001 + UPLOAD_MS)
    assert [store.file(ME, file.id) for file in (old, asked, young)] == [None, taken(asked, s), young]
    store.discard(OTHER, young.id)
    store.discard(ME, asked.id)
    assert [store.file(ME, file.id) for file in (asked, young)] == [taken(asked, s), young]
    store.discard(ME, young.id)
    assert store.file(ME, young.id) is None


def test_an_imported_chat_brings_its_files(store: Store) -> None:
    s = carrying(copies=(File(id=new_id(), owner=ME, name="a", type="text/plain", data=b"a", created_at=1),))
    store.add(s.chat, s.messages, s.copies)
    assert store.file(ME, s.copies[0].id) == s.copies[0]
    assert store.messages(ME, s.chat.id)[0].files == [s.copies[0].about]


def test_a_database_without_files_is_taken_over(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.prepare()
    s = submission()
    store.begin(s)
    store.close()
    with sqlite3.connect(tmp_path / "chatstream.db") as connection:
        connection.executescript("DROP TABLE files; ALTER TABLE messages DROP COLUMN files;")
    connection.close()
    store = SqliteStore(tmp_path)
    store.prepare()
    assert store.messages(ME, s.chat.id) == s.messages
    later = carrying(upload(store), chat=s.chat)
    assert store.begin(later) is None
    assert store.messages(ME, s.chat.id)[2].files == later.messages[0].files
    store.close()
