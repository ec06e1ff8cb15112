"""The contract for submissions of the same moment: a store may take them together, and each has its own outcome."""

import contextlib
import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence

import gevent
import msgspec

from chatstream.errors import ChatStreamError, LeafMoved, NotFound, TooLarge
from chatstream.store.mongo import MongoStore
from chatstream.store.ports import Store
from chatstream.store.records import Cut, RunRecord, Submission
from chatstream.store.sqlite import SqliteStore
from tests.store.conftest import ME, ending, submission

Outcome = RunRecord | ChatStreamError | None
TOO_LARGE = 17 << 20
"""Characters of a message that MongoDB does not take."""


def together(store: Store, submissions: Sequence[Submission]) -> list[Outcome]:
    """Begin all at the same moment; what each gave or raised."""

    def begun(s: Submission) -> Outcome:
        try:
            return store.begin(s)
        except ChatStreamError as error:
            return error

    greenlets = [gevent.spawn(begun, s) for s in submissions]
    gevent.joinall(greenlets)
    return [greenlet.get() for greenlet in greenlets]


def below(s: Submission, **fields: object) -> Submission:
    """Another question under a submission's answer."""
    return msgspec.structs.replace(submission(chat=s.chat), leaf_before=s.chat.leaf_id, **fields)


def stored(store: Store, s: Submission) -> bool:
    """Whether all of it is there; part of it is none of the outcomes."""
    ids = {message.id for message in store.messages(ME, s.chat.id)}
    found = [message.id in ids for message in s.messages] + [store.run(ME, s.run.id) is not None]
    assert all(found) or not any(found)
    return all(found)


def test_a_crowd_is_stored_whole(reopen: Callable[[], Store]) -> None:
    store = reopen()
    crowd = [submission(prompt=f"Question {n}", request_id=f"r{n}") for n in range(100)]
    assert together(store, crowd) == [None] * 100
    other = reopen()
    assert [stored(other, s) for s in crowd] == [True] * 100
    assert [other.chat(ME, s.chat.id) for s in crowd] == [s.chat for s in crowd]


def test_one_request_in_a_crowd_is_one_run(store: Store) -> None:
    crowd = [submission(request_id=f"r{n % 10}") for n in range(40)]
    outcomes = together(store, crowd)
    runs = {s.run.request_id: s.run.id for s, outcome in zip(crowd, outcomes, strict=True) if outcome is None}
    assert len(runs) == sum(outcome is None for outcome in outcomes) == 10
    named = [(s.run.request_id, o.id) for s, o in zip(crowd, outcomes, strict=True) if isinstance(o, RunRecord)]
    assert len(named) == 30
    assert all(runs[request_id] == run_id for request_id, run_id in named)
    assert sum(stored(store, s) for s in crowd) == 10


def test_in_a_crowd_below_one_leaf_one_finds_its_place(store: Store) -> None:
    first = submission()
    store.begin(first)
    rivals = [below(first, follows_leaf=True) for _ in range(8)]
    others = [submission() for _ in range(8)]
    outcomes = together(store, [*rivals, *others])
    assert outcomes[8:] == [None] * 8
    (won,) = [s for s, outcome in zip(rivals, outcomes, strict=False) if outcome is None]
    assert sum(isinstance(outcome, LeafMoved) for outcome in outcomes) == 7
    assert [stored(store, s) for s in rivals] == [s is won for s in rivals]
    chat = store.chat(ME, first.chat.id)
    assert (chat and chat.leaf_id) == won.chat.leaf_id


def test_who_is_refused_in_a_crowd_is_refused_alone(store: Store) -> None:
    gone = submission()
    crowd = [submission(prompt="Hello"), below(gone), submission(prompt="Hello"), submission(prompt="Hello")]
    if isinstance(store, MongoStore):  # SQLite takes it
        crowd.append(submission(prompt="x" * TOO_LARGE))
    outcomes = together(store, crowd)
    refused = {index: type(outcome) for index, outcome in enumerate(outcomes) if outcome is not None}
    assert refused == ({1: NotFound, 4: TooLarge} if len(crowd) == 5 else {1: NotFound})
    assert [stored(store, s) for s in crowd] == [index not in refused for index in range(len(crowd))]
    assert together(store, [submission(prompt="Hello")]) == [None]


def test_words_are_right_whatever_is_done_at_the_same_moment(store: Store) -> None:
    chance = random.Random(7)
    chats: dict[str, Submission] = {}

    def acts(n: int) -> Iterator[Callable[[], object]]:
        """What befalls one chat: any of it may share a transaction with any other, also of the same chat."""
        s = new_one(n) if chance.random() < 0.7 or not chats else below_one(n)
        chats[s.chat.id] = s
        yield lambda: store.begin(s)
        for act in chance.sample(ACTS, chance.randrange(len(ACTS))):
            yield lambda act=act: act(store, s, n)

    def new_one(n: int) -> Submission:
        s = submission(prompt=f"asked{n}x common")
        question, answer = s.messages
        begun = msgspec.structs.replace(answer, content=f"begun{n}x" if chance.random() < 0.5 else "")
        named = msgspec.structs.replace(s.chat, title=f"first{n}x")
        return msgspec.structs.replace(s, chat=named, messages=[question, begun])

    def below_one(n: int) -> Submission:
        above = chance.choice(list(chats.values()))
        return submission(chat=above.chat, prompt=f"asked{n}x again")

    def tried(act: Callable[[], object]) -> None:
        with contextlib.suppress(ChatStreamError):
            act()

    for crowd in range(12):
        gevent.joinall([gevent.spawn(tried, act) for n in range(8) for act in acts(crowd * 8 + n)])
    said = {chat_id: words(store, chat_id) for chat_id in chats}
    kinds = ("first", "asked", "begun", "answered", "title")
    all_words = ["common", "again", *(f"{kind}{n}x" for kind in kinds for n in range(96))]
    for word in all_words:
        found = {chat.id for chat in store.chats(ME, word, None, 500).chats}
        assert found == {chat_id for chat_id, its in said.items() if word in its}
    for chat_id in chats:
        store.delete(ME, chat_id)
    assert [word for word in all_words if indexed(store, word)] == []


def indexed(store: Store, word: str) -> bool:
    """Whether any chat is found by the word, also one that is gone: another may get its number."""
    if isinstance(store, SqliteStore):
        with contextlib.closing(sqlite3.connect(store._path)) as c:
            return c.execute("SELECT 1 FROM words WHERE words MATCH ?", (word,)).fetchone() is not None
    return store.chats(ME, word, None, 1).chats != []


def words(store: Store, chat_id: str) -> set[str]:
    chat = store.chat(ME, chat_id)
    texts = [chat.title, *(message.content for message in store.messages(ME, chat_id))] if chat else []
    return set(" ".join(texts).split())


def without_answer(s: Submission) -> Cut:
    question, answer = s.messages
    return Cut(chat_id=s.chat.id, owner=ME, message_ids=[answer.id], leaf_before=answer.id, leaf_id=question.id)


ACTS: list[Callable[[Store, Submission, int], object]] = [
    lambda store, s, n: store.record("w1", [], [ending(s, 1, f"answered{n}x common")]),
    lambda store, s, n: store.change(ME, s.chat.id, {"title": f"title{n}x"}),
    lambda store, s, n: store.delete(ME, s.chat.id),
    lambda store, s, _: store.prune(without_answer(s)),
]
"""What may be done to a chat at the moment it begins."""
