"""docs/performance.md: each measurement replaces its own part, between two marks, and leaves the rest as it is."""

from pathlib import Path

from tests.servers.server import ROOT

PAGE = ROOT / "docs" / "performance.md"


def replace(name: str, text: str, page: Path = PAGE) -> None:
    """Put `text` between the marks `<!-- measured: name -->` and `<!-- /measured: name -->`.

    :raises ValueError: if the page has not exactly one such pair
    """
    begin, end = f"<!-- measured: {name} -->\n", f"<!-- /measured: {name} -->"
    whole = page.read_text()
    if whole.count(begin) != 1 or whole.count(end) != 1:
        raise ValueError(f"{page} needs the lines {begin.strip()} and {end}, once each")
    before, _, rest = whole.partition(begin)
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{begin}\n{text.strip()}\n\n{end}{after}")
