"""Tabs that show one answer share one connection to it."""

import pytest

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer
from tests.web.page.page import GATED, TIDE, Tab, two_tabs

FOLLOWED = """return performance.getEntriesByType('resource').map(({name}) => name)
    .filter((name) => name.includes('/events?after=')).map((name) => Number(name.split('=')[1]))"""
"""After which frames a tab connected itself to a run."""


@pytest.fixture
def tabs(one_server: ChatStream, browser: Browser, model_server: ModelServer) -> tuple[Tab, Tab]:
    """Two tabs on one chat, in whose first an answer is being written."""
    one, two = two_tabs(browser, one_server.url)
    one.ask("What is in both?")
    one.wait_state("complete")
    two.open(f"/c/{one.chat_id}")
    model_server.script(GATED)
    one.ask("When does the tide come in?")
    for tab in (one, two):
        tab.wait_answer("The tide ")
    return one, two


def test_a_second_tab_reads_along_without_a_connection(tabs: tuple[Tab, Tab], model_server: ModelServer) -> None:
    one, two = tabs
    model_server.release("more")
    for tab in tabs:
        tab.wait_state("complete")
        assert tab.answer == TIDE
        assert tab.browser.evaluate(FOLLOWED) == []
    assert one.messages == two.messages


def test_a_tab_that_comes_later_gets_all_from_the_first(
    tabs: tuple[Tab, Tab], browser: Browser, model_server: ModelServer, one_server: ChatStream
) -> None:
    _, two = tabs
    two.reload()
    two.wait_answer("The tide ")
    model_server.release("more")
    two.wait_state("complete")
    assert (two.answer, two.browser.evaluate(FOLLOWED)) == (TIDE, [])


def test_when_the_leader_closes_another_goes_on_from_the_last_frame(
    tabs: tuple[Tab, Tab], model_server: ModelServer, one_server: ChatStream
) -> None:
    one, two = tabs
    one.open("/")
    one.open(f"/c/{two.chat_id}")
    one.wait_answer("The tide ")
    model_server.release("more")
    for tab in tabs:
        tab.wait_state("complete")
        assert tab.answer == TIDE
        tab.agrees(one_server.address)
    (after,) = two.browser.wait(lambda: two.browser.evaluate(FOLLOWED))
    assert after > 0
    assert one.browser.evaluate(FOLLOWED) == []


def test_frames_that_come_before_what_was_asked_for_are_waited_for(
    tabs: tuple[Tab, Tab], model_server: ModelServer
) -> None:
    """The leader is busy, and what it sends by itself overtakes its reply."""
    one, two = tabs
    one.browser.evaluate("""const tell = BroadcastChannel.prototype.postMessage
        BroadcastChannel.prototype.postMessage = function (news) {
          if (news.answers === undefined) tell.call(this, news)
          else setTimeout(() => tell.call(this, news), 1500)
        }""")
    rest = [["text", " and again,"], ["sleep", 0.3], ["text", " and again."]]
    model_server.release("more")
    one.wait_state("complete")
    model_server.script([["text", "High"], ["gate", "on"], *rest, ["gate", "end"], *answer(" Low.")])
    one.ask("And tomorrow?")
    for tab in tabs:
        tab.wait_answer("High")
    two.reload()
    model_server.release("on")
    two.wait_answer("High and again, and again.")
    model_server.release("end")
    two.wait_state("complete")
    assert (two.answer, two.browser.evaluate(FOLLOWED)) == ("High and again, and again. Low.", [])


def test_tabs_of_a_shared_page_have_one_line_as_well(
    one_server: ChatStream, browser: Browser, model_server: ModelServer
) -> None:
    api = Api(one_server.address)
    chat_id = api.answer("What is in both?")[0]["chatId"]
    path = api.post(f"/chat/{chat_id}/share").json["path"]
    model_server.script(GATED)
    asking = api.ask("When does the tide come in?", chatId=chat_id)
    tabs = two_tabs(browser, one_server.url)
    for tab in tabs:
        tab.open(path)
        tab.wait_answer("The tide ")
    model_server.release("more")
    for tab in tabs:
        tab.wait_state("complete")
        assert tab.answer == TIDE
    lines = "return performance.getEntriesByType('resource').filter(({name}) => name.includes('/events/')).length"
    browser.wait(lambda: sum(tab.browser.evaluate(lines) for tab in tabs) == 1)
    list(asking.frames())


def test_without_locks_each_tab_has_a_line_of_its_own(
    one_server: ChatStream, browser: Browser, model_server: ModelServer
) -> None:
    browser.command(
        "Page.addScriptToEvaluateOnNewDocument",
        source="Object.defineProperty(Navigator.prototype, 'locks', {value: undefined})",
    )
    one, two = two_tabs(browser, one_server.url)
    model_server.script(GATED)
    one.ask("When does the tide come in?")
    one.browser.wait(lambda: "/c/" in one.browser.driver.current_url)
    two.browser.command(
        "Page.addScriptToEvaluateOnNewDocument",
        source="Object.defineProperty(Navigator.prototype, 'locks', {value: undefined})",
    )
    two.open(f"/c/{one.chat_id}")
    two.wait_answer("The tide ")
    model_server.release("more")
    for tab in (one, two):
        tab.wait_state("complete")
        assert tab.answer == TIDE
    two.browser.wait(lambda: two.browser.evaluate(FOLLOWED) == [0])
