"""A chat's title by its model, which comes after the answer: on every page that shows the chat."""

from collections.abc import Iterator

import pytest

from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer
from tests.web.conftest import Serve
from tests.web.page.page import Page, two_tabs


@pytest.fixture
def titled(serve: Serve, model_server: ModelServer) -> Iterator[ChatStream]:
    yield serve(CHATSTREAM_TITLES="on")
    model_server.reset()


def test_the_models_title_comes_to_every_open_page(
    titled: ChatStream, browser: Browser, model_server: ModelServer
) -> None:
    one, two = two_tabs(browser, titled.url)
    model_server.script(answer("Two bulges."))
    model_server.script([["gate", "title"], *answer("Why Tides Come Twice")])
    one.ask("why does the tide come in twice a day")
    one.wait_state("complete")
    one.browser.wait(lambda: one.chats == ["why does the tide come in twice a day"])
    two.browser.wait(lambda: two.chats == ["why does the tide come in twice a day"])
    model_server.release("title")
    for page in (one, two):
        page.browser.wait(lambda page=page: page.chats == ["Why Tides Come Twice"], 30)
    assert one.title == "Why Tides Come Twice · ChatStream"


def test_the_models_title_comes_also_where_the_answer_ended_before_the_chat_was_known(
    titled: ChatStream, browser: Browser, model_server: ModelServer
) -> None:
    """The answer streams on the connection that is there; the chat is asked for on a network that takes its time."""
    page = Page(browser, titled.url).open()
    model_server.script(answer("Two bulges."))
    model_server.script([["gate", "title"], *answer("Why Tides Come Twice")])
    browser.slow_down(3000)
    page.ask("why does the tide come in twice a day")
    page.wait_state("complete")
    assert page.chats == []
    browser.slow_down(0)
    browser.wait(lambda: page.chats == ["why does the tide come in twice a day"])
    model_server.release("title")
    browser.wait(lambda: page.chats == ["Why Tides Come Twice"], 30)
