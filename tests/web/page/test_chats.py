"""The list of chats as it is used: its groups, what is done to a chat, what a search shows, and the shared page."""

import json
import time
from collections.abc import Sequence

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from chatstream.store.records import new_id, now_ms
from tests.api import Api
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer
from tests.web.conftest import Serve
from tests.web.page.page import Page
from tests.web.page.test_weight import spent

HOUR = 3_600_000
LISTED = """
    const groups = [], last = () => groups.at(-1)
    for (const group of document.querySelectorAll('.chat-group')) {
      const name = group.querySelector('h2'), count = group.querySelectorAll('.chat-item:not([hidden])').length
      if (name.hidden && last()?.[0] === name.textContent) last()[1] += count
      else if (group.checkVisibility()) groups.push([name.textContent, count])
    }
    return groups"""
"""Groups by their names, with the parts in which large ones go on."""


@pytest.fixture
def empty(serve: Serve, browser: Browser, model_server: ModelServer) -> Page:
    """A new chat on a server without any."""
    return Page(browser, serve().url).open()


@pytest.fixture
def api(empty: Page) -> Api:
    return Api(empty.url.removeprefix("http://"))


def imported(api: Api, hours: Sequence[float]) -> None:
    """Chats that were last written in so many hours ago."""
    now = now_ms()
    made = [
        {
            "format": "chatstream/1",
            "title": f"Chat {n}",
            "updatedAt": int(now - ago * HOUR),
            "messages": [{"id": new_id(), "role": "user", "content": f"Of the sea, {n}"}],
        }
        for n, ago in enumerate(hours)
    ]
    for at in range(0, len(made), 500):
        body = "\n".join(map(json.dumps, made[at : at + 500])).encode()
        assert len(api.call("POST", "/chats/import", body).json["chats"]) == len(made[at : at + 500])


def chosen(page: Page, title: str, action: str) -> None:
    """An action of a chat's menu."""
    page.click("button", f"Options for {title}")
    page.browser.wait(lambda: page.browser.find_all("menuitem", action))[0].click()


def chosen_by_keys(page: Page, title: str, action: str) -> None:
    page.browser.find("button", f"Options for {title}").send_keys(Keys.ENTER)
    page.browser.wait(lambda: page.browser.find_all("menuitem", action))
    while focused(page) != action:
        page.press(Keys.ARROW_DOWN)
    page.press(Keys.ENTER)


def focused(page: Page) -> str:
    """What a screen reader calls the element that has the focus."""
    return str(page.browser.driver.switch_to.active_element.accessible_name)


def titles(api: Api) -> list[str]:
    return [chat["title"] for chat in api.get("/chats").json["chats"]]


def groups(page: Page) -> list[list[object]]:
    return list(page.browser.evaluate(LISTED))


def test_chats_stand_by_days_where_the_reader_is(empty: Page, api: Api) -> None:
    imported(api, [0, 0, 24, 72, 24 * 60, 24 * 400])
    empty.open()
    before = groups(empty)
    assert [name for name, _ in before[:3]] == ["Today", "Yesterday", "Previous 7 days"]
    assert [count for _, count in before] == [2, 1, 1, 1, 1]
    browser = empty.browser
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):  # 25 hours lie between them
        browser.command("Emulation.setTimezoneOverride", timezoneId=zone)
        empty.open()
        assert f"timezone={zone}" in browser.evaluate("return document.cookie")
        told = groups(empty)  # the server learned of the zone from this page, which set it right
        empty.open()
        raw = api.get("/", {"Cookie": f"timezone={zone}"}).body.decode()
        assert groups(empty) == told
        assert [name for name, _ in told] == [part.split('"')[0] for part in raw.split('data-group="')[1:-1]]
    browser.command("Emulation.setTimezoneOverride", timezoneId="")


def test_pinning_puts_a_chat_first_and_a_new_message_does_not_move_it_out(empty: Page, api: Api) -> None:
    imported(api, [1, 2, 24 * 40])
    empty.open()
    chosen(empty, "Chat 2", "Pin")
    empty.browser.wait(lambda: empty.chats == ["Chat 2", "Chat 0", "Chat 1"])
    assert groups(empty)[0] == ["Pinned", 1]
    empty.reload()
    assert empty.chats == ["Chat 2", "Chat 0", "Chat 1"]
    empty.click("link", "Chat 2")
    empty.ask("One more")
    empty.wait_state("complete")
    assert groups(empty)[0] == ["Pinned", 1]
    chosen(empty, "Chat 2", "Unpin")
    empty.browser.wait(lambda: empty.chats == ["Chat 2", "Chat 0", "Chat 1"] and groups(empty)[0][0] == "Today")


