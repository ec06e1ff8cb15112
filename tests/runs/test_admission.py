"""Who may start, and when: each in its turn, and nobody for ever."""

import sqlite3
from pathlib import Path

import gevent
import pytest

from chatstream.errors import StoreUnavailable
from chatstream.runs import admission
from chatstream.runs.admission import Admission
from chatstream.settings import Settings
from chatstream.store.mongo import MongoStore
from chatstream.store.ports import Store
from chatstream.store.records import new_id
from chatstream.store.sqlite import SqliteStore
from tests.servers.mongod import Mongod
from tests.store.conftest import ME, submission

pytestmark = pytest.mark.alone


def started(store: Store, how_many: int) -> list[gevent.Greenlet]:
    one = Admission(store, Settings())
    asking = [gevent.spawn(one.begin, submission(prompt=f"question {n}")) for n in range(how_many)]
    gevent.joinall(asking, timeout=60)
    assert one.idle
    return asking


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "TURNS", 2)
    monkeypatch.setattr(admission, "QUEUE_S", 0.3)


def test_a_thousand_at_once_are_all_stored(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.prepare()
    assert all(each.successful() for each in started(store, 1000))
    assert len(store.chats(ME, "", None, 2000).chats) == 1000
    store.close()


def test_mongodb_gives_none_of_many_at_once_up(mongod: Mongod) -> None:
    store = MongoStore(mongod.database_uri(f"admission_{new_id()}"))
    store.prepare()
    assert [each.exception for each in started(store, 600) if not each.successful()] == []
    store.close()


def test_who_waits_for_a_turn_is_told_when_the_database_has_too_much_to_do(small: None, tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.prepare()
    locker = sqlite3.connect(tmp_path / "chatstream.db", isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    refused = [each.exception for each in started(store, 5)]
    locker.execute("ROLLBACK")
    assert [type(error) for error in refused] == [StoreUnavailable] * 5
    assert sum("too much to do" in str(error) for error in refused) == 3
    assert [each.exception for each in started(store, 2)] == [None, None]
    locker.close()
    store.close()
