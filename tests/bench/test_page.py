"""The page: a measurement replaces its own part, and the plot is an image."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.curve import Point
from bench.document import PAGE, replace
from bench.memory import Memory
from bench.parts import WHOLE
from bench.plot import svg
from bench.report import Report

pytestmark = pytest.mark.alone

TWO = """\
Ours.
<!-- measured: streams -->
old
<!-- /measured: streams -->
Between.
<!-- measured: storage -->
theirs
<!-- /measured: storage -->
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    path.write_text(TWO)
    return path


def test_a_rerun_replaces_its_own_part_and_nothing_else(page: Path):
    replace("streams", "new", page)
    replace("streams", "newer\n", page)
    assert page.read_text() == TWO.replace("old\n", "\nnewer\n\n")


def test_a_page_without_the_marks_is_left_alone(page: Path):
    with pytest.raises(ValueError, match="measured: browser"):
        replace("browser", "new", page)
    assert page.read_text() == TWO


def test_the_real_page_has_the_marks(tmp_path: Path):
    copy = tmp_path / "performance.md"
    copy.write_text(PAGE.read_text())
    replace("streams", "new", copy)
    assert "\nnew\n" in copy.read_text()


def test_the_plot_has_a_line_for_each_relay_and_shows_where_pace_was_lost():
    points = [Point("nginx", 100, 8, 1, 1, 10), Point("a < b", 100, 60, 1, 1, 10), Point("a < b", 200, 100, 0.6, 9, 20)]
    image = ElementTree.fromstring(svg(points))
    texts = [text.text for text in image.findall(".//{*}text")]
    assert [name for name in ("nginx", "a < b") if name in texts] == ["nginx", "a < b"]
    dots = [dot.get("class") for dot in image.findall(".//{*}circle")]
    assert dots == [None, None, "late"]


def test_the_records_of_all_parts_are_judged_and_told_together(tmp_path: Path):
    """As a whole run does at its very end, an hour after its beginning."""
    held = Memory("ChatStream, /v1", 1000, 0, 130.0, 29.0, 2.0, 2.0)
    told = Report(WHOLE, {"memory": [held], "curve": [Point("nginx", 50, 5, 1, 1, 10)]}, {})
    copy = tmp_path / "docs" / "performance.md"
    (copy.parent / "img").mkdir(parents=True)
    copy.write_text(PAGE.read_text())
    told.write(copy)
    assert {verdict.limit.case for verdict in told.verdicts} == {"memory"}
    assert "### Streams held against CPU" in copy.read_text()
    assert (copy.parent / "img" / "performance.svg").exists()
