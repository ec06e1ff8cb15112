"""Continue: an answer that ended early goes on in its place, from what was kept."""

from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer, failure
from tests.web.conftest import Serve
from tests.web.page.page import LAST, TIDE, Page

KEPT = "The tide "
READ = KEPT.rstrip()
REST: list[list[Any]] = [["gate", "more"], *answer("comes in twice a day.")]
EARLY: list[tuple[list[list[Any]], str, str]] = [
    ([["text", KEPT], ["rst"]], "upstream_error", "What arrived is kept. Continue · Retry"),
    ([["text", KEPT], ["done"], ["end"]], "truncated", "What arrived is kept. Continue · Retry"),
    ([["text", KEPT], ["finish", "length"], ["done"], ["end"]], "length", "Cut at the length limit. Continue"),
]
WATCH = f"""
    const text = () => {LAST}?.querySelector('.answer').textContent ?? ''
    window.shown = []
    const look = () => window.shown.push(text())
    new MutationObserver(look).observe(document.querySelector('#transcript'),
      {{subtree: true, childList: true, characterData: true}})"""


def cut_short(page: Page, model_server: ModelServer, steps: list[list[Any]] = EARLY[0][0]) -> None:
    """An answer that ended early, with text; the next request gets the rest, behind the gate `more`."""
    model_server.script(steps)
    model_server.script(REST)
    page.ask("When does the tide come in?")
    page.browser.find("button", "Continue")


def completed(page: Page) -> None:
    page.wait_state("complete")
    assert page.messages == [("You", "When does the tide come in?"), ("Assistant", TIDE)]


@pytest.mark.parametrize(("steps", "state", "words"), EARLY)
def test_an_answer_goes_on_where_it_ended(
    page: Page, model_server: ModelServer, steps: list[list[Any]], state: str, words: str
) -> None:
    cut_short(page, model_server, steps)
    assert page.state == state
    assert page.ending.endswith(words)
    page.browser.evaluate(WATCH)
    page.click("button", "Continue")
    page.browser.wait(lambda: page.phase.startswith("Waiting for test-model"))
    assert (page.answer, page.state) == (READ, "running")
    assert page.browser.evaluate("return document.activeElement !== document.body")
    model_server.release("more")
    completed(page)
    assert all(text.startswith(READ) for text in page.browser.evaluate("return window.shown"))
    said = model_server.requests()[-1]["body"]["messages"]
    assert [message["role"] for message in said] == ["user", "assistant", "user"]
    assert said[1]["content"] == KEPT
    page.reload()
    completed(page)


def test_paragraphs_and_reasoning_stay_where_they_are(page: Page, model_server: ModelServer) -> None:
    cut_short(page, model_server, [["reasoning", "Water."], ["text", f"Sea.\n\n{KEPT}"], ["rst"]])
    words = "return document.querySelector('.reasoning .markdown').textContent"
    page.click("button", "Continue")
    page.browser.wait(lambda: page.phase.startswith("Waiting for test-model"))
    page.wait_seconds(3)  # what was kept has come again by now
    assert page.browser.evaluate(words) == "Water."
    model_server.release("more")
    page.wait_state("complete")
    assert (page.answer, page.browser.evaluate(words)) == (f"Sea.\n\n{TIDE}", "Water.")


@pytest.mark.parametrize("steps", [failure(500, "out of memory"), [["finish", "length"], ["done"], ["end"]]])
def test_without_text_there_is_only_retry(page: Page, model_server: ModelServer, steps: list[list[Any]]) -> None:
    model_server.script(steps)
    page.ask("Say nothing")
    page.browser.find("button", "Retry")
    for _ in range(2):
        assert "Continue" not in page.ending
        assert page.ending.endswith(" Retry")
        page.reload()


def test_all_at_once_it_goes_on_too(page: Page, model_server: ModelServer) -> None:
    page.click("checkbox", "Stream response?")
    cut_short(page, model_server)
    page.click("button", "Continue")
    page.browser.wait(lambda: page.phase.startswith("Waiting for the whole answer"))
    assert page.answer == READ
    model_server.release("more")
    completed(page)


# -- impatiently


def test_a_double_click_continues_once(page: Page, model_server: ModelServer) -> None:
    cut_short(page, model_server)
    ActionChains(page.browser.driver).double_click(page.browser.find("button", "Continue")).perform()
    model_server.release("more")
    completed(page)
    assert len(model_server.requests()) == 2


