"""Events and endings: written in batches, again where that is needed, and read from any number."""

import gevent

from chatstream.store.ports import Store
from chatstream.store.records import Batch
from tests.store.conftest import ME, ending, submission, texts


def test_events_are_read_from_any_number(store: Store) -> None:
    s = submission()
    store.begin(s)
    events = texts(1, 9)
    for first, last in ((1, 4), (5, 5), (6, 9)):
        store.record("w1", [Batch(run_id=s.run.id, first=first, events=events[first - 1 : last])], [])
    for after in range(11):
        assert store.events(s.run.id, after) == events[after:]
    record = store.run(ME, s.run.id)
    assert record is not None
    assert (record.seq, record.state) == (9, "running")


def test_writing_a_batch_again_longer_replaces_it(store: Store) -> None:
    s = submission()
    store.begin(s)
    events = texts(1, 5)
    for n in (2, 5, 5):
        store.record("w1", [Batch(run_id=s.run.id, first=1, events=events[:n])], [])
    assert store.events(s.run.id, 0) == events


def test_an_ending_fills_run_message_and_chat_and_can_be_repeated(store: Store) -> None:
    s = submission()
    store.begin(s)
    error = {"message": "broke", "code": "upstream_broke"}
    calls = [{"id": "c", "name": "clock", "arguments": "{}"}]
    end = ending(s, 2, "Hi 😀", state="upstream_error", reasoning="hm", error=error, tool_calls=calls)
    batch = Batch(run_id=s.run.id, first=1, events=texts(1, 2))
    assert [store.record("w1", [batch], [end]) for _ in range(2)] == [set(), {s.run.id}]
    answer = store.messages(ME, s.chat.id)[1]
    assert (answer.content, answer.reasoning, answer.state) == ("Hi 😀", "hm", "upstream_error")
    assert (answer.error, answer.usage, answer.timings, answer.tool_calls) == (error, end.usage, end.timings, calls)
    record, chat = store.run(ME, s.run.id), store.chat(ME, s.chat.id)
    assert record is not None
    assert chat is not None
    assert (record.state, record.seq, record.usage, chat.updated_at) == ("upstream_error", 2, end.usage, 2000)
    assert store.running(ME, s.chat.id) == []


def test_many_runs_in_one_commit(store: Store) -> None:
    begun = [submission(prompt=f"question {i}") for i in range(50)]
    gevent.joinall([gevent.spawn(store.begin, s) for s in begun], raise_error=True)
    batches = [Batch(run_id=s.run.id, first=1, events=texts(1, 20)) for s in begun]
    store.record("w1", batches, [ending(s, 20, f"answer {i}") for i, s in enumerate(begun)])
    for i, s in enumerate(begun):
        assert store.events(s.run.id, 0) == batches[i].events
        assert store.messages(ME, s.chat.id)[1].content == f"answer {i}"


def test_what_a_deleted_chats_run_still_writes_is_not_kept(store: Store) -> None:
    s = submission()
    store.begin(s)
    store.delete(ME, s.chat.id)
    late = Batch(run_id=s.run.id, first=1, events=texts(1, 3))
    assert store.record("w1", [late], [ending(s, 3)]) == {s.run.id}
    assert store.events(s.run.id, 0) == []
    assert store.chat(ME, s.chat.id) is None
    assert store.run(ME, s.run.id) is None
