"""What a reader would feel: nothing moves aside, every script has its side, and no key is pressed in vain."""

import re
from typing import Any

from selenium.webdriver.common.keys import Keys

from tests.servers.model_server import ModelServer, answer
from tests.web.page.page import Page
from tests.web.page.test_in_other_languages import ask, speak

LINES: list[list[Any]] = [["text", "Line\n\n"]] * 40
PLACES = """return ['.topbar', '.answer', '#composer'].map((name) => {
    const {left, right} = document.querySelector(name).getBoundingClientRect()
    return [left, right]
})"""
ARABIC = """1. الأول
2. الثاني
   - في الداخل

> قول

English again:

- one
- two

| place | high water | low water | height | coefficient | remarks |
|---|---|---|---|---|---|
| Saint-Malo | 06:10 | 12:44 | 12.2 m | 98 | The barrage closes an hour before high water |
"""
SIDES = """const direction = (element) => getComputedStyle(element).direction
const all = (names) => [...document.querySelectorAll(`.answer :is(${names})`)]
const table = document.querySelector('.answer .table')
return [...all('ol, ul, li, blockquote').map(direction),
    table.scrollWidth > table.clientWidth, direction(table), table.scrollLeft]"""


def told(page: Page) -> str:
    """What is said above the composer."""
    return str(
        page.browser.evaluate(
            "const told = document.querySelector('#notice'); return told.hidden ? '' : told.innerText"
        )
    )


def test_the_page_does_not_move_aside_when_it_grows_longer_than_the_window(
    page: Page, model_server: ModelServer
) -> None:
    page.browser.resize(1280, 700)
    model_server.script([["text", "First"], ["gate", "more"], *LINES, ["gate", "never"]])
    page.ask("Write a lot")
    page.wait_answer("First")
    before = page.browser.evaluate(PLACES)
    model_server.release("more")
    page.browser.wait(lambda: page.browser.evaluate("return scrollY") > 0)
    assert page.browser.evaluate(PLACES) == before


def test_lists_quotes_and_tables_have_the_side_of_their_script(page: Page, model_server: ModelServer) -> None:
    speak(page, "ar")
    page.browser.resize(390, 844)
    model_server.script(answer(ARABIC))
    ask(page)
    page.wait_state("complete")
    sides = ["rtl"] * 6 + ["ltr"] * 3 + [True, "ltr", 0]
    assert page.browser.evaluate(SIDES) == sides
    page.reload()
    assert page.browser.evaluate(SIDES) == sides


def test_enter_in_mid_answer_says_why_nothing_is_sent(page: Page, model_server: ModelServer) -> None:
    model_server.script([["text", "One"], ["gate", "more"], *answer(" two")])
    page.ask("Write")
    page.wait_answer("One")
    page.press(Keys.ENTER)
    assert told(page) == "", "there is nothing to send"
    page.ask("And then?")
    assert told(page) == "This answer is still being written. Wait for its end, or stop it."
    model_server.release("more")
    page.wait_state("complete")
    assert (page.draft, told(page)) == ("And then?", "")
    page.press(Keys.ENTER)
    page.wait_answer("Hello world")


def test_figures_are_the_same_after_a_reload(page: Page, model_server: ModelServer) -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 123_456, "total_tokens": 123_461}
    rest: list[list[Any]] = [["text", "ly"], ["finish", "stop"], ["usage", usage], ["done"], ["end"]]
    model_server.script([["text", "Quick"], ["gate", "rest"], *rest])
    page.ask("Be quick")
    page.wait_answer("Quick")
    model_server.release("rest")
    page.wait_state("complete")
    figures = page.browser.text(".figures")
    assert re.search(r"[0-9],[0-9]{3} tokens/s", figures), "many enough for a separator"
    page.reload()
    assert page.browser.text(".figures") == figures


def test_who_comes_back_in_mid_answer_follows_it_again(page: Page, model_server: ModelServer) -> None:
    page.browser.resize(1280, 700)
    left = "const p = document.scrollingElement; return Math.round(p.scrollHeight - p.clientHeight - p.scrollTop)"
    model_server.script(
        [["text", "First\n\n"], *LINES, ["gate", "away"], *LINES, ["gate", "back"], *LINES, ["gate", "never"]]
    )
    page.ask("Write a lot")
    page.browser.wait(lambda: page.answer.count("Line") == 40)
    page.click("link", "New chat")
    page.ask("Something else")
    page.wait_state("complete")
    model_server.release("away")
    page.browser.driver.back()
    page.browser.find("heading", "Ask, and watch the answer being written.")
    page.browser.driver.back()
    page.browser.wait(lambda: page.answer.count("Line") == 80)
    page.browser.wait(lambda: page.browser.evaluate(left) == 0)
    model_server.release("back")
    page.browser.wait(lambda: page.answer.count("Line") == 120)
    page.browser.wait(lambda: page.browser.evaluate(left) == 0)


def test_a_renamed_chat_keeps_the_focus(page: Page) -> None:
    page.ask("Plain")
    page.wait_state("complete")
    page.browser.wait(lambda: page.chats[:1] == ["Plain"])
    page.browser.evaluate("document.querySelector('.chat-options').focus()")
    page.press(Keys.ENTER)
    page.browser.wait(lambda: page.browser.find_all("menuitem", "Rename"))
    page.press(Keys.ENTER)
    page.press(Keys.CONTROL + "a")
    page.press("Better", Keys.ENTER)
    page.browser.wait(lambda: page.title == "Better · ChatStream")
    focused = "return document.activeElement.innerText"
    assert page.browser.evaluate(focused) == "Better"
