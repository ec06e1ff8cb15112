"""By index: what the four ways of reading cost does not grow with what is stored."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pytest

from chatstream.store import mongo_search
from chatstream.store.mongo import MongoStore
from chatstream.store.mongo_documents import to_document
from chatstream.store.ports import Store
from chatstream.store.records import Submission
from chatstream.store.sqlite import SqliteStore, _insert
from tests.store import plans
from tests.store.conftest import ME, submission

MANY, RARE = 900, 3
READS: dict[str, Callable[[Store, Submission], Any]] = {
    "open": lambda store, some: store.messages(ME, some.chat.id),
    "newest": lambda store, _: store.chats(ME, "", None, 50),
    "back": lambda store, some: store.chats(ME, "", _cursor(some), 50),
    "listed": lambda store, _: store.shelf(ME, "listed", None, 50),
    "listed, back": lambda store, some: store.shelf(ME, "listed", _cursor(some), 50),
    "archived": lambda store, _: store.shelf(ME, "archived", None, 50),
    "shared": lambda store, _: store.shared("some token"),
    "passage": lambda store, some: store.passages(ME, [some.chat.id], "common rare"),
    "common": lambda store, _: store.chats(ME, "common", None, 50),
    "common, back": lambda store, some: store.chats(ME, "common", _cursor(some), 50),
    "rare": lambda store, _: store.chats(ME, "rare", None, 50),
    "both": lambda store, _: store.chats(ME, "common rare", None, 50),
}


def _cursor(s: Submission) -> str:
    return f"{s.chat.updated_at}-{s.chat.id}"


@pytest.fixture
def filled(store: Store) -> tuple[Store, Submission]:
    """A store with many chats, all with one word and three with another; and one half-way back in time."""
    words = {n: "common rare" if n < RARE else "common" for n in range(MANY)}
    made = [submission(prompt=f"question {n}, {words[n]}", at=1000 + n) for n in range(MANY)]
    if isinstance(store, MongoStore):
        store._collection("chats").insert_many([to_document(s.chat) for s in made])
        store._collection("messages").insert_many([to_document(m) for s in made for m in s.messages])
    elif isinstance(store, SqliteStore):
        store._writer.run(lambda c: _insert(c, "messages", [m for s in made for m in s.messages]))
        store._writer.run(lambda c: _insert(c, "chats", [s.chat for s in made]))
    return store, made[MANY // 2]


@pytest.mark.parametrize("reopen", ["sqlite"], indirect=True)
def test_sqlite_reads_by_index_and_in_order(filled: tuple[Store, Submission]) -> None:
    store, some = filled
    assert isinstance(store, SqliteStore)
    for name, read in READS.items():
        plan = plans.of_sqlite(store, partial(read, store, some))
        assert any(line.startswith("SEARCH") for line in plan), name
        assert name not in ("listed", "listed, back", "archived") or "chats_shelved" in plan[0], name
        scans = [line for line in plan if line.startswith("SCAN") and "VIRTUAL TABLE INDEX" not in line]
        assert scans == [line for line in plan if "TEMP B-TREE" in line] == [], name


@pytest.mark.parametrize("reopen", ["mongo"], indirect=True)
def test_mongodb_reads_by_index_and_in_order(
    filled: tuple[Store, Submission], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, some = filled
    assert isinstance(store, MongoStore)
    monkeypatch.setattr(mongo_search, "LOOKED_AT", 2 * mongo_search.SLICE)
    monkeypatch.setattr(mongo_search, "PLACES", (10, MANY))
    for name, read in READS.items():
        done = plans.of_mongo(store, partial(read, store, some))
        looked_at = 2 * mongo_search.SLICE + RARE if name in ("rare", "both") else mongo_search.SLICE + 1
        assert done, name
        assert [each for each in done if "IXSCAN" not in each.plan and "DISTINCT_SCAN" not in each.plan] == [], name
        assert sum(each.documents for each in done) <= looked_at, name
        assert [each for each in done if each.sorted and each.documents > RARE] == [], name
        searched = [each for each in done if name not in ("open", "passage") and each.command.endswith(" messages")]
        assert sum(each.documents for each in searched) == 0, name


@pytest.mark.parametrize("places", [(0, 1), (1, 10), (5, 1000), (1000, 1000)])
def test_a_search_finds_the_same_whichever_way_it_takes(
    filled: tuple[Store, Submission], places: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongo_search, "LOOKED_AT", mongo_search.SLICE)
    monkeypatch.setattr(mongo_search, "PLACES", places)
    for words in ("common", "rare", "common rare", "rare common 2", "nothing", "", "rare nothing"):
        _finds_all(*filled, words)


def _finds_all(store: Store, some: Submission, words: str) -> None:
    everything = store.chats(ME, "", None, 2 * MANY).chats
    expected = [chat for chat in everything if set(words.split()) <= set(chat.title.replace(",", "").split())]
    found, before = [], None
    while True:
        page = store.chats(ME, words, before, 250)
        found += page.chats
        before = page.before
        if before is None:
            break
    assert (len(everything), found) == (MANY, expected)
    later = [chat for chat in expected if (chat.updated_at, chat.id) < (some.chat.updated_at, some.chat.id)]
    assert store.chats(ME, words, _cursor(some), MANY).chats == later


def test_opening_a_long_chat_gives_its_messages_in_order(store: Store) -> None:
    s = submission()
    fields = {"chat_id": s.chat.id, "owner": ME, "role": "user", "parent_id": None}
    made = [msgspec.structs.replace(s.messages[0], id=f"{n:024x}", content=f"m{n}", **fields) for n in range(450)]
    store.add(s.chat, made)
    assert store.messages(ME, s.chat.id) == made
