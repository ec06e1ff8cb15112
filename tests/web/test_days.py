"""The groups of the list, day by day where the reader is."""

from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from chatstream.web import languages
from chatstream.web.days import day

BERLIN, TONGA = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Tongatapu")
TODAY = date(2026, 3, 30)


@pytest.fixture(autouse=True)
def english_page() -> Iterator[None]:
    """Groups have their names in the language of a page that is being made."""
    app = Flask(__name__)
    languages.register(app)
    with app.test_request_context():
        yield


@pytest.mark.parametrize(
    ("then", "group"),
    [
        ("2026-03-31 09:00", "Today"),  # a clock that goes ahead
        ("2026-03-30 00:00", "Today"),
        ("2026-03-29 23:59", "Yesterday"),
        ("2026-03-29 00:00", "Yesterday"),  # a day of 23 hours
        ("2026-03-28 23:59", "Previous 7 days"),
        ("2026-03-23 00:00", "Previous 7 days"),
        ("2026-03-22 23:59", "March 2026"),
        ("2026-02-28 12:00", "February 2026"),
        ("2025-03-30 12:00", "March 2025"),
    ],
)
def test_a_time_lies_in_its_group(then: str, group: str) -> None:
    at = datetime.fromisoformat(then).replace(tzinfo=BERLIN)
    assert day(int(at.timestamp() * 1000), TODAY, BERLIN) == group


def test_the_same_moment_is_another_day_elsewhere() -> None:
    at = int(datetime(2026, 3, 29, 13, tzinfo=ZoneInfo("UTC")).timestamp() * 1000)
    assert [day(at, TODAY, there) for there in (BERLIN, TONGA)] == ["Yesterday", "Today"]
