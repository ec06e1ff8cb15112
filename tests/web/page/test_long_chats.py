"""A long chat opens at its end, at once; what came before is there for those who go back to it."""

import re
import time

import pytest

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer
from tests.web.page import long_answer, long_chat
from tests.web.page.page import Page

LEFT = "const p = document.scrollingElement; return Math.round(p.scrollHeight - p.clientHeight - p.scrollTop)"
PLACE = "return Math.round(document.getElementById(arguments[0]).getBoundingClientRect().top)"
COUNT = "return document.querySelectorAll('#transcript > .message').length"
PART = 50


@pytest.fixture(scope="module")
def api(one_server: ChatStream) -> Api:
    return Api(one_server.address)


def texts(count: int) -> list[str]:
    return [message["content"].rstrip() for message in long_chat.exported(count)["messages"]]


def shown(page: Page) -> list[str]:
    return [text for _, text in page.messages]


def test_2000_messages_open_at_their_end(page: Page, api: Api) -> None:
    page.open(f"/c/{long_chat.imported(api, 2000)}")
    assert shown(page) == texts(2000)[-PART:]
    assert page.browser.evaluate(LEFT) == 0
    page.ask("And today?")
    page.wait_state("complete")
    assert shown(page)[-2:] == ["And today?", "Hello world"]


def test_earlier_messages_come_as_one_gets_there_and_nothing_moves(page: Page, api: Api) -> None:
    page.open(f"/c/{long_chat.imported(api, 250)}")
    for count in (150, 250):
        first = page.browser.evaluate("return document.querySelector('.message').id")
        page.browser.evaluate("document.querySelector('.message').scrollIntoView()")
        top = page.browser.evaluate(PLACE, first)
        page.browser.wait(lambda count=count: page.browser.evaluate(COUNT) == count)
        time.sleep(0.1)  # a browser that moves the page as well does it in its next frame
        assert abs(page.browser.evaluate(PLACE, first) - top) <= 1
    assert shown(page) == texts(250)
    assert page.browser.find_all("link", "Earlier messages") == []


def test_without_javascript_a_link_leads_to_them(page: Page, api: Api) -> None:
    page.browser.disable_javascript()
    page.open(f"/c/{long_chat.imported(api, 250)}")
    assert shown(page) == texts(250)[-PART:]
    page.click("link", "Earlier messages")
    page.browser.wait(lambda: shown(page) == texts(250)[100:200])
    assert page.browser.find_all("textbox", "Message") == []  # what is asked goes to the end of the chat, not here
    page.click("link", "Earlier messages")
    page.browser.wait(lambda: shown(page) == texts(250)[:100])
    assert page.browser.find_all("link", "Earlier messages") == []
    page.click("link", "Latest messages")
    page.browser.wait(lambda: shown(page) == texts(250)[-PART:])


def test_earlier_answers_are_not_asked_for_anew(page: Page, api: Api) -> None:
    chat = long_chat.exported(150)
    for message in chat["messages"][1::2]:
        message["state"] = "stopped"
    chat_id = api.post("/chats/import", chat).json["chats"][0]["_id"]
    page.browser.disable_javascript()
    page.open(f"/c/{chat_id}")
    assert len(page.browser.find_all("button", "Retry")) == 1
    page.click("link", "Earlier messages")
    page.browser.wait(lambda: shown(page) == texts(150)[:100])
    assert page.browser.find_all("button", "Retry") == []


def test_what_was_never_there_is_told(page: Page, api: Api) -> None:
    chat_id = long_chat.imported(api, 150)
    first = api.history(chat_id)[0]["_id"]
    for message_id in (first, "0" * 24, "x", "%00"):
        assert api.get(f"/c/{chat_id}?before={message_id}", {"Accept": "text/html"}).status == 404


def test_earlier_messages_that_do_not_come_are_still_a_link(page: Page, api: Api) -> None:
    page.open(f"/c/{long_chat.imported(api, 150)}")
    page.browser.go_offline()
    page.browser.evaluate("scrollTo(0, 0)")
    time.sleep(0.3)
    assert page.browser.evaluate(COUNT) == PART
    page.browser.go_online()
    page.click("link", "Earlier messages")
    page.browser.wait(lambda: shown(page) == texts(150))


def test_what_was_asked_elsewhere_is_added_and_what_is_shown_stays(page: Page, api: Api) -> None:
    chat_id = long_chat.imported(api, 250)
    page.open(f"/c/{chat_id}")
    page.browser.evaluate("scrollTo(0, 0)")
    page.browser.wait(lambda: page.browser.evaluate(COUNT) == 150)
    page.browser.evaluate("document.querySelector('.message').mark = 'the same element'")
    api.answer("Elsewhere", chatId=chat_id)
    page.browser.evaluate("dispatchEvent(new Event('focus'))")
    page.browser.wait(lambda: shown(page) == [*texts(250)[100:], "Elsewhere", "Hello world"])
    assert page.browser.evaluate("return document.querySelector('.message').mark") == "the same element"


def test_another_branch_takes_the_place_of_what_is_shown(page: Page, api: Api) -> None:
    chat_id = long_chat.imported(api, 250)
    page.open(f"/c/{chat_id}")
    root = api.history(chat_id)[1]["_id"]
    api.answer("Elsewhere", chatId=chat_id, parentId=root)
    page.browser.evaluate("dispatchEvent(new Event('focus'))")
    page.browser.wait(lambda: shown(page) == [*texts(250)[:2], "Elsewhere", "Hello world"])
    assert page.browser.find_all("link", "Earlier messages") == []


@pytest.mark.parametrize("javascript", [True, False])
def test_an_answer_of_a_megabyte_is_shown_to_its_last_word(page: Page, api: Api, javascript: bool) -> None:
    text = ("x" * 20_000 + "\n\n" + long_answer.text(350_000))[:1_000_000]
    chat_id = long_chat.imported(api, 4, answer=text)
    if not javascript:
        page.browser.disable_javascript()
    page.open(f"/c/{chat_id}")
    letters = re.compile("[^A-Za-z0-9]+")
    assert letters.sub("", page.answer) == letters.sub("", f"Answer 3. {text}".replace("```python", "```"))
    longest = "return Math.max(...[...document.querySelectorAll('.answer p')].map((b) => b.textContent.length))"
    assert page.browser.evaluate(longest) <= 8_000
    if javascript:
        page.browser.wait(lambda: page.browser.evaluate(LEFT) == 0)


def test_other_streams_go_on_while_10_000_messages_are_opened(
    one_server: ChatStream, api: Api, model_server: ModelServer
) -> None:
    chat_id = long_chat.imported(api, 10_000)
    model_server.script(long_answer.paced(["tide "] * 12_000, 0.01) + long_answer.ended(12_000))
    gaps = []
    with long_chat.listening(api) as listener:
        began = time.monotonic()
        listener.wait(20)
        without = listener.longest_gap(began)
        for _ in range(3):
            began = time.monotonic()
            assert api.get(f"/c/{chat_id}").status == 200
            listener.wait(3)
            gaps.append(listener.longest_gap(began))
    assert min(gaps) < 6 * without  # all 10 000 in one piece: 12 times
