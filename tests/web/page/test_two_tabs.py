"""One chat in two tabs of a browser, or on two devices: both show the same stream, and nobody's draft is lost."""

from collections.abc import Callable

import pytest
from selenium.webdriver.common.keys import Keys

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer
from tests.web.page.page import GATED, TIDE, Page, Tab, two_tabs

BROKEN = [["text", "The tide "], ["rst"]]


@pytest.fixture
def tabs(one_server: ChatStream, browser: Browser, model_server: ModelServer) -> tuple[Tab, Tab]:
    """Two tabs on one chat, in which one question was asked."""
    one, two = two_tabs(browser, one_server.url)
    one.ask("What is in both?")
    one.wait_state("complete")
    two.browser.wait(lambda: "What is in both?" in two.chats)
    two.open(f"/c/{one.chat_id}")
    return one, two


def test_a_question_in_one_tab_streams_into_the_other(
    tabs: tuple[Tab, Tab], one_server: ChatStream, model_server: ModelServer
) -> None:
    one, two = tabs
    two.write("A draft")
    model_server.script(GATED)
    one.ask("When does the tide come in?")
    for tab in tabs:
        tab.wait_answer("The tide ")
        assert tab.messages[2] == ("You", "When does the tide come in?")
        assert tab.browser.find("button", "Stop")
    model_server.release("more")
    for tab in tabs:
        tab.wait_state("complete")
        assert tab.messages[3] == ("Assistant", TIDE)
        tab.agrees(one_server.address)
        tab.browser.find("button", "Send")
    assert (two.draft, two.focus) == ("A draft", "prompt")
    assert len(model_server.requests()) == 2
    two.press(Keys.ENTER)
    for tab in tabs:
        tab.browser.wait(lambda tab=tab: len(tab.messages) == 6 and tab.state == "complete")
        tab.agrees(one_server.address)


def test_either_tab_stops_retries_and_continues(
    tabs: tuple[Tab, Tab], one_server: ChatStream, model_server: ModelServer
) -> None:
    one, two = tabs
    model_server.script(GATED)
    one.ask("When does the tide come in?")
    two.wait_answer("The tide ")
    two.click("button", "Stop")
    for tab in tabs:
        tab.wait_state("stopped")
    model_server.script(answer("comes in twice a day."))
    two.click("button", "Continue")
    for tab in tabs:
        tab.wait_answer(TIDE)
        tab.wait_state("complete")
    model_server.script(BROKEN)
    model_server.script(GATED)
    two.ask("And again?")
    for tab in tabs:
        tab.wait_state("upstream_error")
    one.click("button", "Retry")
    for tab in tabs:
        tab.wait_answer("The tide ")
    model_server.release("more")
    for tab in tabs:
        tab.wait_answer(TIDE)
        tab.wait_state("complete")
        tab.agrees(one_server.address)
        assert len(tab.messages) == 6


def chosen(tab: Tab, title: str, action: str) -> None:
    """What a chat's menu in the list offers."""
    tab.click("button", f"Options for {title}")
    tab.browser.wait(lambda: tab.browser.find_all("menuitem", action))[0].click()


def test_the_list_of_chats_is_the_same_in_both(one_server: ChatStream, browser: Browser) -> None:
    one, two = two_tabs(browser, one_server.url)
    two.write("A draft")
    one.ask("Seen in both lists")
    two.browser.wait(lambda: two.chats[0] == "Seen in both lists")
    assert two.messages == []
    one.wait_state("complete")
    two.open(f"/c/{one.chat_id}")
    two.write("A draft")
    chosen(one, "Seen in both lists", "Rename")
    one.press(Keys.CONTROL + "a")
    one.press("Renamed in one", Keys.ENTER)
    two.browser.wait(lambda: two.title == "Renamed in one · ChatStream" and two.chats[0] == "Renamed in one")
    chosen(one, "Renamed in one", "Pin")
    two.browser.wait(lambda: "Pinned" in two.browser.text("#chats"))
    chosen(one, "Renamed in one", "Delete")
    one.open("/")
    two.browser.wait(lambda: "Renamed in one" not in two.chats)
    assert "deleted in another tab" in two.browser.text("#notice")
    assert (two.messages, two.draft, two.title) == ([], "A draft", "ChatStream")
    two.press(Keys.ENTER)
    two.browser.wait(lambda: two.messages == [("You", "A draft"), ("Assistant", "Hello world")])
    one.browser.wait(lambda: "A draft" in one.chats)
    chosen(one, "A draft", "Archive")
    two.browser.wait(lambda: "A draft" not in two.chats)


