"""The contract for submissions of the same moment: a store may take them together, and each has its own outcome."""

from collections.abc import Callable, Sequence

import gevent
import msgspec

from chatstream.errors import ChatStreamError, LeafMoved, NotFound, TooLarge
from chatstream.store.mongo import MongoStore
from chatstream.store.ports import Store
from chatstream.store.records import RunRecord, Submission
from tests.store.conftest import ME, submission

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
