"""What the browser's tab tells of an answer."""

import time

from tests.servers.model_server import ModelServer
from tests.web.page.page import GATED, TIDE, Page

ICON = "return document.querySelector('link[rel=icon]').href.split('/').at(-1)"


def test_the_tab_tells_that_an_answer_is_written_and_done(page: Page, model_server: ModelServer) -> None:
    model_server.script(GATED)
    page.ask("Tell the tab")
    page.wait_answer("The tide ")
    assert page.browser.evaluate(ICON) == "favicon-streaming.svg"
    page.browser.wait(lambda: page.title == "Tell the tab · ChatStream")
    page.hide()
    page.browser.wait(lambda: page.title == "● Tell the tab · ChatStream")
    model_server.release("more")
    page.browser.wait(lambda: page.title == "✓ Tell the tab · ChatStream")
    assert page.browser.evaluate(ICON) == "favicon-done.svg"
    page.show()
    page.browser.wait(lambda: page.title == "Tell the tab · ChatStream")
    assert page.browser.evaluate(ICON) == "favicon.svg"


def test_a_tab_that_gave_its_connection_back_tells_all_the_same(page: Page, model_server: ModelServer) -> None:
    model_server.script(GATED)
    page.ask("Leave it")
    page.wait_answer("The tide ")
    page.hide()
    time.sleep(7)  # longer than a hidden tab keeps its connection
    model_server.release("more")
    page.browser.wait(lambda: page.title == "✓ Leave it · ChatStream", 30)
    assert page.answer == TIDE
    page.show()
    page.browser.wait(lambda: page.title == "Leave it · ChatStream")


def test_a_mark_that_belongs_to_a_title_stays(page: Page, model_server: ModelServer) -> None:
    model_server.script(GATED)
    page.ask("✓ Ticked off")
    page.wait_answer("The tide ")
    page.hide()
    page.browser.wait(lambda: page.title == "● ✓ Ticked off · ChatStream")
    model_server.release("more")
    page.browser.wait(lambda: page.title == "✓ ✓ Ticked off · ChatStream")
    page.show()
    page.browser.wait(lambda: page.title == "✓ Ticked off · ChatStream")


def test_seen_to_its_end_an_answer_leaves_no_mark(page: Page) -> None:
    page.ask("Seen")
    page.wait_state("complete")
    page.browser.wait(lambda: page.browser.evaluate(ICON) == "favicon.svg")
    page.browser.wait(lambda: page.title == "Seen · ChatStream")