def test_questions_of_both_tabs_at_the_same_moment_are_all_answered(
    tabs: tuple[Tab, Tab], one_server: ChatStream, model_server: ModelServer
) -> None:
    model_server.default(answer("Said to each.", pause=0.1))
    for tab, prompt in zip(tabs, ("From the first", "From the second"), strict=True):
        tab.write(prompt)
    soon = tabs[0].browser.evaluate("return Date.now()") + 1500
    for tab in tabs:
        tab.browser.evaluate(
            "setTimeout(() => document.querySelector('#send').click(), arguments[0] - Date.now())", soon
        )
    for tab in tabs:
        tab.browser.wait(lambda tab=tab: len(tab.messages) == 6 and tab.state == "complete")
        tab.agrees(one_server.address)
        both = {text for who, text in tab.messages[2:] if who == "You"}
        assert both == {"From the first", "From the second"}
        assert [text for who, text in tab.messages if who != "You"] == ["Hello world", *["Said to each."] * 2]
    assert len(model_server.requests()) == 3


def test_a_reader_who_scrolled_up_stays_there(
    tabs: tuple[Tab, Tab], one_server: ChatStream, model_server: ModelServer
) -> None:
    one, two = tabs
    model_server.script(answer("Line\n" * 80))
    one.ask("Write a lot")
    two.wait_state("complete")
    two.browser.wait(lambda: two.answer.count("\n") == 79)
    two.browser.evaluate("scrollTo(0, 300)")
    two.browser.wait(lambda: two.browser.evaluate("return scrollY") == 300)
    two.browser.evaluate("window.read = document.querySelectorAll('.message')[3]")
    model_server.script([["text", "The tide "], ["rst"]])
    one.ask("Write more")
    two.wait_state("upstream_error")
    one.click("button", "Continue")
    two.browser.wait(lambda: two.state == "complete")
    assert two.browser.evaluate("return scrollY") == 300
    assert two.browser.evaluate("return window.read.isConnected")  # a selection in it lasts
    two.agrees(one_server.address)


# -- another device


def on_being_shown(page: Page) -> None:
    page.hide()
    page.show()


def on_being_online(page: Page) -> None:
    page.browser.go_offline()
    page.browser.go_online()


@pytest.mark.parametrize("back", [on_being_shown, on_being_online])
def test_what_another_device_asked_is_caught_up(
    page: Page, one_server: ChatStream, model_server: ModelServer, back: Callable[[Page], None]
) -> None:
    page.ask("From the desk")
    page.wait_state("complete")
    page.write("A draft")
    model_server.script(answer("Whole."))
    model_server.script(GATED)
    phone = Api(one_server.address)
    phone.answer("From the phone", chatId=page.chat_id)
    phone.ask("Again from the phone", chatId=page.chat_id)
    back(page)
    page.wait_answer("The tide ")
    assert page.browser.find("button", "Stop")
    model_server.release("more")
    page.wait_state("complete")
    page.agrees(one_server.address)
    assert [text for who, text in page.messages if who == "Assistant"] == ["Hello world", "Whole.", TIDE]
    assert (page.draft, page.focus) == ("A draft", "prompt")


def test_a_question_that_was_never_sent_stays_below_what_came_elsewhere(
    page: Page, one_server: ChatStream, model_server: ModelServer
) -> None:
    page.ask("From the desk")
    page.wait_state("complete")
    page.browser.go_offline()
    page.ask("Never sent")
    page.wait_state("unsent")
    Api(one_server.address).answer("From the phone", chatId=page.chat_id)
    page.browser.go_online()
    page.browser.wait(lambda: ("You", "From the phone") in page.messages)
    assert page.messages[-2:] == [("You", "Never sent"), ("Assistant", "")]
    page.click("button", "Retry")
    page.wait_state("complete")
    page.agrees(one_server.address)
    assert [text for who, text in page.messages if who == "You"] == ["From the desk", "From the phone", "Never sent"]


def test_a_chat_deleted_on_another_device_leaves_the_draft(
    page: Page, one_server: ChatStream, model_server: ModelServer
) -> None:
    model_server.script(GATED)
    page.ask("Deleted on the phone")
    page.wait_answer("The tide ")
    page.write("A draft")
    Api(one_server.address).call("DELETE", f"/chat/{page.chat_id}")
    page.browser.wait(lambda: page.state != "running")
    page.hide()
    page.show()
    page.browser.wait(lambda: page.messages == [])
    assert "deleted" in page.browser.text("#notice")
    assert (page.draft, "Deleted on the phone" in page.chats) == ("A draft", False)
