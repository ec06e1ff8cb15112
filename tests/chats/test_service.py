"""Chats as a whole, on a real store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatstream.chats import service
from chatstream.chats.service import Chats
from chatstream.store.records import now_ms
from chatstream.store.sqlite import SqliteStore
from tests.store.conftest import ME, submission


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path)
    store.prepare()
    yield store
    store.close()


def test_a_chat_that_is_asked_in_while_all_are_read_is_read_once(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "PAGE", 3)
    begun = [submission(prompt=f"chat {n}", at=1000 + n) for n in range(10)]
    for s in begun:
        store.begin(s)
    reading = Chats(store).all(ME)
    found = [next(reading).title for _ in range(4)]
    for s in (begun[9], begun[1]):  # one that was read, and one that was not
        store.begin(submission(chat=s.chat, at=now_ms() + 1000))
    assert found + [chat.title for chat in reading] == [
        *(f"chat {n}" for n in (9, 8, 7, 6, 5, 4, 3, 2, 0)),
        "chat 1",
    ]


def test_a_share_keeps_its_token(store: SqliteStore) -> None:
    chats, s = Chats(store), submission()
    store.begin(s)
    tokens = {chats.share(ME, s.chat.id) for _ in range(3)}
    assert len(tokens) == 1
    assert chats.shared(tokens.pop()).id == s.chat.id
