"""A search leads to the message in which the words stand, wherever in its chat that is."""


import pytest

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.web.conftest import Serve
from tests.web.page import long_chat
from tests.web.page.page import Page

MARKED = "return [...(CSS.highlights.get('found') ?? [])].map(String)"
SEEN = """const box = document.getElementById(arguments[0])?.getBoundingClientRect()
return box ? box.bottom > 64 && box.top < innerHeight - 160 : false"""
LEFT = "const p = document.scrollingElement; return Math.round(p.scrollHeight - p.clientHeight - p.scrollTop)"


@pytest.fixture
def one_server(serve: Serve) -> ChatStream:
    """With no chats of others."""
    return serve()


@pytest.fixture
def api(one_server: ChatStream) -> Api:
    return Api(one_server.address)


def named(api: Api, chat_id: str, beginning: str) -> str:
    """The element of the message that begins so."""
    return next(f"m-{m['_id']}" for m in api.history(chat_id) if m["content"].startswith(beginning))


def search(page: Page, words: str) -> None:
    page.browser.find("searchbox", "Search chats").send_keys(words)
    sought = """const link = document.querySelector('#chats .chat-link')
        return link && new URL(link.href).searchParams.get('q')"""
    page.browser.wait(lambda: page.browser.evaluate("return document.querySelectorAll('#chats mark').length"))
    page.browser.wait(lambda: page.browser.evaluate(sought) == words)


def open_hit(page: Page) -> None:
    page.browser.driver.find_element("css selector", ".chat-link").click()


def test_a_hit_opens_its_chat_at_the_message_with_its_words_marked(page: Page, api: Api) -> None:
    chat_id = long_chat.imported(api, 40)
    place = named(api, chat_id, "Answer 7.")
    page.open()
    search(page, "7 ANSW")
    open_hit(page)
    page.browser.wait(lambda: page.browser.evaluate(MARKED) == ["Answer", "7"])
    assert page.browser.evaluate(SEEN, place)
    assert page.browser.evaluate(LEFT) > 1000
    assert page.draft == ""
    page.ask("And today?")
    page.wait_state("complete")
    assert page.messages[-2:] == [("You", "And today?"), ("Assistant", "Hello world")]
    assert page.browser.console() == []


def test_the_message_may_stand_far_up(page: Page, api: Api) -> None:
    chat_id = long_chat.imported(api, 400)
    place = named(api, chat_id, "Answer 7.")
    page.open("/?q=answer+7")
    open_hit(page)
    page.browser.wait(lambda: page.browser.evaluate(MARKED) == ["Answer", "7"])
    page.browser.wait(lambda: page.browser.evaluate(SEEN, place))
    others = "return document.querySelectorAll('#transcript > :not(.message)').length"
    assert page.browser.evaluate(others) == 0


def test_accents_and_code_are_found_in_the_page_as_in_the_list(page: Page, api: Api, model_server: ModelServer) -> None:
    model_server.script(answer("One `häring` and **two HARING**, no sharing.\n\n```js\nharing()\n```\n"))
    api.answer("About fish", stream=True)
    page.open("/?q=H%C3%A4ring")
    open_hit(page)
    page.browser.wait(lambda: page.browser.evaluate(MARKED) == ["häring", "HARING", "haring"])


def test_what_was_found_and_is_gone_leaves_the_chat_at_its_end(page: Page, api: Api) -> None:
    chat_id = long_chat.imported(api, 150)
    page.open(f"/c/{chat_id}?q=answer&at={'0' * 24}#m-{'0' * 24}")
    page.browser.wait(lambda: page.browser.evaluate(LEFT) == 0)
    assert page.browser.evaluate(MARKED) == []


