"""Scripts are off in a real browser, and the answer is seen to grow while the model writes it."""

from collections.abc import Iterator

import pytest
from selenium import webdriver

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser, Chromium
from tests.servers.model_server import ModelServer, answer
from tests.web.page.page import LAST, Page

HALF: list[list[str]] = [["text", "The tide "], ["gate", "one"], ["text", "comes in "], ["gate", "two"]]
LOADING = "return document.readyState === 'loading' && !document.documentElement.classList.contains('js')"


class Impatient(Chromium):
    """Waits for no page's end: of one that streams this is the answer's."""

    def _options(self) -> webdriver.ChromeOptions:
        options = super()._options()
        options.page_load_strategy = "none"
        return options


@pytest.fixture(scope="module")
def impatient() -> Iterator[Chromium]:
    with Impatient() as process:
        yield process


@pytest.fixture
def bare(impatient: Chromium, one_server: ChatStream, model_server: ModelServer) -> Iterator[Page]:
    browser: Browser = impatient.browser()
    browser.disable_javascript()
    page = Page(browser, one_server.url).open()
    browser.find("textbox", "Message")
    yield page
    browser.close()


def grows(page: Page, model: ModelServer) -> None:
    page.wait_answer("The tide ")
    assert page.browser.evaluate(LOADING)
    model.release("one")
    page.wait_answer("The tide comes in ")
    assert page.browser.evaluate(LOADING)
    model.release("two")


def ended(page: Page) -> str:
    """The state that the page's end tells; empty before."""
    return str(page.browser.evaluate(f"return {LAST}?.querySelector('.foot[data-state]')?.dataset.state ?? ''"))


def send(page: Page, model: ModelServer, *rest: list[object]) -> None:
    model.script([*HALF, *rest])
    page.write("When does the tide come in?")
    page.click("button", "Send")


def test_an_answer_is_watched_and_its_end_is_told(bare: Page, model_server: ModelServer) -> None:
    send(bare, model_server, *answer("twice a day."))
    grows(bare, model_server)
    bare.browser.wait(lambda: ended(bare) == "complete")
    assert bare.answer == "The tide comes in twice a day."
    assert bare.ending == ""
    bare.browser.wait(lambda: bare.browser.evaluate("return document.readyState === 'complete'"))


def test_one_that_breaks_says_so_below_what_came(bare: Page, model_server: ModelServer) -> None:
    send(bare, model_server, ["rst"])
    grows(bare, model_server)
    bare.browser.wait(lambda: ended(bare) == "upstream_error")
    assert bare.answer == "The tide comes in"
    assert "What arrived is kept. Continue · Retry" in bare.ending


def test_a_shared_page_is_watched_as_well(bare: Page, one_server: ChatStream, model_server: ModelServer) -> None:
    api = Api(one_server.address)
    model_server.script([*HALF, *answer("twice a day.")])
    ids = next(api.ask("When?").frames())[1]
    bare.open(api.post(f"/chat/{ids['chatId']}/share").json["path"])
    bare.click("link", "Read on")
    grows(bare, model_server)
    bare.browser.wait(lambda: ended(bare) == "complete")
    assert bare.answer == "The tide comes in twice a day."
