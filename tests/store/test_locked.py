"""A locked SQLite: everyone who writes waits for a time of their own, together, and nobody longer."""

import sqlite3
import time
from pathlib import Path

import gevent
import pytest

from chatstream.errors import StoreUnavailable
from chatstream.store.sqlite import SqliteStore
from chatstream.store.sqlite_threads import PATIENCE_S
from tests.web.noise import Noise


@pytest.mark.alone
def test_nobody_waits_for_those_who_asked_before(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    store.prepare()
    locker = sqlite3.connect(tmp_path / "chatstream.db", isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    waited: list[float] = []

    def write() -> None:
        began = time.monotonic()
        try:
            store.change("me", "c", {"title": "title"})
        except StoreUnavailable:
            waited.append(time.monotonic() - began)

    with Noise() as noise:
        asking = [gevent.spawn_later(n * PATIENCE_S / 5, write) for n in range(12)]
        gevent.joinall(asking[:8])
        assert max(waited) < PATIENCE_S + 0.3 + noise.worst
    locker.execute("ROLLBACK")
    gevent.joinall(asking, raise_error=True, timeout=5)
    assert len(waited) < 12  # who still waited has written
    locker.close()
    store.close()
