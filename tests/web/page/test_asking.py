"""The main job in a real Chromium: ask, watch, stop, come back."""

import re

import pytest
from selenium.webdriver.common.keys import Keys

from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer
from tests.servers.nginx import Nginx
from tests.web.page.page import BEHIND, GATED, LAST, TIDE, Page

OURS = {"client_closed", "client_reset"}


# -- the main job, on each store


def test_ask_watch_and_find_again(server: ChatStream, browser: Browser, model_server: ModelServer) -> None:
    model_server.script(GATED)
    page = Page(browser, server.url).open()
    page.ask("When does the tide come in?")
    page.wait_answer("The tide ")
    assert page.state == "running"
    assert browser.evaluate(f"return {LAST}.ariaBusy") == "true"
    assert browser.find("button", "Stop")
    model_server.release("more")
    page.wait_state("complete")
    assert page.answer == TIDE
    browser.find("button", "Send")
    asked = [("You", "When does the tide come in?"), ("Assistant", TIDE)]
    assert page.messages == asked
    assert re.fullmatch(rf"{server.url}/c/[0-9a-f]{{24}}", browser.driver.current_url)
    assert page.title == "When does the tide come in? · ChatStream"
    page.reload()
    assert page.messages == asked
    page.open("/")
    page.click("link", "When does the tide come in?")
    browser.wait(lambda: page.messages == asked)
    assert [article.accessible_name for article in browser.find_all("article")] == ["You", "Assistant"]
    assert len(model_server.requests()) == 1
    assert browser.console() == []


def test_a_second_question_goes_into_the_same_chat(page: Page, model_server: ModelServer) -> None:
    page.ask("First")
    page.wait_state("complete")
    page.ask("Second")
    page.browser.wait(lambda: len(page.messages) == 4 and page.state == "complete")
    sent = model_server.requests()[-1]["body"]["messages"]
    assert [message["content"] for message in sent] == ["First", "Hello world", "Second"]
    assert page.chats.count("First") == 1


def test_back_leads_to_the_new_chat_and_forward_to_the_answer(page: Page) -> None:
    page.ask("Somewhere to come back to")
    page.wait_state("complete")
    page.browser.driver.back()
    page.browser.find("heading", "Ask, and watch the answer being written.")
    page.browser.driver.forward()
    page.browser.wait(lambda: page.answer == "Hello world")


def test_a_suggestion_asks(page: Page, model_server: ModelServer) -> None:
    page.browser.evaluate("document.querySelector('.suggestion').click()")
    page.wait_state("complete")
    assert "streaming" in model_server.requests()[0]["body"]["messages"][0]["content"]


# -- stopping


@pytest.mark.parametrize("how", ["button", "Esc"])
def test_stop_keeps_what_arrived(page: Page, model_server: ModelServer, how: str) -> None:
    model_server.script(GATED)
    page.ask("Stop this")
    page.wait_answer("The tide ")
    if how == "button":
        page.click("button", "Stop")
    else:
        page.press(Keys.ESCAPE)
    page.wait_state("stopped")
    assert (page.answer, page.ending) == ("The tide", "Stopped by you. Continue · Retry")
    assert model_server.wait_ended()[0]["ended"] in OURS
    page.reload()
    assert (page.answer, page.ending) == ("The tide", "Stopped by you. Continue · Retry")


def test_stop_before_the_first_token(page: Page, model_server: ModelServer) -> None:
    model_server.script([["gate", "never"]])
    page.ask("Stop at once")
    page.browser.wait(lambda: page.phase.startswith("Waiting for test-model"))
    page.click("button", "Stop")
    page.wait_state("stopped")
    assert page.answer == ""


def test_a_double_click_on_send_does_not_stop(page: Page, model_server: ModelServer) -> None:
    model_server.script(GATED)
    page.write("Sent with a double click")
    clicks = "['#send', '#stop'].forEach((id, n) => document.querySelector(id).dispatchEvent("
    page.browser.evaluate(clicks + "new MouseEvent('click', {bubbles: true, cancelable: true, detail: n + 1})))")
    page.wait_answer("The tide ")
    model_server.release("more")
    page.wait_state("complete")


# -- coming back to an answer


def test_a_reload_in_mid_answer_goes_on(page: Page, model_server: ModelServer) -> None:
    model_server.script([["text", "Sea\n\n"], *GATED])
    page.ask("Reload in the middle")
    page.wait_answer("Sea\n\nThe tide ")
    page.reload()
    page.wait_answer("Sea\n\nThe tide ")
    assert page.browser.find("button", "Stop")
    model_server.release("more")
    page.wait_state("complete")
    assert page.answer == f"Sea\n\n{TIDE}"
    assert len(model_server.requests()) == 1


def test_a_cut_connection_is_taken_up_again(
    one_server: ChatStream, browser: Browser, model_server: ModelServer
) -> None:
    with Nginx(BEHIND, {"APP": one_server.address, "PORT": "{port}"}) as proxy:
        page = Page(browser, proxy.url).open()
        model_server.script(GATED)
        page.ask("Lose the connection")
        page.wait_answer("The tide ")
        proxy.kill()
        browser.wait(lambda: page.phase == "Reconnecting…")
        model_server.release("more")
        model_server.wait_ended()
        proxy.start()
        page.wait_state("complete")
        assert (page.answer, page.phase) == (TIDE, "")


def test_back_online_a_connection_that_may_be_dead_is_replaced(page: Page, model_server: ModelServer) -> None:
    model_server.script(GATED)
    page.ask("Change the network")
    page.wait_answer("The tide ")
    page.browser.evaluate("dispatchEvent(new Event('online'))")
    model_server.release("more")
    page.wait_state("complete")
    assert page.answer == TIDE
    asked = "return performance.getEntriesByType('resource').map((entry) => entry.name).join(' ')"
    page.browser.wait(lambda: re.search("/events[?]after=[1-9]", page.browser.evaluate(asked)))


# -- the whole answer at once


def test_without_streaming_it_waits_for_the_whole_answer(page: Page, model_server: ModelServer) -> None:
    page.click("checkbox", "Stream response?")
    model_server.script(GATED)
    page.ask("All at once")
    page.browser.wait(lambda: page.phase.startswith("Waiting for the whole answer"))
    assert page.answer == ""
    model_server.release("more")
    page.wait_state("complete")
    assert page.answer == TIDE
    page.open("/")
    assert not page.browser.find("checkbox", "Stream response?").is_selected()


def test_a_whole_answer_can_be_stopped(page: Page, model_server: ModelServer) -> None:
    page.click("checkbox", "Stream response?")
    model_server.script(GATED)
    page.ask("Stop all of it")
    model_server.wait(lambda log: log and ["text"] in [step[:1] for step in log[0]["steps"]])
    page.click("button", "Stop")
    page.wait_state("stopped")
    assert page.answer == "The tide"
