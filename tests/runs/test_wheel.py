"""The wheel of moments, and the watch over deadlines that turns on it."""

import time

import gevent
import pytest

from chatstream.runs.watch import Watch
from chatstream.runs.wheel import Wheel
from chatstream.settings import Settings
from chatstream.upstream.deadlines import Deadlines

pytestmark = pytest.mark.alone


def test_what_is_due_is_found_once_and_nothing_before_its_moment() -> None:
    wheel, now = Wheel[str](0.1), time.monotonic()
    for name, after in (("soon", 0.35), ("later", 5.0), ("past", -3.0)):
        wheel.put(name, now + after)
    assert set(wheel.due(now + 0.3)) == {"past"}
    assert set(wheel.due(now + 0.56)) == {"soon"}
    assert set(wheel.due(now + 4.9)) == set()
    assert set(wheel.due(now + 60)) == {"later"}
    assert set(wheel.due(now + 120)) == set()


def test_what_was_taken_off_is_not_found() -> None:
    wheel, now = Wheel[str](0.1), time.monotonic()
    for name in ("a", "b", "c"):
        wheel.put(name, now + 1)
    wheel.remove("a")
    wheel.remove("never there")
    found = []
    for name in wheel.due(now + 2):
        found.append(name)
        wheel.remove("b" if name == "c" else "c")  # whoever comes first takes the other with it
    assert len(found) == 1
    assert not wheel._at
    assert not any(wheel._due.values())


def test_what_is_put_back_in_its_turn_comes_again_later() -> None:
    wheel, now = Wheel[str](0.1), time.monotonic()
    wheel.put("a", now)
    for turn in range(1, 4):
        for name in wheel.due(now + turn):
            wheel.put(name, now + turn)
        assert set(wheel._at) == {"a"}


def test_a_deadline_that_became_shorter_is_seen_in_time() -> None:
    watch = Watch(Settings(first_token_s=3600, silence_s=0.5, answer_s=3600))
    deadlines, told = Deadlines(Settings(first_token_s=3600, silence_s=0.5, answer_s=3600)), []
    watch.add(deadlines, lambda: told.append(deadlines.passed()))
    watch.look()
    deadlines.content()
    give_up = time.monotonic() + 10
    while not told and time.monotonic() < give_up:
        gevent.sleep(0.05)
        assert not told or deadlines.over(time.monotonic())
        watch.look()
    assert "in the middle of its answer" in str(told[0])
    watch.remove(deadlines)
    gevent.sleep(0.6)
    before = len(told)
    watch.look()
    assert len(told) == before
