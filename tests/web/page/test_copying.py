"""What is copied, on a page that did not come over a secure connection: browsers give it no clipboard of its own."""

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.keys import Keys

from tests.servers.model_server import ModelServer, answer
from tests.web.page.page import Page

INSECURE = "Object.defineProperty(Navigator.prototype, 'clipboard', {value: undefined})"


@pytest.fixture
def insecure(page: Page) -> Iterator[Page]:
    added = page.browser.command("Page.addScriptToEvaluateOnNewDocument", source=INSECURE)
    page.reload()
    yield page
    page.browser.command("Page.removeScriptToEvaluateOnNewDocument", identifier=added["identifier"])


def pasted(page: Page) -> str:
    page.browser.find("textbox", "Message").click()
    page.press(Keys.CONTROL + "v")
    return page.draft


def test_copying_code_leaves_what_the_reader_had_selected(insecure: Page, model_server: ModelServer) -> None:
    model_server.script(answer("The words\n\n```python\nf()\n```\n"))
    insecure.ask("Write it")
    insecure.wait_state("complete")
    insecure.browser.evaluate("getSelection().selectAllChildren(document.querySelector('.answer p'))")
    insecure.browser.evaluate("document.querySelector('.code-copy').click()")
    insecure.browser.find("button", "Copied")
    assert insecure.browser.evaluate("return String(getSelection())") == "The words"
    assert pasted(insecure) == "f()"


def test_copying_by_keys_leaves_the_message_box_as_it_was(insecure: Page) -> None:
    insecure.ask("Begin")
    insecure.wait_state("complete")
    insecure.write("ac")
    insecure.press(Keys.ARROW_LEFT)
    insecure.press(Keys.ALT + Keys.SHIFT + "c")
    insecure.browser.wait(lambda: "Copied the last answer." in insecure.browser.text("#toast"))
    insecure.press("b")
    assert insecure.draft == "abc"


def test_a_chats_link_is_copied_out_of_its_dialog(insecure: Page) -> None:
    insecure.ask("Share me")
    insecure.wait_state("complete")
    insecure.open_menu()
    insecure.click("button", "Share")
    insecure.click("button", "Copy link")
    insecure.browser.wait(lambda: insecure.browser.text(".share-news") == "Copied.")
    link = insecure.browser.evaluate("return document.querySelector('#share-link').value")
    insecure.click("button", "Close")
    assert pasted(insecure) == link