def test_an_archived_chat_can_be_had_back_at_once_and_later(empty: Page, api: Api) -> None:
    imported(api, [1, 2])
    empty.open()
    chosen(empty, "Chat 1", "Pin")
    empty.browser.wait(lambda: groups(empty)[0] == ["Pinned", 1])
    chosen(empty, "Chat 1", "Archive")
    empty.browser.wait(lambda: empty.chats == ["Chat 0"])
    empty.click("button", "Undo")
    empty.browser.wait(lambda: empty.chats == ["Chat 1", "Chat 0"])
    assert groups(empty)[0] == ["Pinned", 1]
    chosen(empty, "Chat 1", "Archive")
    empty.browser.wait(lambda: empty.chats == ["Chat 0"])
    empty.click("link", "Archived")
    empty.browser.wait(lambda: empty.chats == ["Chat 1"])
    chosen(empty, "Chat 1", "Unarchive")
    empty.browser.wait(lambda: empty.chats == [] and "No chat is archived." in empty.browser.text("#chats-note"))
    empty.open()
    assert empty.chats == ["Chat 0", "Chat 1"]


def test_by_keyboard_the_focus_stays_where_a_chat_was(empty: Page, api: Api) -> None:
    imported(api, [1, 2, 3, 4])
    empty.open()
    chosen_by_keys(empty, "Chat 2", "Pin")
    empty.browser.wait(lambda: empty.chats[0] == "Chat 2")
    assert focused(empty) == "Options for Chat 2"
    chosen_by_keys(empty, "Chat 2", "Unpin")
    empty.browser.wait(lambda: empty.chats[0] == "Chat 0")
    assert focused(empty) == "Options for Chat 2"
    chosen_by_keys(empty, "Chat 2", "Archive")
    empty.browser.wait(lambda: empty.chats == ["Chat 0", "Chat 1", "Chat 3"])
    assert focused(empty) == "Options for Chat 3"
    chosen_by_keys(empty, "Chat 0", "Delete")
    empty.browser.wait(lambda: empty.chats == ["Chat 1", "Chat 3"])
    assert focused(empty) == "Options for Chat 1"


def test_undo_is_the_next_stop_of_a_keyboard_and_gives_the_focus_back(empty: Page, api: Api) -> None:
    imported(api, [1, 2, 3])
    empty.open()
    chosen_by_keys(empty, "Chat 2", "Delete")
    empty.browser.wait(lambda: empty.chats == ["Chat 0", "Chat 1"])
    assert focused(empty) == "Options for Chat 1"
    empty.press(Keys.TAB)
    assert focused(empty) == "Undo"
    empty.press(Keys.ENTER)
    empty.browser.wait(lambda: empty.chats == ["Chat 0", "Chat 1", "Chat 2"])
    assert focused(empty) == "Options for Chat 1"


def test_while_the_open_chats_deletion_can_be_undone_the_focus_is_there(empty: Page, api: Api) -> None:
    empty.ask("Open")
    empty.wait_state("complete")
    menu = empty.browser.driver.find_element(By.CSS_SELECTOR, "#topbar-menu summary")
    menu.send_keys(Keys.ENTER)
    empty.browser.find("button", "Delete this chat").send_keys(Keys.ENTER)
    empty.browser.wait(lambda: empty.chats == [])
    assert focused(empty) == "Undo"
    empty.press(Keys.ENTER)
    empty.browser.wait(lambda: empty.chats == ["Open"])
    assert empty.browser.driver.switch_to.active_element == menu


def test_a_deletion_can_be_undone_whatever_else_is_said_meanwhile(empty: Page, api: Api) -> None:
    imported(api, [1, 2, 3])
    empty.open()
    chosen(empty, "Chat 0", "Delete")
    empty.press(Keys.ALT + Keys.SHIFT + "c")
    empty.browser.wait(lambda: "There is no answer to copy yet." in empty.browser.text("#toast"))
    chosen(empty, "Chat 1", "Delete")
    empty.browser.wait(lambda: empty.chats == ["Chat 2"])
    assert "Deleted “Chat 0”." in empty.browser.text("#toast")
    pointed = """for (const each of document.querySelectorAll('.toast'))
        each.dispatchEvent(new Event('pointer' + arguments[0]))"""
    empty.browser.evaluate(pointed, "enter")  # their time stands still
    undo = empty.browser.find_all("button", "Undo")
    assert len(undo) == 2
    undo[0].click()
    empty.browser.wait(lambda: empty.chats == ["Chat 0", "Chat 2"])
    assert titles(api) == ["Chat 0", "Chat 1", "Chat 2"]
    empty.browser.evaluate(pointed, "leave")
    empty.browser.wait(lambda: titles(api) == ["Chat 0", "Chat 2"], 20)  # by itself, when its time is over
    empty.browser.wait(lambda: not empty.browser.evaluate("return document.querySelector('#toast').checkVisibility()"))


