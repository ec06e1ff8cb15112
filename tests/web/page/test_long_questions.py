"""A long question stands in blocks, which a browser lays out as they come into view: at once, and after a reload."""

import pytest
from selenium.webdriver.common.keys import Keys

from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer
from tests.web.conftest import Serve
from tests.web.page.page import Page

ASKED = "return document.querySelector('[data-role=user] .text').innerHTML"
TEXTS = {
    "short": "A word or two\n" * 100,
    "lines": "A word or two\n" * 1_300 + "end",
    "one line": "word " * 4_800,
    "no space": "x" * 20_000,
    "far breaks": ("y" * 7_999 + "\n") * 3,
    "both": "word " * 1_700 + "\n\n" + "z" * 9_000 + "\n" + "line\n" * 500,
}


@pytest.fixture(scope="module")
def server(serve: Serve) -> ChatStream:
    return serve()


@pytest.mark.parametrize("name", TEXTS)
def test_it_is_cut_as_the_server_cuts_it(
    name: str, server: ChatStream, browser: Browser, model_server: ModelServer
) -> None:
    text = TEXTS[name]
    page = Page(browser, server.url).open()
    browser.evaluate("document.querySelector('#prompt').value = arguments[0]", text)
    page.write(Keys.END + "." + Keys.ENTER)
    page.wait_state("complete")
    at_once = browser.evaluate(ASKED)
    assert (at_once.count("text-block-far") > 2) == (name != "short")
    assert page.messages[0] == ("You", f"{text}.")
    page.reload()
    assert browser.evaluate(ASKED) == at_once