def test_a_message_very_far_up_is_shown_with_its_part_alone(page: Page, api: Api) -> None:
    chat_id = long_chat.imported(api, 800)
    place = named(api, chat_id, "Answer 7.")
    page.open("/?q=answer+7")
    open_hit(page)
    page.browser.wait(lambda: page.browser.evaluate(SEEN, place))
    assert page.browser.evaluate("return document.querySelectorAll('.message').length") == 8
    assert page.browser.find("link", "Latest messages")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_message_of_another_branch_is_shown_when_asked_for(page: Page, api: Api, scripts: bool) -> None:
    chat_id = long_chat.imported(api, 150)
    leaf = api.history(chat_id)[-1]["_id"]
    api.answer("Of another limpet", chatId=chat_id, parentId=api.history(chat_id)[3]["_id"])
    api.call("PATCH", f"/chat/{chat_id}", {"leafId": leaf})
    if not scripts:
        page.browser.disable_javascript()
    page.open("/?q=limpet")
    open_hit(page)
    page.browser.find("button", "Show that branch")
    assert len(page.messages) == 50
    assert api.get(f"/chat/{chat_id}").json["leafId"] == leaf
    page.click("button", "Show that branch")
    page.browser.wait(lambda: page.messages[-2:] == [("You", "Of another limpet"), ("Assistant", "Hello world")])
    assert page.browser.find_all("button", "Show that branch") == []
    if scripts:
        page.browser.wait(lambda: page.browser.evaluate(MARKED) == ["limpet"])


def open_hit_elsewhere(page: Page, api: Api) -> None:
    """One that is on another branch than the shown one."""
    chat_id = long_chat.imported(api, 6)
    leaf = api.history(chat_id)[-1]["_id"]
    api.answer("Of another limpet", chatId=chat_id, parentId=api.history(chat_id)[3]["_id"])
    api.call("PATCH", f"/chat/{chat_id}", {"leafId": leaf})
    page.open("/?q=limpet")
    open_hit(page)
    page.browser.find("button", "Show that branch")


def test_whoever_gets_there_by_themselves_is_not_asked_again(page: Page, api: Api) -> None:
    open_hit_elsewhere(page, api)
    page.browser.evaluate("dispatchEvent(new Event('focus'))")
    page.browser.evaluate("document.querySelector('.walker-step:not(:disabled)').click()")
    page.browser.wait(lambda: page.messages[-2:] == [("You", "Of another limpet"), ("Assistant", "Hello world")])
    page.browser.wait(lambda: page.browser.find_all("button", "Show that branch") == [])


def test_whoever_goes_on_with_the_shown_branch_is_not_asked_again(page: Page, api: Api) -> None:
    open_hit_elsewhere(page, api)
    page.ask("And today?")
    page.wait_state("complete")
    assert page.browser.find_all("button", "Show that branch") == []



def test_on_a_phone_without_javascript_a_hit_leads_there_as_well(page: Page, api: Api) -> None:
    chat_id = long_chat.imported(api, 40)
    page.browser.disable_javascript()
    page.browser.resize(390, 844)
    page.open("/?q=ANSWER+7")
    page.browser.driver.find_element("css selector", ".hits a").click()
    page.browser.wait(lambda: page.browser.evaluate(SEEN, named(api, chat_id, "Answer 7.")))


def test_without_javascript_a_link_leads_there(page: Page, api: Api) -> None:
    chat_id = long_chat.imported(api, 400)
    near, far = named(api, chat_id, "Answer 371."), named(api, chat_id, "Answer 7.")
    page.browser.disable_javascript()
    page.open("/?q=371")
    open_hit(page)
    page.browser.wait(lambda: page.browser.evaluate(SEEN, near))
    assert page.browser.find_all("link", "To the message that was found") == []
    page.open("/?q=answer+7")
    open_hit(page)
    page.click("link", "To the message that was found")
    page.browser.wait(lambda: page.browser.evaluate(SEEN, far))


def test_a_title_alone_leads_to_the_end(page: Page, api: Api) -> None:
    chat_id = long_chat.imported(api, 40)
    api.call("PATCH", f"/chat/{chat_id}", {"title": "Limpets"})
    page.open("/?q=limpets")
    link = page.browser.driver.find_element("css selector", ".chat-link")
    assert link.get_attribute("href") == f"{page.url}/c/{chat_id}"
