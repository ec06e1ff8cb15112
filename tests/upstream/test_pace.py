"""How long a frame is, and that whoever rests is woken after one."""

import time

import gevent
import pytest

from chatstream.upstream.pace import LONGEST_S, Clock, Load, Pace


@pytest.mark.parametrize(("share", "late"), [(1.0, 0.0), (0.2, 0.5)])
def test_the_frame_grows_with_the_load_and_with_lateness_and_shrinks_back(share: float, late: float) -> None:
    load = Load()
    pace = Pace(0.033, load, Clock())
    assert pace.frame_s == 0.033
    for _ in range(50):
        load.take(share, late)
    assert pace.frame_s == LONGEST_S
    for _ in range(50):
        load.take(0.5, 0)
    assert 0.033 < pace.frame_s < LONGEST_S
    for _ in range(50):
        load.take(0.01, 0)
    assert pace.frame_s == 0.033


@pytest.mark.parametrize("frame", [0.0, 0.5])
def test_a_frame_of_zero_stays_zero_and_one_above_the_longest_stays_too(frame: float) -> None:
    load = Load()
    load.take(1.0, 1.0)
    assert Pace(frame, load, Clock()).frame_s == frame


@pytest.mark.alone
def test_the_load_is_measured() -> None:
    load = Load()
    watching = gevent.spawn(load.watch)
    try:
        until = time.monotonic() + 1
        while time.monotonic() < until:
            gevent.sleep(0)
        busy = load.share
        gevent.sleep(2)
    finally:
        watching.kill()
    assert busy > 0.3 > load.share


def test_sleepers_wake_in_their_order_and_never_early() -> None:
    clock, woken = Clock(), []

    def sleep(seconds: float) -> None:
        until = time.monotonic() + seconds
        clock.sleep_until(until)
        woken.append((seconds, time.monotonic() >= until))

    gevent.joinall([gevent.spawn(sleep, seconds) for seconds in (0.09, 0.03, 0.06)], timeout=10)
    gevent.joinall([gevent.spawn(sleep, seconds) for seconds in (0.02, 0.0)], timeout=10)  # the clock begins anew
    assert woken == [(0.03, True), (0.06, True), (0.09, True), (0.0, True), (0.02, True)]


def test_a_sleeper_that_is_killed_wakes_nobody_else() -> None:
    clock, woken = Clock(), []
    sleeper = gevent.spawn(clock.sleep_until, time.monotonic() + 0.03)
    other = gevent.spawn(lambda: (clock.sleep_until(time.monotonic() + 0.03), woken.append("other")))
    gevent.sleep(0.01)
    sleeper.kill()
    other.join(10)
    assert woken == ["other"]
    assert sleeper.ready()


def test_a_stream_rests_until_a_frame_has_passed_and_gives_way_when_one_has() -> None:
    pace, turns = Pace(0.05, Load(), Clock()), []
    read_at = time.monotonic()
    pace.rest(read_at)
    assert time.monotonic() - read_at >= 0.05
    gevent.spawn(turns.append, "another's")
    pace.rest(read_at)
    assert turns == ["another's"]