def test_a_page_that_is_left_within_the_time_of_undo_leaves_no_deleted_chat_in_the_next(empty: Page, api: Api) -> None:
    imported(api, [1, 2, 3, 4])
    empty.open()
    chosen(empty, "Chat 0", "Delete")
    chosen(empty, "Chat 2", "Delete")
    empty.browser.wait(lambda: empty.chats == ["Chat 1", "Chat 3"])
    empty.click("link", "Chat 3")
    empty.browser.wait(lambda: empty.title.startswith("Chat 3"))
    empty.browser.wait(lambda: empty.chats == ["Chat 1", "Chat 3"])
    empty.browser.wait(lambda: titles(api) == ["Chat 1", "Chat 3"])
    empty.reload()
    assert empty.chats == ["Chat 1", "Chat 3"]


def test_the_open_chat_reloaded_within_the_time_of_undo_is_gone(empty: Page, api: Api) -> None:
    empty.ask("Open")
    empty.wait_state("complete")
    empty.open_menu()
    empty.click("button", "Delete this chat")
    empty.browser.wait(lambda: empty.chats == [])
    empty.browser.driver.refresh()
    empty.browser.wait(lambda: empty.chat_id == "" and empty.chats == [] and empty.messages == [])


def test_a_search_marks_the_words_and_runs_no_html(empty: Page, api: Api, model_server: ModelServer) -> None:
    model_server.script(answer("<img src=x onerror=alert(1)> The Häring swims in the sea."))
    empty.ask("About <b>fish</b>")
    empty.wait_state("complete")
    api.call("PATCH", f"/chat/{empty.chat_id}", {"archived": True})
    empty.browser.find("searchbox", "Search chats").send_keys("haring fish")
    marks = "return [...document.querySelectorAll('#chats mark')].map((mark) => mark.textContent)"
    empty.browser.wait(lambda: sorted(empty.browser.evaluate(marks)) in (["fish"], ["Häring", "fish"]))
    assert "Archived" in empty.browser.evaluate("return document.querySelector('#chats').textContent")
    assert empty.browser.evaluate("return document.querySelectorAll('#chats :is(img, b)').length") == 0
    empty.open("/?q=haring")
    assert empty.browser.evaluate(marks) == ["Häring"]
    assert empty.browser.evaluate("return document.querySelectorAll('#chats :is(img, b)').length") == 0


SKIPPED = """
    const all = [...document.querySelectorAll('#chats *')], items = [...document.querySelectorAll('.chat-item')]
    return [all.filter((each) => getComputedStyle(each).contentVisibility === 'auto').length,
      items.filter((item) => item.checkVisibility({contentVisibilityAuto: true})).length]"""
"""How many parts of the list are laid out only where they are seen, and how many chats are."""


def test_two_thousand_chats_come_as_one_gets_there_the_last_as_lightly_as_the_first(empty: Page, api: Api) -> None:
    imported(api, [n / 4 for n in range(2000)])
    empty.open()
    browser, costs = empty.browser, []
    for until in (400, 1600, 2000):
        before = spent(browser)["TaskDuration"]
        browser.wait(lambda until=until: scrolled(browser) >= until, 60)
        costs.append(spent(browser)["TaskDuration"] - before)
    assert costs[2] < 4 * costs[0]
    watched, seen = browser.evaluate(SKIPPED)
    assert watched <= 2000 // 50  # each is looked after in every frame
    assert seen <= 150
    assert empty.chats == [f"Chat {n}" for n in range(2000)]
    names = [name for name, _ in groups(empty)]
    assert len(names) == len(set(names)) >= 4


def test_older_chats_that_come_late_are_none_of_a_search(empty: Page, api: Api) -> None:
    imported(api, [n / 4 for n in range(120)])
    empty.open()
    empty.browser.evaluate("""const now = window.fetch
        window.fetch = async (...asked) => {
          const answer = await now(...asked)
          if (!String(asked[0]).includes('before=')) return answer
          window.held = (window.held ?? 0) + 1
          if (held === 1) await new Promise((go) => (window.go = go))
          return answer
        }""")
    empty.browser.wait(lambda: scrolled(empty.browser) and empty.browser.evaluate("return !!window.go"))
    empty.browser.find("searchbox", "Search chats").send_keys("119")
    empty.browser.wait(lambda: empty.chats == ["Chat 119"])
    empty.browser.evaluate("go()")
    time.sleep(0.5)
    assert empty.chats == ["Chat 119"]
    empty.browser.find("searchbox", "Search chats").send_keys(3 * Keys.BACKSPACE)
    empty.browser.wait(lambda: len(empty.chats) >= 50)
    empty.browser.wait(lambda: scrolled(empty.browser) == 120)


