"""The way through the list of chats: its place from page to page, and the keys for the chats beside."""

import time

import pytest

from tests.api import Api
from tests.web.page.page import Page
from tests.web.page.test_chats import api, empty, imported, scrolled  # noqa: F401
from tests.web.page.test_keys import chord

TOP = "return Math.round(document.querySelector('#chats').scrollTop)"
OPEN_DRAWER = "document.querySelector('#sidebar').showPopover()"
IN_VIEW = """
    const item = document.querySelector('.chat-item:has([aria-current])').getBoundingClientRect()
    const list = document.querySelector('#chats').getBoundingClientRect()
    return item.top >= list.top && item.bottom <= list.bottom"""


def opened(page: Page, title: str) -> None:
    page.click("link", title)
    page.browser.wait(lambda: page.title == f"{title} · ChatStream")


def test_the_list_stays_where_it_was_when_a_chat_is_opened(empty: Page, api: Api) -> None:  # noqa: F811
    imported(api, [n / 1000 for n in range(130)])
    empty.open()
    empty.browser.wait(lambda: scrolled(empty.browser) == 130)
    empty.browser.evaluate("document.querySelector('#chats').scrollTop -= 400")
    top = empty.browser.evaluate(TOP)
    for title in ("Chat 110", "Chat 112"):
        opened(empty, title)
        empty.browser.wait(lambda: abs(empty.browser.evaluate(TOP) - top) <= 2)
        assert empty.browser.evaluate(IN_VIEW)
    empty.open("/?archived=1")  # another list: it has its own
    empty.open("/")
    assert empty.browser.evaluate(TOP) == 0


def test_the_list_in_a_drawer_stays_too(empty: Page, api: Api) -> None:  # noqa: F811
    imported(api, [n / 1000 for n in range(45)])
    empty.browser.resize(390, 800)
    empty.open()
    empty.browser.evaluate(OPEN_DRAWER)
    empty.browser.evaluate("document.querySelector('#chats').scrollTop = 700")
    opened(empty, "Chat 25")
    empty.reload()  # with the drawer closed nothing is known of it
    empty.browser.evaluate(OPEN_DRAWER)
    empty.browser.wait(lambda: empty.browser.evaluate(TOP) == 700)


@pytest.mark.parametrize("folded", [False, True])
def test_the_next_chat_may_be_one_that_was_not_there_yet(empty: Page, api: Api, folded: bool) -> None:  # noqa: F811
    imported(api, [n / 1000 for n in range(60)])
    if folded:
        empty.click("button", "Fold the list of chats away")
    empty.open("/c/" + api.get("/chats?limit=60").json["chats"][49]["_id"])
    for key, title in (("j", "Chat 50"), ("k", "Chat 49"), ("k", "Chat 48")):
        chord(empty, key)
        empty.browser.wait(lambda title=title: empty.title == f"{title} · ChatStream")


@pytest.mark.parametrize("path", ["/c/{}", "/c/{}?q=1"], ids=["archived", "searched"])
def test_beside_a_chat_that_the_list_does_not_have_is_none(empty: Page, api: Api, path: str) -> None:  # noqa: F811
    imported(api, [n / 1000 for n in range(60)])
    chat = api.get("/chats").json["chats"][0]
    if "q" not in path:
        api.call("PATCH", f"/chat/{chat['_id']}", {"archived": True})
    empty.open(path.format(chat["_id"]))
    listed = empty.chats
    for key in "jk":
        chord(empty, key)
    time.sleep(0.5)
    assert (empty.title, empty.chats) == ("Chat 0 · ChatStream", listed)


@pytest.mark.parametrize("hours", [0.001, 30], ids=["same day", "another day"])
def test_a_chat_rises_also_where_the_clock_is_slow(empty: Page, api: Api, hours: float) -> None:  # noqa: F811
    imported(api, [0, hours])
    slow = "const now = Date.now; Date.now = () => now() - 7_200_000"
    added = empty.browser.command("Page.addScriptToEvaluateOnNewDocument", source=slow)
    try:
        empty.open()
        opened(empty, "Chat 1")
        empty.ask("And then?")
        empty.browser.wait(lambda: empty.chats == ["Chat 1", "Chat 0"])
    finally:
        empty.browser.command("Page.removeScriptToEvaluateOnNewDocument", identifier=added["identifier"])