def test_continue_and_stop_at_once_keeps_the_text(page: Page, model_server: ModelServer) -> None:
    cut_short(page, model_server)
    page.click("button", "Continue")
    page.press(Keys.ESCAPE)
    page.wait_state("stopped")
    assert (page.answer, page.ending) == (READ, "Stopped by you. Continue · Retry")
    page.reload()
    assert (page.answer, page.ending) == (READ, "Stopped by you. Continue · Retry")
    model_server.script(answer("comes in twice a day."))
    page.click("button", "Continue")
    completed(page)


# -- what goes wrong


def test_what_the_model_server_refuses_keeps_the_text(page: Page, model_server: ModelServer) -> None:
    model_server.script([["text", KEPT], ["rst"]])
    model_server.script(failure(500, "out of memory"))
    page.ask("When does the tide come in?")
    page.click("button", "Continue")
    page.browser.wait(lambda: "out of memory" in page.ending)
    assert page.ending.endswith("What arrived is kept. Continue · Retry")
    model_server.script(answer("comes in twice a day."))
    page.click("button", "Continue")
    completed(page)


def test_where_nothing_was_saved_the_old_answer_comes_back(
    serve: Serve, browser: Browser, model_server: ModelServer
) -> None:
    server = serve(CHATSTREAM_MAX_STREAMS="1")
    page = Page(browser, server.url).open()
    model_server.script(EARLY[0][0])
    page.ask("When does the tide come in?")
    browser.find("button", "Continue")
    ending = page.ending
    model_server.script([["gate", "never"]])
    other = Api(server.address).ask("Take the only place")
    for button in ("Continue", "Retry"):
        page.click("button", button)
        browser.wait(lambda: "1 answers are being written now" in browser.text("#notice"))
        browser.wait(lambda: (page.answer, page.ending) == (READ, ending))
    Api(server.address).post(f"/runs/{other.headers['X-Run-Id']}/stop")
    model_server.script(answer("comes in twice a day."))
    page.click("button", "Continue")
    completed(page)


def test_offline_the_old_answer_comes_back_and_goes_on_once(page: Page, model_server: ModelServer) -> None:
    cut_short(page, model_server)
    ending = page.ending
    page.browser.go_offline()
    page.click("button", "Continue")
    page.browser.wait(lambda: "Press Continue again." in page.browser.text("#notice"))
    assert (page.answer, page.ending) == (READ, ending)
    page.browser.go_online()
    page.click("button", "Continue")
    model_server.release("more")
    completed(page)
    assert len(model_server.requests()) == 2
    assert page.browser.evaluate("return document.querySelector('#notice').hidden")


def test_a_reload_while_it_goes_on_shows_each_word_once(page: Page, model_server: ModelServer) -> None:
    model_server.script(EARLY[0][0])
    model_server.script([["text", "comes in "], ["gate", "more"], *answer("twice a day.")])
    page.ask("When does the tide come in?")
    page.click("button", "Continue")
    page.wait_answer(f"{KEPT}comes in ")
    page.reload()
    page.wait_answer(f"{KEPT}comes in ")
    model_server.release("more")
    completed(page)


def test_back_and_forward_find_the_answer_as_it_is(page: Page, model_server: ModelServer) -> None:
    cut_short(page, model_server)
    page.click("button", "Continue")
    page.browser.wait(lambda: page.state == "running")
    page.browser.driver.back()
    page.browser.find("heading", "Ask, and watch the answer being written.")
    model_server.release("more")
    page.browser.driver.forward()
    completed(page)


# -- without JavaScript


def test_without_javascript_it_goes_on_in_the_page(
    page: Page, one_server: ChatStream, model_server: ModelServer
) -> None:
    page.browser.disable_javascript()
    page.open("/")
    model_server.script(EARLY[0][0])
    model_server.script(answer("comes in twice a day."))
    page.write("When does the tide come in?")
    page.click("button", "Send")
    page.browser.wait(lambda: page.ending.endswith("What arrived is kept. Continue · Retry"))
    assert "after 1 token." in page.ending
    double = page.browser.find("button", "Continue")
    ActionChains(page.browser.driver).double_click(double).perform()
    page.browser.wait(lambda: page.answer == TIDE)
    assert len(model_server.requests()) == 2


def test_without_javascript_and_without_text_there_is_only_retry(page: Page, model_server: ModelServer) -> None:
    page.browser.disable_javascript()
    page.open("/")
    model_server.script([["headers", {}], ["rst"]])
    page.write("Say nothing")
    page.click("button", "Send")
    page.browser.wait(lambda: page.ending.endswith("before the first token. Retry"))
