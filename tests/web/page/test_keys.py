"""What keys do, and the sheet that lists them."""

import pytest
from selenium.webdriver.common.keys import Keys

from tests.servers.model_server import ModelServer
from tests.web.page.page import GATED, Page

OPEN = "return document.querySelector('#shortcuts').open"


def chord(page: Page, key: str) -> None:
    page.press(Keys.ALT + Keys.SHIFT + key)


def asked(page: Page, *prompts: str) -> None:
    for prompt in prompts:
        page.open("/").ask(prompt)
        page.wait_state("complete")


def test_a_new_chat_and_the_ones_beside(page: Page) -> None:
    asked(page, "Oldest key", "Middle key", "Newest key")
    chord(page, "k")  # nothing is above it
    chord(page, "j")
    page.browser.wait(lambda: page.title == "Middle key · ChatStream")
    chord(page, "j")
    page.browser.wait(lambda: page.title == "Oldest key · ChatStream")
    chord(page, "k")
    page.browser.wait(lambda: page.title == "Middle key · ChatStream")
    chord(page, "n")
    page.browser.wait(lambda: page.title == "ChatStream")
    chord(page, "j")
    page.browser.wait(lambda: page.title == "Newest key · ChatStream")


@pytest.mark.parametrize("width", [1280, 390])
def test_the_search_and_the_message_box_are_reached(page: Page, width: int) -> None:
    page.browser.resize(width, 800)
    chord(page, "f")
    assert page.focus == "q"
    page.press("wor")
    if width == 390:
        page.press(Keys.ESCAPE)
    chord(page, "m")
    assert page.focus == "prompt"
    page.press("ld")
    assert page.draft == "ld"


def test_a_folded_list_opens_for_the_search(page: Page) -> None:
    page.click("button", "Fold the list of chats away")
    chord(page, "f")
    page.browser.find("searchbox", "Search chats")
    assert page.focus == "q"


def test_the_last_answer_is_copied(page: Page, model_server: ModelServer) -> None:
    origin = {"origin": page.url, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    page.browser.command("Browser.grantPermissions", **origin)
    chord(page, "c")
    page.browser.wait(lambda: "no answer to copy" in page.browser.text("#toast"))
    page.ask("One")
    page.wait_state("complete")
    model_server.script(GATED)
    page.ask("Two")
    page.wait_answer("The tide ")
    chord(page, "c")
    page.browser.wait(lambda: page.browser.evaluate("return navigator.clipboard.readText()") == "Hello world")


def test_escape_stops_and_closes_first_what_is_open(page: Page, model_server: ModelServer) -> None:
    model_server.script(GATED)
    page.ask("Stop this")
    page.wait_answer("The tide ")
    chord(page, "?")
    assert page.browser.evaluate(OPEN)
    page.press(Keys.ESCAPE)
    page.browser.wait(lambda: not page.browser.evaluate(OPEN))
    assert page.state == "running"
    page.press(Keys.ESCAPE)
    page.wait_state("stopped")


def test_escape_closes_a_choice_before_the_drawer_it_is_in(page: Page) -> None:
    page.browser.resize(390, 800)
    page.click("button", "Chats")
    drawer = "return document.querySelector('#sidebar').matches(':popover-open')"
    choice = "return document.querySelector('.foot-choice[open]') !== null"
    page.browser.evaluate("document.querySelector('[aria-label=\"Light or dark\"]').click()")
    assert page.browser.evaluate(choice)
    page.press(Keys.ESCAPE)
    assert (page.browser.evaluate(choice), page.browser.evaluate(drawer)) == (False, True)
    page.press(Keys.ESCAPE)
    assert not page.browser.evaluate(drawer)
    page.browser.evaluate("document.querySelector('.foot-choice').open = true")
    chord(page, "?")
    page.press(Keys.ESCAPE)
    assert (page.browser.evaluate(OPEN), page.browser.evaluate(choice)) == (False, True)


def test_the_question_mark_opens_the_sheet_but_writes_in_fields(page: Page) -> None:
    page.write("Really?")
    assert (page.draft, page.browser.evaluate(OPEN)) == ("Really?", False)
    page.browser.evaluate("document.activeElement.blur()")
    page.press("?")
    assert page.browser.evaluate(OPEN)
    assert "New chat" in page.browser.text("#shortcuts")
    page.click("checkbox", "? alone opens this list, outside of text fields")
    page.press(Keys.ESCAPE)
    page.reload()
    page.browser.evaluate("document.activeElement.blur()")
    page.press("?")
    assert not page.browser.evaluate(OPEN)
    page.open_menu()
    page.click("button", "Keyboard shortcuts")
    assert page.browser.evaluate(OPEN)
