#!/usr/bin/env python3
"""Measure the stores at size: build a history of many chats, then read and write through `Store` and `Chats`.

    python -m bench.storage --store sqlite|mongo [--chats 50000] [--messages 1000000] [--at PLACE]

The data is the same each time (a fixed seed): lengths as of questions and answers, words as frequent as in a language
(Zipf), chats that overlap in time, one chat of 2000 messages, one of 10 000, answers of 1 MB. It is built in a
temporary folder, for MongoDB with a server of its own, and removed at the end; PLACE (a folder, or a MongoDB URI) keeps
it, and is only measured if it is filled already. A million messages take about 2 GB and some minutes.

Each row: the operation, median and p99 in ms as its caller waits, and the longest time during which the event loop
could do nothing else. Below, the query plan of each statement.
"""

# ruff: noqa: E402
from gevent import monkey

monkey.patch_all()

import argparse
import contextlib
import gc
import itertools
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import gevent
from pymongo import MongoClient

from chatstream.chats.questions import Question, compose
from chatstream.chats.service import Chats
from chatstream.store import sqlite, sqlite_threads, sqlite_words
from chatstream.store.mongo import MongoStore
from chatstream.store.mongo_documents import to_document
from chatstream.store.ports import Store
from chatstream.store.records import Batch, Chat, Message, Submission, batches, ending, now_ms
from chatstream.store.sqlite import SqliteStore
from chatstream.wire.events import RunEvent
from tests.servers.mongod import Mongod
from tests.store import plans

