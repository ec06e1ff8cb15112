"""What is typed and not sent stays with its chat."""

from selenium.webdriver.common.keys import Keys

from tests.servers.model_server import ModelServer
from tests.web.page.page import Page

KEPT = "return localStorage.getItem('drafts')"


def test_a_draft_outlasts_reloads_and_other_chats(page: Page) -> None:
    page.write("For a new chat")
    page.reload()
    assert page.draft == "For a new chat"
    page.press(Keys.CONTROL + Keys.END)
    page.ask(", sent")
    page.wait_state("complete")
    assert page.messages[0] == ("You", "For a new chat, sent")
    assert page.browser.evaluate(KEPT) is None
    chat = page.browser.driver.current_url
    page.write("Half a question")
    page.open("/")
    assert page.draft == ""
    page.browser.open(chat)
    assert page.draft == "Half a question"
    page.browser.find("textbox", "Message").send_keys(Keys.CONTROL + "a")
    page.press(Keys.DELETE)
    page.reload()
    assert page.draft == ""


def test_what_is_typed_while_an_answer_is_written_stays_with_its_chat(page: Page, model_server: ModelServer) -> None:
    model_server.script([["text", "The tide"], ["gate", "more"], ["finish", "stop"], ["done"], ["end"]])
    page.ask("Begin")
    page.wait_answer("The tide")
    page.write("Meanwhile")
    page.browser.wait(lambda: "Meanwhile" in (page.browser.evaluate(KEPT) or ""))
    chat = page.browser.driver.current_url
    page.open("/")
    assert page.draft == ""
    page.browser.open(chat)
    assert page.draft == "Meanwhile"
    model_server.release("more")
    page.wait_state("complete")


def test_a_refused_question_is_a_draft_again(page: Page) -> None:
    page.browser.evaluate("document.querySelector('#prompt').value = 'x'.repeat(2001)")
    page.browser.find("textbox", "Message").send_keys(Keys.ENTER)
    page.browser.wait(lambda: "cannot exceed" in page.browser.text("#notice"))
    page.reload()
    assert page.draft == "x" * 2001
