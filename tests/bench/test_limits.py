"""Limits: a miss, and what was not measured, can never look met."""

from types import SimpleNamespace

import pytest

from bench.limits import LIMITS, Limit, Verdict, verdicts
from bench.tables import of_verdicts

pytestmark = pytest.mark.alone

RELAY = "ChatStream, SQLite"


def verdict(limit: Limit, *measured: float) -> Verdict:
    (found,) = verdicts([SimpleNamespace(relay=RELAY, case="paced", x=each) for each in measured], [limit])
    return found


@pytest.mark.parametrize(("measured", "met"), [((1.0, 1.2, 9.0), True), ((1.0, 1.3, 1.3), False), ((), False)])
def test_the_median_of_the_rounds_is_held_against_a_limit(measured: tuple[float, ...], met: bool):
    assert verdict(Limit([RELAY], "paced", "CPU", "x", 1.25), *measured).met is met


@pytest.mark.parametrize(("measured", "met"), [((0.95, 0.9, 0.99), True), ((0.94, 0.94, 0.99), False)])
def test_a_limit_from_below(measured: tuple[float, ...], met: bool):
    assert verdict(Limit([RELAY], "paced", "rate", "x", 0.95, at_least=True), *measured).met is met


def test_one_lost_stream_in_any_round_is_a_miss():
    assert not verdict(Limit([RELAY], "paced", "lost", "x", 0, of=max), 0, 0, 1).met


def test_another_relays_figures_and_other_cases_are_not_counted():
    others = [SimpleNamespace(relay="nginx", case="paced", x=1), SimpleNamespace(relay=RELAY, case="fast", x=1)]
    (found,) = verdicts(others, [Limit([RELAY], "paced", "CPU", "x", 1.25)])
    assert found.measured is None
    assert not found.met


def test_the_table_shows_each_limit_with_its_miss():
    missed = verdict(Limit([RELAY], "paced", "CPU", "x", 1.25, " × nginx"), 2.0)
    absent = verdict(Limit([RELAY], "paced", "CPU", "x", 1.25, " × nginx"))
    *_, first, second = of_verdicts([missed, absent]).splitlines()
    assert [cell.strip() for cell in first.split("|")[4:7]] == ["≤ 1.25 × nginx", "2 × nginx", "**no**"]
    assert [cell.strip() for cell in second.split("|")[4:7]] == ["≤ 1.25 × nginx", "not measured", "**no**"]


def test_every_limit_names_relays_that_are_measured():
    assert all(limit.relays for limit in LIMITS)
    assert len({(limit.case, limit.what, *limit.relays) for limit in LIMITS}) == len(LIMITS)
