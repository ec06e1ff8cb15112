"""Every way in which an answer can fail to come: told in the page, now and later, with Retry where it helps."""

from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from tests.servers.model_server import ModelServer, failure
from tests.web.page.page import Page

REFUSED = [
    (failure(401, "bad key"), "bad key"),
    (failure(429, "slow down"), "slow down"),
    (failure(500, "out of memory"), "out of memory"),
    ([["rst"]], "cannot be reached"),
]
BROKEN: list[tuple[list[list[Any]], str, str]] = [
    ([["text", "The tide "], ["rst"]], "upstream_error", "What arrived is kept. Continue · Retry"),
    ([["text", "The tide "], ["done"], ["end"]], "truncated", "What arrived is kept. Continue · Retry"),
    ([["text", "The tide "], ["finish", "length"], ["done"], ["end"]], "length", "Cut at the length limit. Continue"),
    ([["finish", "stop"], ["done"], ["end"]], "complete", "No completion generated. Retry"),
]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("steps", "words"), REFUSED)
def test_a_refusal_is_told_and_retry_answers_in_its_place(
    page: Page, model_server: ModelServer, steps: list[list[Any]], words: str, stream: bool
) -> None:
    if not stream:
        page.click("checkbox", "Stream response?")
    model_server.script(steps)
    page.ask("Try this")
    page.wait_state("upstream_error")
    assert words in page.ending
    page.click("button", "Retry")
    page.wait_state("complete")
    assert page.messages == [("You", "Try this"), ("Assistant", "Hello world")]
    page.reload()
    assert page.messages == [("You", "Try this"), ("Assistant", "Hello world")]


@pytest.mark.parametrize(("steps", "state", "words"), BROKEN)
def test_how_an_answer_ended_is_told_now_and_later(
    page: Page, model_server: ModelServer, steps: list[list[Any]], state: str, words: str
) -> None:
    model_server.script(steps)
    page.ask("End so")
    page.wait_state(state)
    shown = page.ending
    assert words in shown
    page.reload()
    assert page.ending == shown


def test_a_server_out_of_reach_gets_the_same_submission_again(page: Page, model_server: ModelServer) -> None:
    page.browser.go_offline()
    page.ask("Is anybody there?")
    page.wait_state("unsent")
    assert "could not be reached" in page.ending
    page.browser.go_online()
    page.click("button", "Retry")
    page.wait_state("complete")
    assert page.messages == [("You", "Is anybody there?"), ("Assistant", "Hello world")]
    assert len(model_server.requests()) == 1


def test_what_is_refused_stays_in_the_composer(page: Page, model_server: ModelServer) -> None:
    page.browser.evaluate("document.querySelector('#prompt').value = 'x'.repeat(2001)")
    page.press(Keys.ENTER)
    page.browser.find("textbox", "Message").click()
    page.press(Keys.ENTER)
    page.browser.wait(lambda: "Prompt cannot exceed 2000 characters" in page.browser.text("#notice"))
    assert page.draft == "x" * 2001
    assert page.messages == []
    assert model_server.requests() == []
