"""What is typed and not sent stays with its chat."""

from selenium.webdriver.common.keys import Keys

from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer
from tests.web.page.page import Page, two_tabs

KEPT = """return Object.keys(localStorage).filter((name) => name.startsWith('draft ')).map(
    (name) => JSON.parse(localStorage.getItem(name)).text).join(' ') || null"""
LAGGING = """
    const seen = {...localStorage}
    Storage.prototype.getItem = (name) => seen[name] ?? null"""
"""What other tabs write comes late, as it may between two processes."""


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


def test_a_tab_with_nothing_typed_leaves_anothers_draft(one_server: ChatStream, browser: Browser) -> None:
    one, two = two_tabs(browser, one_server.url)
    one.write("Typed here")
    one.browser.wait(lambda: "Typed here" in (one.browser.evaluate(KEPT) or ""))
    two.reload()  # which has it now
    two.browser.find("textbox", "Message").send_keys(Keys.CONTROL + "a")
    two.press("And there")
    two.browser.wait(lambda: "And there" in (two.browser.evaluate(KEPT) or ""))
    two.open("/lost")
    one.reload()
    assert one.draft == "And there"
    two.open("/")
    two.open("/lost")
    assert "And there" in one.browser.evaluate(KEPT)


def test_an_empty_tab_that_is_closed_leaves_anothers_draft(one_server: ChatStream, browser: Browser) -> None:
    one, two = two_tabs(browser, one_server.url)
    one.write("Typed here")
    one.browser.wait(lambda: "Typed here" in (one.browser.evaluate(KEPT) or ""))
    assert two.draft == ""
    two.open("/lost")
    assert "Typed here" in (one.browser.evaluate(KEPT) or "")
    one.reload()
    assert one.draft == "Typed here"


def test_two_tabs_that_write_at_once_lose_nothing(one_server: ChatStream, browser: Browser) -> None:
    one, two = two_tabs(browser, one_server.url)
    one.ask("Begin")
    one.wait_state("complete")
    two.browser.evaluate(LAGGING)
    one.write("In the chat")
    one.browser.wait(lambda: "In the chat" in (one.browser.evaluate(KEPT) or ""))
    two.write("For a new one")
    one.browser.wait(lambda: "For a new one" in (one.browser.evaluate(KEPT) or ""))
    assert "In the chat" in one.browser.evaluate(KEPT)


def test_the_latest_are_kept(page: Page) -> None:
    page.browser.evaluate("""for (let n = 0; n < 50; n += 1) localStorage.setItem(
        `draft ${n}`, JSON.stringify({at: Date.now() - (n === 20 ? 100 : n), text: `${n} old`}))""")
    page.browser.evaluate("localStorage.setItem('draft broken', 'nothing of ours')")
    page.write("New")
    page.browser.wait(lambda: page.browser.evaluate("return localStorage.getItem('draft new')"))
    left = page.browser.evaluate("return Object.keys(localStorage).filter((name) => name.startsWith('draft '))")
    assert len(left) == 50
    assert not {"draft 20", "draft broken"} & set(left)
