"""The list of chats as it grows and changes: groups with many chats, a chat that rises, and the one that is open."""

from datetime import datetime

from tests.api import Api
from tests.web.page.page import Page
from tests.web.page.test_chats import api, chosen, empty, groups, imported, scrolled  # noqa: F401


def test_a_chat_that_stood_last_rises_too(empty: Page, api: Api) -> None:  # noqa: F811
    imported(api, [0, 0.001, 24 * 40])
    empty.open()
    empty.click("link", "Chat 1")
    empty.ask("And then?")
    empty.browser.wait(lambda: empty.chats == ["Chat 1", "Chat 0", "Chat 2"])
    empty.wait_state("complete")
    api.answer("Elsewhere", chatId=api.get("/chats?q=0").json["chats"][0]["_id"])
    empty.browser.evaluate("dispatchEvent(new Event('online'))")
    empty.click("link", "Chat 2")
    empty.ask("And then?")
    empty.browser.wait(lambda: empty.chats[0] == "Chat 2")
    assert [name for name, _ in groups(empty)] == ["Today"]


def test_the_open_chat_is_in_view(empty: Page, api: Api) -> None:  # noqa: F811
    imported(api, [n / 1000 for n in range(40)])
    empty.open()
    empty.click("link", "Chat 35")
    in_view = """const item = document.querySelector('.chat-item:has([aria-current])').getBoundingClientRect()
        const list = document.querySelector('#chats').getBoundingClientRect()
        return item.top >= list.top && item.bottom <= list.bottom"""
    empty.browser.wait(lambda: "35" in empty.browser.text("#chat-title"))
    empty.browser.wait(lambda: empty.browser.evaluate(in_view))


PIN_NEXT = """
    document.querySelector('.chat-item:not([data-pinned]) .chat-options').click()
    document.querySelector('#chat-menu [data-action=pin]').click()"""


def test_a_large_group_goes_on_below_and_keeps_its_name_and_its_order(empty: Page, api: Api) -> None:  # noqa: F811
    now = datetime.now().astimezone()
    today = (now - now.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds() / 3600
    imported(api, [today * n / 200 for n in range(120)])
    empty.open()
    empty.browser.wait(lambda: scrolled(empty.browser) == 120)
    assert groups(empty) == [["Today", 120]]
    assert empty.chats == [f"Chat {n}" for n in range(120)]
    chosen(empty, "Chat 110", "Pin")
    empty.browser.wait(lambda: groups(empty) == [["Pinned", 1], ["Today", 119]])
    chosen(empty, "Chat 110", "Unpin")
    empty.browser.wait(lambda: groups(empty) == [["Today", 120]])
    assert empty.chats == [f"Chat {n}" for n in range(120)]
    empty.click("link", "Chat 100")
    empty.ask("And then?")
    empty.browser.wait(lambda: empty.chats[0] == "Chat 100")
    whole = [f"Chat {n}" for n in range(120) if n != 100]
    empty.browser.wait(lambda: scrolled(empty.browser) == 120)
    assert empty.chats[1:] == whole
    for left in range(119, 59, -1):
        empty.browser.evaluate(PIN_NEXT)
        empty.browser.wait(lambda left=left: groups(empty) == [["Pinned", 120 - left], ["Today", left]])
