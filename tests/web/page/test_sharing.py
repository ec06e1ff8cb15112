"""A chat that is shared: by its dialog, and as the page that its readers see, while an answer is written and after."""

import pytest
from selenium.webdriver.common.by import By

from tests.api import Api
from tests.servers.model_server import ModelServer
from tests.web.page.page import GATED, LAST, TIDE, Page
from tests.web.page.test_chats import api, chosen, empty

__all__ = ["api", "empty"]


def test_a_chat_is_shared_and_revoked_by_its_dialog(empty: Page, api: Api) -> None:
    empty.ask("Share me")
    empty.wait_state("complete")
    chosen(empty, "Share me", "Share")
    link = str(empty.browser.wait(lambda: empty.browser.evaluate("return document.querySelector('#share-link').value")))
    assert link.startswith(f"{empty.url}/s/")
    assert empty.browser.evaluate("return document.querySelector('#share').open")
    empty.click("button", "Copy link")
    empty.browser.wait(lambda: empty.browser.text(".share-news"))
    assert api.get(link.removeprefix(empty.url)).status == 200
    empty.click("button", "Stop sharing")
    empty.browser.wait(lambda: "is not shared any more" in empty.browser.text("#toast"))
    assert api.get(link.removeprefix(empty.url)).status == 404


def test_on_a_phone_a_chat_is_shared_while_the_list_is_away(empty: Page) -> None:
    empty.ask("Share me")
    empty.wait_state("complete")
    empty.browser.resize(390, 844)
    empty.open_menu()
    empty.click("button", "Share")
    empty.click("button", "Close")
    empty.click("button", "Chats")
    chosen(empty, "Share me", "Share")
    empty.browser.find("button", "Copy link")


def test_the_shared_page_follows_the_answer_and_what_comes_after_it(
    empty: Page, api: Api, model_server: ModelServer
) -> None:
    model_server.script(GATED)
    ids = next(api.ask("Why?").frames())[1]
    path = api.post(f"/chat/{ids['chatId']}/share").json["path"]
    empty.open(path)
    empty.wait_answer("The tide ")
    model_server.release("more")
    empty.browser.wait(lambda: empty.state == "complete")
    assert empty.messages == [("You", "Why?"), ("Assistant", TIDE)]
    api.answer("And now?", chatId=ids["chatId"])
    empty.browser.evaluate("dispatchEvent(new Event('online'))")
    empty.browser.wait(lambda: empty.messages[2:] == [("You", "And now?"), ("Assistant", "Hello world")])
    assert empty.browser.driver.find_elements(By.CSS_SELECTOR, "form, #chats, #composer") == []
    api.call("DELETE", f"/chat/{ids['chatId']}/share")
    empty.browser.evaluate("dispatchEvent(new Event('online'))")
    empty.browser.wait(lambda: "not shared any more" in empty.browser.text("#notice"))
    assert len(empty.messages) == 4
    assert [line for line in empty.browser.console() if "404" not in line] == []


REPLY = f"return {LAST}"
FOOT = "return arguments[0].querySelector('.foot').innerText.trim().replace(/\\s+/g, ' ')"


@pytest.mark.parametrize("end", ["complete", "length", "empty"])
def test_on_the_shared_page_an_answer_that_ends_stays_in_its_place(
    empty: Page, api: Api, model_server: ModelServer, end: str
) -> None:
    text = [] if end == "empty" else [["text", "The tide\n\ncomes "]]  # what is selected in has ended
    more = [] if end == "empty" else [["text", "in twice a day."]]
    finish = "length" if end == "length" else "stop"
    model_server.script([*text, ["gate", "more"], *more, ["finish", finish], ["done"], ["end"]])
    ids = next(api.ask("Why?").frames())[1]
    empty.open(api.post(f"/chat/{ids['chatId']}/share").json["path"])
    reply = empty.browser.evaluate(REPLY)
    if text:
        taken = "return Number(arguments[0].querySelector('.answer').dataset.length) > 0"
        empty.browser.wait(lambda: empty.browser.evaluate(taken, reply) and empty.answer.endswith("comes"))
        empty.browser.evaluate("getSelection().selectAllChildren(arguments[0].querySelector('.answer p'))", reply)
    model_server.release("more")
    empty.browser.wait(lambda: empty.state in ("complete", "length"))
    live = empty.browser.evaluate(FOOT, reply)
    api.answer("And now?", chatId=ids["chatId"])
    empty.browser.evaluate("dispatchEvent(new Event('online'))")
    empty.browser.wait(lambda: len(empty.messages) == 4)
    assert empty.browser.evaluate("return arguments[0].isConnected", reply)
    assert empty.browser.evaluate("return String(getSelection())").startswith("The tide" if text else "")
    empty.reload()
    again = empty.browser.evaluate("return document.querySelectorAll('[data-role=assistant]')[0]")
    assert empty.browser.evaluate(FOOT, again) == live