def scrolled(browser: Browser) -> int:
    """So many chats are there after a scroll to the end of the list."""
    script = "const list = document.querySelector('#chats'); list.scrollTop = list.scrollHeight;"
    return int(browser.evaluate(f"{script} return document.querySelectorAll('.chat-item').length"))


BACK = """window.backs = 0
    for (const event of ['focus', 'online']) addEventListener(event, () => (backs += document.readyState !== 'loading'))
    document.addEventListener('visibilitychange', () => (backs += 1))"""
"""Counts for what the page looks after the chat by itself: a window of a busy machine may have the focus late, when the
page's script is there."""
READS = """return performance.getEntriesByType('resource').map(({name}) => new URL(name).pathname)
    .filter((path) => path === '/chat/' + arguments[0]).length <= backs"""


def test_a_question_in_a_chat_that_the_list_does_not_show_reads_no_history(empty: Page, api: Api) -> None:
    imported(api, [1])
    empty.ask("Put away")
    empty.wait_state("complete")
    chosen(empty, "Put away", "Archive")
    empty.browser.wait(lambda: empty.chats == ["Chat 0"] or empty.chats == [])
    added = empty.browser.command("Page.addScriptToEvaluateOnNewDocument", source=BACK)
    empty.reload()
    empty.browser.command("Page.removeScriptToEvaluateOnNewDocument", identifier=added["identifier"])
    empty.ask("Goes on")
    empty.browser.wait(lambda: len(empty.messages) == 4 and empty.state == "complete")
    assert empty.browser.evaluate(READS, empty.chat_id)
    assert "Put away" not in empty.chats
    empty.browser.find("searchbox", "Search chats").send_keys("Of the sea")
    empty.browser.wait(lambda: empty.chats == ["Chat 0"])
    empty.browser.find("textbox", "Message").click()
    empty.ask("And on")
    empty.browser.wait(lambda: len(empty.messages) == 6 and empty.state == "complete")
    assert (empty.browser.evaluate(READS, empty.chat_id), empty.chats) == (True, ["Chat 0"])
    assert empty.title == "Put away · ChatStream"


def test_the_open_chats_own_menu_does_the_same(empty: Page, api: Api) -> None:
    empty.ask("By its menu")
    empty.wait_state("complete")
    for action, group in (("Pin", "Pinned"), ("Unpin", "Today")):
        empty.open_menu()
        empty.click("button", action)
        empty.browser.wait(lambda group=group: groups(empty)[0][0] == group)
    empty.open_menu()
    link = empty.browser.find("link", "Export as Markdown").get_attribute("href")
    assert str(link).endswith(f"/chat/{empty.chat_id}/export?format=markdown")
    empty.click("button", "Archive")
    empty.browser.wait(lambda: empty.chats == [])
    assert api.get("/chats?archived=1").json["chats"][0]["title"] == "By its menu"


def test_without_javascript_a_chat_is_pinned_archived_exported_and_files_are_taken_in(empty: Page, api: Api) -> None:
    api.post("/chat", {"prompt": "No script here"})
    empty.browser.disable_javascript()
    empty.open()
    empty.click("link", "No script here")
    for action, place in (("Pin", "Pinned"), ("Unpin", "Today")):
        empty.open_menu()
        empty.click("button", action)
        empty.browser.wait(lambda place=place: place in empty.browser.text("#chat-list"))
    empty.open_menu()
    assert empty.browser.find("link", "Export as JSON")
    empty.click("button", "Share by a link")
    empty.browser.wait(lambda: "Open the shared page" in empty.browser.driver.page_source)
    empty.open_menu()
    empty.click("link", "Open the shared page")
    empty.browser.wait(lambda: "Shared, for reading" in empty.browser.text())
    empty.browser.driver.back()
    empty.open("/")
    empty.click("link", "No script here")
    empty.open_menu()
    empty.click("button", "Archive")
    empty.browser.wait(lambda: "No script here" not in empty.chats)
    empty.click("link", "Archived")
    empty.browser.wait(lambda: empty.chats == ["No script here"])
    empty.click("link", "Import and export")
    assert empty.browser.find("button", "Import")