OWNER = "me"
SEED = 5
WINDOW = 500
"""Chats that go on at the same time: their messages lie mixed in the tables."""
DAY_MS = 86_400_000
SHOWN = 50
"""Chats of a page of the list."""
COMMON, BEGINNING = "the", "bar"
"""A word of nearly all chats; and the beginning of many words, each of few of them."""
MARKED = {
    "rare": ("xylograph", lambda i, chats: i % (chats // 20 or 1) == 0),  # 20 chats
    "middling": ("marmalade", lambda i, _: i % 50 == 0),  # 2 % of the chats
    "frequent": ("harbour", lambda i, _: i % 5 == 0),  # 20 %
    "old": ("telegraph", lambda i, chats: i < chats // 2 and i % 4 == 0),  # none of the newer half
}
"""Words that stand in one message of every chat for which this holds, by the chat's number and that of all."""
LONG = {"long": 2000, "longest": 10_000}


# -- the data


class Language:
    """Texts of a vocabulary of 50 000 words, the frequency of each one divided by its rank."""

    def __init__(self) -> None:
        self.random = random.Random(SEED)
        words = [COMMON, *self._words(49_999)]
        weights = itertools.accumulate(1 / rank for rank in range(1, len(words) + 1))
        self._stream = self.random.choices(words, cum_weights=list(weights), k=2_000_000)

    def _words(self, n: int) -> list[str]:
        syllables = [c + v for c in "bcdfghjklmnprstvwz" for v in ("a", "e", "i", "o", "u", "ä", "ou", "ie")]
        found: dict[str, None] = {}
        while len(found) < n:
            found["".join(self.random.choices(syllables, k=self.random.randint(1, 4)))] = None
        return list(found)

    def text(self, words: int) -> str:
        begin = self.random.randrange(len(self._stream) - words)
        return " ".join(self._stream[begin : begin + words])


class Made(NamedTuple):
    """A chat of the data."""

    chat: Chat
    messages: list[Message]


def windows(chats: int, messages: int) -> Iterator[list[Made]]:
    """All chats, oldest first, `WINDOW` at a time."""
    language = Language()
    sizes = {0: 0, 1: 0} | {chats - 2 - i: size for i, size in enumerate(LONG.values())}
    mean = (messages - sum(LONG.values())) / chats
    for first in range(0, chats, WINDOW):
        numbers = range(first, min(first + WINDOW, chats))
        yield [_made(language, i, chats, sizes.get(i) or _size(language, mean)) for i in numbers]


def _size(language: Language, mean: float) -> int:
    """Messages of a chat: an even number, most chats short, some long."""
    return 2 * max(1, round(language.random.expovariate(2 / mean)))


def _made(language: Language, number: int, chats: int, size: int) -> Made:
    began = 1_600_000_000_000 + number * (3 * 365 * DAY_MS // chats)
    lasts = language.random.expovariate(1 / (2 * DAY_MS if number % 10 else 90 * DAY_MS))
    chat_id = f"{number:024x}"
    marks = " ".join(word for word, holds in MARKED.values() if holds(number, chats))
    messages: list[Message] = []
    for n in range(size):
        words = int(language.random.lognormvariate(3 if n % 2 == 0 else 4.6, 0.8)) + 1
        if n == 1 and number % 5000 == 7:
            words = 170_000  # 1 MB
        text = language.text(words) + (f" {marks}" if n == 1 else "")
        messages.append(_message(number, n, chat_id, text, began + int(lasts * (n + 1) / size)))
    title = language.text(6)
    at = messages[-1].created_at
    chat = Chat(id=chat_id, owner=OWNER, title=title, leaf_id=messages[-1].id, created_at=began, updated_at=at)
    return Made(chat, messages)


def _message(number: int, n: int, chat_id: str, text: str, at: int) -> Message:
    usage, timings = {"prompt_tokens": 900, "completion_tokens": 200}, {"firstTokenMs": 210, "totalMs": 4100}
    answer = {"role": "assistant", "run_id": f"{number:012x}{n:012x}", "model": "llama-3.1-8b"}
    kind: dict[str, Any] = {**answer, "usage": usage, "timings": timings} if n % 2 else {"role": "user"}
    ids = [f"{number:012x}{1 << 40 | k:012x}" for k in (n, n - 1)]
    return Message(
        id=ids[0], parent_id=ids[1] if n else None, chat_id=chat_id, owner=OWNER, content=text, created_at=at, **kind
    )


# -- filling


def fill(store: Store, made: Iterator[list[Made]]) -> None:
    """Straight into the tables; MongoDB makes its indexes afterwards, which takes a third of the time."""
    began = time.monotonic()
    if isinstance(store, SqliteStore):
        store.prepare()
        fill_sqlite(store, made)
    elif isinstance(store, MongoStore):
        fill_mongo(store, made)
    store.prepare()
    print(f"Built in {time.monotonic() - began:.0f} s.")


def fill_sqlite(store: SqliteStore, made: Iterator[list[Made]]) -> None:
    connection = sqlite_threads.connect(store._path)
    connection.execute("PRAGMA synchronous = OFF")
    for window in made:
        connection.execute("BEGIN")
        sqlite._insert(connection, "chats", [each.chat for each in window])
        sqlite._insert(connection, "messages", _by_time(window))
        sqlite_words.add_waiting(connection)
        connection.execute("COMMIT")
    connection.close()


def fill_mongo(store: MongoStore, made: Iterator[list[Made]]) -> None:
    with MongoClient(store._uri, w=1) as client:
        database = client.get_default_database()
        for window in made:
            database["chats"].insert_many([to_document(each.chat) for each in window])
            database["messages"].insert_many([to_document(message) for message in _by_time(window)], ordered=False)


def _by_time(window: list[Made]) -> list[Message]:
    return sorted((m for each in window for m in each.messages), key=lambda m: m.created_at)


# -- measuring


class Pauses:
    """The longest time for which the event loop did not come round."""

    def __enter__(self) -> "Pauses":
        self.worst = 0.0
        self._watch = gevent.spawn(self._beat)
        gevent.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        gevent.sleep(0.005)
        self._watch.kill()

    def _beat(self) -> None:
        while True:
            began = time.perf_counter()
            gevent.sleep(0.0005)
            self.worst = max(self.worst, time.perf_counter() - began - 0.0005)


def measure(name: str, operation: Callable[[], Any], times: int) -> None:
    taken: list[float] = []
    with Pauses() as pauses:
        for _ in range(times):
            began = time.perf_counter()
            operation()
            taken.append(1000 * (time.perf_counter() - began))
    p99 = sorted(taken)[min(len(taken) - 1, int(0.99 * len(taken)))]
    print(f"| {name:34} | {statistics.median(taken):8.2f} | {p99:8.2f} | {1000 * pauses.worst:8.2f} |", flush=True)


def measure_all(store: Store, chats: int, times: int) -> None:
    print(f"| {'operation':34} | {'median':>8} | {'p99':>8} | {'pause':>8} |\n|---|---|---|---|")
    operations = {**reads(store, chats), **writes(store, chats)}
    gc.collect()
    gc.freeze()
    for name, operation in operations.items():
        measure(name, operation, times if "10 000" not in name else times // 5 + 1)


def reads(store: Store, chats: int) -> dict[str, Callable[[], Any]]:
    service, choice = Chats(store), random.Random(SEED)
    long, longest = f"{chats - 2:024x}", f"{chats - 3:024x}"

    def some() -> str:
        return f"{choice.randrange(2, chats - 3):024x}"

    def opened(chat_id: str) -> int:
        return len(service.history(service.get(OWNER, chat_id)))

    def listed(before: str | None = None) -> None:
        assert service.page(OWNER, before).chats

    def searched(words: str, before: str | None = None, found: bool = True) -> None:
        assert bool(service.search(OWNER, words, before).chats) is found

    def shown(words: str) -> None:
        """As the list of chats shows them: with the words marked, in the title and in a message."""
        assert service.marked(OWNER, service.search(OWNER, words, None, SHOWN).chats, words)

    def half_way() -> str:
        chat = service.get(OWNER, f"{chats // 2 + choice.randrange(chats // 100 or 1):024x}")
        return f"{chat.updated_at}-{chat.id}"

    words = {name: word for name, (word, _) in MARKED.items()}
    searches = {"very common": COMMON, **words, "common + rare": f"{COMMON} {words['rare']}"}
    searches |= {"a beginning": BEGINNING, "common + a beginning": f"{COMMON} {BEGINNING}"}
    searches |= {"frequent + old": f"{words['frequent']} {words['old']}"}
    return {
        "open a chat": lambda: opened(some()),
        "open a chat of 2000 messages": lambda: opened(long),
        "open a chat of 10 000 messages": lambda: opened(longest),
        "open a chat with a 1 MB answer": lambda: opened(f"{7:024x}"),
        "list the newest 50": listed,
        "page back, half-way": lambda: listed(half_way()),
        **{f"search: {name}": lambda w=w: searched(w) for name, w in searches.items()},
        "search: no such word": lambda: searched("nowhere", found=False),
        "search: very common, half-way": lambda: searched(COMMON, half_way()),
        **{f"search and show: {name}": lambda w=w: shown(w) for name, w in searches.items()},
        "ask in a chat": lambda: composed(service, some()),
        "ask in a chat of 2000 messages": lambda: composed(service, long),
        "ask in a chat of 10 000 messages": lambda: composed(service, longest),
    }


def composed(service: Chats, chat_id: str, text: str = "and then?") -> Submission:
    question = Question(prompt=text, model="m")
    return compose(*service.place(OWNER, chat_id, question), question, "w", now_ms() + 10**7).submission


def writes(store: Store, chats: int) -> dict[str, Callable[[], Any]]:
    service, choice, language = Chats(store), random.Random(SEED + 1), Language()
    begun: list[Submission] = []

    def begin(words: int = 20) -> None:
        begun.append(composed(service, f"{choice.randrange(2, chats - 3):024x}", language.text(words)))
        store.begin(begun[-1])

    def end(words: int = 140) -> None:
        s = begun.pop()
        events = [
            RunEvent("ids", {}, 0),
            RunEvent("text", language.text(words), 1),
            RunEvent("end", {"state": "complete", "usage": None, "timings": None}, 2),
        ]
        some: list[Batch] = batches(s.run.id, 1, events)
        store.record("w", some, [ending(s.run, events)])

    def imported() -> None:
        made = _made(language, choice.randrange(10**9, 10**12), 10**6, 20)
        store.add(made.chat, made.messages)
        imports.append(made.chat.id)

    imports: list[str] = []
    return {
        "begin": begin,
        "record an end, 140 words": end,
        "begin (again)": begin,
        "record an end, 1 MB": lambda: end(170_000),
        "rename": lambda: store.change(OWNER, f"{choice.randrange(2, chats):024x}", {"title": language.text(6)}),
        "import a chat of 20 messages": imported,
        "delete a chat of 20 messages": lambda: store.delete(OWNER, imports.pop()),
    }


# -- plans


def print_plans(store: Store, chats: int) -> None:
    for name, operation in reads(store, chats).items():
        print(f"\n{name}")
        for line in dict.fromkeys(_plan(store, operation)):
            print(f"    {line}")


def _plan(store: Store, operation: Callable[[], Any]) -> list[str]:
    if isinstance(store, SqliteStore):
        return plans.of_sqlite(store, operation)
    assert isinstance(store, MongoStore)
    return [
        f"{p.command}: {p.plan}: {p.keys} keys, {p.documents} documents" + (", sorted in memory" if p.sorted else "")
        for p in plans.of_mongo(store, operation)
    ]


# -- places


@contextlib.contextmanager
def sqlite_at(folder: str | None) -> Iterator[SqliteStore]:
    place = Path(folder or tempfile.mkdtemp(prefix="chatstream-storage-"))
    store = SqliteStore(place)
    store.prepare()
    try:
        yield store
    finally:
        store.close()
        if folder is None:
            shutil.rmtree(place)


class RoomyMongod(Mongod):
    """With 2 GB of cache: a server that holds a million messages has them."""

    def command(self) -> list[str]:
        return ["2" if each == "0.25" else each for each in super().command()]


@contextlib.contextmanager
def mongo_at(uri: str | None) -> Iterator[MongoStore]:
    with contextlib.nullcontext() if uri else RoomyMongod() as server:
        store = MongoStore(uri or server.database_uri("storage"))
        yield store
        store.close()


def filled(store: Store) -> bool:
    return bool(store.chats(OWNER, "", None, 1).chats)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=["sqlite", "mongo"], required=True)
    parser.add_argument("--chats", type=int, default=50_000)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--at")
    asked = parser.parse_args()
    gc.set_threshold(50_000, 50, 50)  # as gunicorn.conf.py has it
    with (sqlite_at if asked.store == "sqlite" else mongo_at)(asked.at) as store:
        if filled(store):
            store.prepare()
        else:
            fill(store, windows(asked.chats, asked.messages))
        measure_all(store, asked.chats, asked.times)
        print_plans(store, asked.chats)


if __name__ == "__main__":
    main()
