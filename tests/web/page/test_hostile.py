"""Hostile Markdown and HTML, streamed a character at a time and read again from the server: nothing in it runs."""

from pathlib import Path
from typing import Any

import pytest

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer
from tests.web.page.page import LAST, Page
from tests.web.page.site import Site
from tests.web.page.test_reading import HOSTILE, write


class Visited(dict[str, str]):
    """The pages of a site that has none, and notes what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def get(self, path: str, default: Any = None) -> Any:
        self.asked.append(path)
        return default


HARM = "return [window.harm ?? null, location.pathname.length]"
NEVER = "img, script, style, link, iframe, object, embed, video, svg, maction, annotation-xml, mglyph"
LOADING = f"return {LAST}.querySelectorAll('{NEVER}').length"
LINKS = f"return [...{LAST}.querySelectorAll('.markdown [href]')].map((a) => a.href)"


@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    ("policy", "kind"),
    [(True, "text"), (False, "text"), (False, "reasoning")],
    ids=["policy", "renderers alone", "reasoning"],
)
def test_nothing_hostile_runs_or_asks_another_host(
    path: Path, policy: bool, kind: str, one_server: ChatStream, browser: Browser, model_server: ModelServer
) -> None:
    visited = Visited()
    with Site(visited) as site:
        text = path.read_text().replace("HOSTNAME", site.url.removeprefix("http://")).replace("HOST", site.url)
        page = Page(browser, one_server.url)
        if not policy:
            browser.allow_scripts()
        page.open()
        write(page, model_server, text, 1, kind)
        for _ in range(2):
            assert page.browser.evaluate(LOADING) == 0
            for link in page.browser.evaluate(LINKS):
                assert link.startswith(("http://", "https://", "mailto:"))
                assert not link.startswith(one_server.url)
            page.browser.evaluate(f"for (const a of {LAST}.querySelectorAll('.dead-link')) a.click()")
            assert page.browser.evaluate(HARM)[0] is None
            page.reload()
        page.open(Api(one_server.address).post(f"/chat/{page.chat_id}/share").json["path"])
        assert (page.browser.evaluate(LOADING), page.browser.evaluate(HARM)[0]) == (0, None)
        page.browser.disable_javascript()
        page.reload()
        assert page.browser.evaluate(LOADING) == 0
    assert visited.asked == []
