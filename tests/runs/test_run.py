"""A Run's list and its viewers, without any server: order, waking, heartbeats, cost of a slow viewer."""

import time
from typing import Any

import gevent
import pytest

from chatstream.errors import Gone
from chatstream.runs.run import SLICE, Run
from chatstream.runs.viewers import Pulse
from chatstream.store.records import RunRecord
from chatstream.wire.events import RunEvent

pytestmark = pytest.mark.alone

RECORD = RunRecord(id="r", owner="o", chat_id="c", message_id="m", worker="w", lease=0)
PULSE = Pulse(1000)


def end(run: Run, state: str = "complete") -> None:
    run.finish(RunEvent("end", {"state": state}, run.age_ms()))


def collect(run: Run, after: int, into: list[Any], pulse: Pulse = PULSE) -> None:
    into.extend(run.follow(after, pulse))


def test_every_viewer_sees_every_event_once_in_order() -> None:
    run = Run(RECORD)
    seen: list[list[list[RunEvent]]] = [[] for _ in range(5)]
    viewers = [gevent.spawn(collect, run, after, found) for after, found in enumerate(seen)]
    for n in range(100):
        run.append("text", str(n))
        run.wake()
        if n % 3 == 0:
            gevent.sleep(0)
    end(run)
    gevent.joinall(viewers, raise_error=True, timeout=5)
    for after, found in enumerate(seen):
        assert [event for events in found for event in events] == run.events[after:]


def test_a_slow_viewer_takes_what_it_missed_in_few_pieces() -> None:
    run = Run(RECORD)
    viewer = run.follow(0, PULSE)
    assert [event.kind for event in next(viewer)] == ["ids"]
    for n in range(1000):
        run.append("text", str(n))
        run.wake()
    assert [len(next(viewer)), len(next(viewer))] == [SLICE, 1000 - SLICE]


def test_a_viewer_that_comes_after_the_end_gets_the_rest_or_is_cut() -> None:
    run = Run(RECORD)
    run.append("text", "a")
    end(run)
    assert [len(events) for events in run.follow(1, PULSE)] == [2]
    for after in (3, 99):
        with pytest.raises(Gone):  # no stream without a last frame looks whole
            list(run.follow(after, PULSE))


def test_a_viewer_that_is_killed_while_it_waits_leaves_nothing_behind() -> None:
    run, pulse = Run(RECORD), Pulse(1000)
    viewers = [gevent.spawn(collect, run, 1, [], pulse) for _ in range(10)]
    gevent.sleep(0.01)
    assert (len(run._viewers), len(pulse._wheel._at)) == (10, 10)
    gevent.killall(viewers)
    assert (len(run._viewers), len(pulse._wheel._at), *map(len, pulse._wheel._due.values())) == (0, 0, 0)
    run.append("text", "a")
    run.wake()
    gevent.sleep(0)


def test_the_pulse_wakes_only_whoever_waited_long_enough() -> None:
    run, pulse = Run(RECORD), Pulse(0.05)
    seen: list[list[RunEvent]] = []
    viewer = gevent.spawn(collect, run, 1, seen, pulse)
    gevent.sleep(0)
    pulse.beat()
    gevent.sleep(0)
    assert seen == []
    deadline = time.monotonic() + 5
    while len(seen) < 2 and time.monotonic() < deadline:
        gevent.sleep(0.01)
        pulse.beat()
    run.append("text", "a")
    run.wake()
    gevent.sleep(0.01)
    assert [len(events) for events in seen[:2]] == [0, 0]
    assert [len(events) for events in seen].count(1) == 1
    viewer.kill()


def test_a_reader_who_takes_nothing_gets_its_heartbeat_when_it_waits_again() -> None:
    run, pulse = Run(RECORD), Pulse(0.05)
    following = run.follow(0, pulse)
    next(following)
    for _ in range(10):  # it does not wait meanwhile
        gevent.sleep(0.02)
        pulse.beat()
    seen: list[list[RunEvent]] = []
    viewer = gevent.spawn(lambda: seen.append(next(following)))
    gevent.sleep(0)
    pulse.beat()
    gevent.sleep(0.01)
    assert seen == []
    gevent.sleep(0.1)
    pulse.beat()
    viewer.join(5)
    assert seen == [[]]
