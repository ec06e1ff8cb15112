"""The pictures of the documentation are there: of each of its states four, and no others."""

from tests.screenshots.__main__ import DOCUMENTED, SIZES
from tests.screenshots.scene import STATES
from tests.servers.server import ROOT


def test_each_documented_state_is_pictured_in_both_sizes_and_schemes() -> None:
    assert set(DOCUMENTED) <= {state.name for state in STATES}
    wanted = {
        f"{state.replace('_', '-')}-{size}-{scheme}.png"
        for state in DOCUMENTED
        for size in SIZES
        for scheme in ("light", "dark")
    }
    there = {path.name for path in (ROOT / "docs" / "img").glob("*-*-*.png")}
    assert (wanted - there, there - wanted) == (set(), set())
