"""The store goes away under an open page: it says so in words, loses nothing, and goes on when the store is back."""

from collections.abc import Iterator

import pytest

from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer
from tests.servers.mongod import Mongod
from tests.web.conftest import Serve
from tests.web.page.page import GATED, TIDE, Page, two_tabs
from tests.web.page.test_accessible import look


@pytest.fixture(scope="module")
def store() -> Iterator[Mongod]:
    with Mongod() as mongod:
        yield mongod


@pytest.fixture(scope="module")
def one_server(store: Mongod, serve: Serve) -> ChatStream:
    return serve(MONGODB_URI=store.database_uri("page"))


def test_a_question_is_refused_and_kept_and_an_answer_goes_on(
    store: Mongod, one_server: ChatStream, browser: Browser, model_server: ModelServer
) -> None:
    one, two = two_tabs(browser, one_server.url)
    model_server.script(GATED)
    one.ask("When does the tide come in?")
    one.wait_answer("The tide ")
    store.kill()
    two.ask("And the moon?")
    two.browser.wait(lambda: "The database cannot be reached now." in two.browser.text("#notice"), 20)
    assert (two.messages, two.draft) == ([], "And the moon?")
    model_server.release("more")
    one.wait_answer(TIDE)
    store.start()
    one.wait_state("complete")
    one.agrees(one_server.address)
    two.click("button", "Send")
    two.wait_state("complete")
    assert two.messages == [("You", "And the moon?"), ("Assistant", "Hello world")]


def test_a_page_that_needs_the_store_says_so_and_comes_back(
    store: Mongod, one_server: ChatStream, browser: Browser
) -> None:
    page = Page(browser, one_server.url).open()
    store.kill()
    try:
        page.open("/")
        assert "The database cannot be reached now." in browser.text("main")
        look(browser)
    finally:
        store.start()
    page.click("link", "Try again")
    browser.wait(lambda: browser.find_all("textbox", "Message"))
