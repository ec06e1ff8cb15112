"""An answer that is written otherwise by hand stands beside the one that the model wrote."""

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer
from tests.web.page.page import GATED, Page, two_tabs
from tests.web.page.test_accessible import look
from tests.web.page.test_branches import ASKED, button, places, shows, talk

SOURCE = "Two **bulges**.\n\n- one\n- two"


def begin(page: Page, message: int) -> WebElement:
    button(page, message, "Edit").click()
    return page.browser.find("textbox", "Answer")


def test_it_is_saved_beside_the_old_one_and_gone_on_with(
    page: Page, model_server: ModelServer, one_server: ChatStream
) -> None:
    model_server.script([["reasoning", "Hm."], *answer(SOURCE)])
    page.ask("Why twice?")
    page.wait_state("complete")
    for _ in range(2):  # as it came, and after a reload
        assert begin(page, 1).get_attribute("value") == SOURCE
        page.press(Keys.ESCAPE)
        assert page.browser.driver.switch_to.active_element.text == "Edit"
        page.reload()
    begin(page, 1)
    page.press(Keys.CONTROL + Keys.END)
    page.press(Keys.ENTER, "- *three*")
    assert not page.browser.find_all("button", "Regenerate")
    page.press(Keys.CONTROL + Keys.ENTER)
    page.browser.wait(lambda: "three" in page.answer)
    assert places(page) == ["", "‹2/2›"]
    assert page.browser.evaluate("return document.querySelector('.answer em').textContent") == "three"
    assert page.browser.text("chat-announcer") == "Branch 2 of 2."
    history = Api(one_server.address).history(page.chat_id)
    assert [message["content"] for message in history[1:]] == [SOURCE, f"{SOURCE}\n- *three*"]
    page.ask("And the sun?")
    page.wait_state("complete")
    told = [message["content"] for message in model_server.requests()[-1]["body"]["messages"]]
    assert told == ["Why twice?", f"{SOURCE}\n- *three*", "And the sun?"]
    button(page, 1, "Earlier branch").click()
    page.browser.wait(lambda: "three" not in page.answer)


def test_an_earlier_answer_is_edited_and_cancelled(page: Page, model_server: ModelServer) -> None:
    talk(page, model_server)
    begin(page, 1).send_keys(" Mine.")
    look(page.browser)
    page.browser.resize(1280, 800)
    page.click("button", "Cancel")
    shows(page, *ASKED)
    begin(page, 1).send_keys(" Mine.")
    page.click("button", "Save")
    shows(page, ASKED[0], ("Assistant", "Two bulges. Mine."))
    page.reload()
    shows(page, ASKED[0], ("Assistant", "Two bulges. Mine."))


def test_what_could_not_be_saved_is_not_lost(page: Page, model_server: ModelServer) -> None:
    talk(page, model_server)
    begin(page, 3).send_keys(" Mine.")
    page.browser.go_offline()
    page.click("button", "Save")
    page.browser.wait(lambda: "The answer cannot be edited." in page.browser.text("#toast"))
    assert page.browser.find("textbox", "Answer").get_attribute("value") == "Less. Mine."
    page.browser.wait(lambda: not page.browser.evaluate("return document.querySelector('.edit-field').readOnly"))
    page.browser.go_online()
    page.click("button", "Save")
    shows(page, *ASKED[:3], ("Assistant", "Less. Mine."))


def test_it_stays_open_until_the_server_has_it(page: Page, model_server: ModelServer) -> None:
    talk(page, model_server)
    begin(page, 3).send_keys(" Mine.")
    page.browser.slow_down(3000)
    page.click("button", "Save")
    page.browser.wait(lambda: page.browser.evaluate("return document.querySelector('.edit-field').readOnly"))
    page.press(Keys.ESCAPE)
    page.click("button", "Cancel")
    assert page.browser.find("textbox", "Answer").get_attribute("value") == "Less. Mine."
    page.browser.slow_down(0)
    shows(page, *ASKED[:3], ("Assistant", "Less. Mine."))


