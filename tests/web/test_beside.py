"""The process beside a worker: what ends it is charged to the text that did it, and to no other."""

import os
import signal
import sys
from pathlib import Path

import gevent
import pytest

from chatstream.web.beside import ENDED_MAX, Beside


def repeating() -> Beside[str, str]:
    return Beside[str, str]("tests.web.repeating", 100, str)


@pytest.mark.parametrize("how", ["for ever", "never"])
def test_what_ends_the_process_is_nothing_and_all_others_are_made(how: str) -> None:
    beside = repeating()
    items = [("a", ""), ("b", how), ("c", ""), ("x" * 101, ""), ("\ud800", "")]
    assert beside.of_answer()(items) == ["a", "", "c", "", ""]
    number = beside.of_answer()([("d", "as its number")])
    assert beside.of_answer()(items) == ["a", "", "c", "", ""]
    assert beside.of_answer()([("e", "as its number")]) == number  # it was not asked again


def test_an_answer_ends_the_process_a_few_times_at_most(caplog: pytest.LogCaptureFixture) -> None:
    make = repeating().of_answer()
    assert make([("begun", "")]) == ["begun"]
    assert make([(str(n), "for ever") for n in range(10)]) == [""] * 10
    assert make([("a", "")]) == [""]
    assert [record.args[1] for record in caplog.records if record.args] == [-signal.SIGVTALRM] * ENDED_MAX


def test_an_answer_has_the_process_for_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatstream.web.beside.ANSWER_S", 0.5)
    monkeypatch.setattr("chatstream.web.beside.TOGETHER", 1)
    beside = repeating()
    beside.of_answer()([("begun", "")])
    items = [(str(n), "slowly") for n in range(4)]
    make = beside.of_answer()
    made = make(items)
    assert (made[0], made[2:], make.hurried) == ("0", ["", ""], True)
    monkeypatch.setattr("chatstream.web.beside.ANSWER_S", 60)
    make = beside.of_answer()
    assert (make(items), make.hurried) == (["0", "1", "2", "3"], False)


def test_a_process_that_was_killed_while_it_waited_is_begun_anew() -> None:
    beside = repeating()
    (number,) = beside.of_answer()([("a", "as its number")])
    os.kill(int(number), signal.SIGKILL)
    assert beside.of_answer()([("b", ""), ("c", "")]) == ["b", "c"]


def test_what_was_there_when_the_process_ended_is_tried_once_more(tmp_path: Path) -> None:
    text = str(tmp_path / "x")[-100:]
    assert repeating().of_answer()([("a", ""), (text, "the second time"), ("b", "")]) == ["a", text, "b"]


def test_the_time_limit_of_whoever_asks_is_no_fault_of_a_text() -> None:
    beside = repeating()
    beside.of_answer()([("begun", "")])
    with pytest.raises(gevent.Timeout) as ended, gevent.Timeout(0.05) as limit:
        beside.of_answer()([("a", "slowly")])
    assert ended.value is limit
    assert beside.of_answer()([("a", "slowly")]) == ["a"]


def test_texts_stay_as_they_are_while_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    beside = repeating()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/no/python")
        assert beside.of_answer()([("a", "")]) == [""]
    assert beside.of_answer()([("a", "")]) == ["a"]


def test_what_many_ask_for_at_once_is_made_once(caplog: pytest.LogCaptureFixture) -> None:
    beside = repeating()
    asked = [gevent.spawn(beside.of_answer(), [("a", "slowly"), ("b", "never")]) for _ in range(3)]
    assert [each.get() for each in asked] == [["a", ""]] * 3
    assert len(caplog.records) == 2  # it was not proven the first time, since there was something before it


def test_others_have_their_turn_while_many_small_texts_are_looked_up(turns: list[int]) -> None:
    beside = repeating()
    items = [("a", "")] * 50_000
    beside.of_answer()(items[:1])
    turns.clear()
    assert beside.of_answer()(items) == ["a"] * 50_000
    assert len(turns) > 10