def test_not_while_an_answer_is_written(page: Page, model_server: ModelServer) -> None:
    talk(page, model_server)
    model_server.script(GATED)
    page.ask("And tomorrow?")
    page.wait_answer("The tide ")
    button(page, 3, "Edit").click()
    page.browser.wait(lambda: "Stop it, or wait for its end." in page.browser.text("#toast"))
    assert not page.browser.find_all("textbox", "Answer")
    model_server.release("more")
    page.wait_state("complete")


def test_another_tab_follows(one_server: ChatStream, browser: Browser, model_server: ModelServer) -> None:
    one, two = two_tabs(browser, one_server.url)
    talk(one, model_server)
    two.open(f"/c/{one.chat_id}")
    begin(one, 3).send_keys(" Mine.")
    one.click("button", "Save")
    shows(two, *ASKED[:3], ("Assistant", "Less. Mine."))


@pytest.mark.parametrize("text", ["", "  \n "])
def test_nothing_is_no_answer(page: Page, model_server: ModelServer, text: str) -> None:
    talk(page, model_server)
    field = begin(page, 3)
    field.send_keys(Keys.CONTROL + "a")
    field.send_keys(text or Keys.DELETE)
    page.press(Keys.CONTROL + Keys.ENTER)
    assert page.browser.find("textbox", "Answer").is_displayed()
    page.press(Keys.ESCAPE)
    shows(page, *ASKED)


def test_what_is_written_outlasts_all_but_cancel(
    one_server: ChatStream, browser: Browser, model_server: ModelServer
) -> None:
    one, two = two_tabs(browser, one_server.url)
    talk(one, model_server)
    two.open(f"/c/{one.chat_id}")
    begin(one, 3).send_keys(" Mine.")
    button(two, 3, "Regenerate").click()
    one.browser.wait(lambda: not one.browser.find_all("textbox", "Answer"))
    two.wait_state("complete")
    button(one, 3, "Earlier branch").click()
    shows(one, *ASKED)
    assert begin(one, 3).get_attribute("value") == "Less. Mine."
    begin(one, 1)  # another one
    one.reload()
    assert begin(one, 3).get_attribute("value") == "Less. Mine."
    one.click("button", "Cancel")
    assert begin(one, 3).get_attribute("value") == "Less."


def test_an_answer_by_hand_is_of_no_model_and_stays_in_view(page: Page, model_server: ModelServer) -> None:
    model_server.script(answer("A line of the sea.\n\n" * 60))
    page.ask("At length?")
    page.wait_state("complete")
    page.browser.evaluate("scrollTo(0, 0)")
    for leave in ("Cancel", "Save"):
        page.browser.evaluate("document.querySelector('[name=rewrite]').click()")
        page.browser.find("textbox", "Answer").send_keys(Keys.CONTROL + Keys.HOME)
        page.press("First. ")
        page.browser.evaluate("scrollTo(0, 0)")
        press = "[...document.querySelectorAll('.edit button')].find((b) => b.textContent === arguments[0]).click()"
        page.browser.evaluate(press, leave)
        page.browser.wait(lambda: not page.browser.find_all("textbox", "Answer"))
        assert page.browser.evaluate("return scrollY") < 100
    page.browser.wait(lambda: page.answer.startswith("First."))
    for _ in range(2):
        assert page.browser.evaluate("return document.querySelectorAll('.message .figures').length") == 0
        page.reload()


def test_the_field_stays_in_view_when_a_deletion_below_it_is_done(page: Page, model_server: ModelServer) -> None:
    long = "A line of the sea.\n\n" * 40
    for _ in range(2):
        model_server.script(answer(long))
        if page.messages:
            button(page, 1, "Regenerate").click()
        else:
            page.ask("Why twice? " + "And more. " * 100)
        page.wait_state("complete")
        page.browser.wait(lambda: page.browser.find_all("button", "Regenerate"))
    page.browser.evaluate("document.querySelector('[data-role=assistant] [data-action=delete]').click()")
    button(page, 0, "Edit").click()
    top = "return Math.round(document.querySelector('.edit-field').getBoundingClientRect().top)"
    before = page.browser.evaluate(top)
    page.browser.wait(lambda: not page.browser.find_all("button", "Undo"), 20)
    page.browser.wait(lambda: len(page.messages) == 2 and "sea" in page.answer)
    assert abs(page.browser.evaluate(top) - before) <= 2
