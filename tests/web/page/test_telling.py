"""The end of a long answer in a hidden tab: told by a sound and a notification, once, where nobody saw it."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer
from tests.servers.nginx import Nginx
from tests.web.page.page import BEHIND, GATED, Page, Tab
from tests.web.page.test_accessible import faults
from tests.web.page.test_installing import HELD

LONG_S, A_WHILE_S = 11, 3
"""Longer than a long answer takes at least; in which whatever is told would have been."""
SHOWN = """return navigator.serviceWorker.ready.then((found) => found.getNotifications()).then((all) => all.map(
    ({title, body, tag, data}) => ({title, body, tag, path: data.path})).sort((a, b) => a.title < b.title ? -1 : 1))"""
HEARD = """window.heard = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) { heard += 1; start.apply(this, when) };"""
"""The loudspeaker is the browser's edge: each of its notes is counted."""
LATE = """const {getItem} = Storage.prototype, told = localStorage.getItem("told");
Storage.prototype.getItem = function (key) { return key === "told" ? told : getItem.call(this, key) };"""
"""As a tab in another process, which reads what others wrote a while later: here not at all."""
NOTES = 2
KEPT = {"Sound when an answer ends": "tell-sound", "Notification when an answer ends": "tell-notification"}
SWITCHES = tuple(KEPT)
CUT: list[list[Any]] = [*GATED[:2], ["finish", "length"], ["done"], ["end"]]
BROKEN: list[list[Any]] = [*GATED[:2], ["end"]]

PRESS = """self.addEventListener("message", ({data, source}) => {
  if (!data.press) return;
  WindowClient.prototype.focus = async () => source.postMessage("focus");
  self.clients.openWindow = async (path) => source.postMessage(path);
  self.registration.getNotifications().then(([notification]) => {
    const event = new NotificationEvent("notificationclick", {notification});
    event.waitUntil = () => {};
    self.dispatchEvent(event);
  });
});"""
"""Stands before the worker's script. A press on a notification, and what a browser then does with its windows, are
the edge: no program may press, and only a press may do that."""
WITH_PRESS = BEHIND.replace(
    "location / {",
    f"""location ~ /worker.js$ {{
        proxy_pass http://APP; proxy_set_header Host $http_host; proxy_set_header Accept-Encoding "";
        sub_filter_types *; sub_filter 'const worker' '{PRESS} const worker';
    }}
    location / {{""",
)
TELL = """return navigator.serviceWorker.ready.then(({active}) => active.postMessage(
    {title: 'Tides', options: {tag: 'tides', data: {path: '/c/1'}}}))"""
TOLD = """window.told = [];
navigator.serviceWorker.onmessage = ({data}) => told.push(data);
return navigator.serviceWorker.ready.then(({active}) => active.postMessage({press: true}))"""


@pytest.fixture(autouse=True)
def permit(browser: Browser, one_server: ChatStream) -> Callable[[str], None]:
    """Grants the permission until told otherwise."""

    def permit(setting: str) -> None:
        browser.command(
            "Browser.setPermission", permission={"name": "notifications"}, setting=setting, origin=one_server.url
        )

    permit("granted")
    return permit


def open_sheet(page: Page) -> None:
    page.open_menu()
    page.click("button", "Sound and notification")


def switch_on(page: Page, *names: str) -> None:
    open_sheet(page)
    for name in names:
        page.click("checkbox", name)
        kept = f"return localStorage[{KEPT[name]!r}] === 'on'"
        page.browser.wait(lambda kept=kept: page.browser.evaluate(kept))  # type: ignore[misc]
    page.press(Keys.ESCAPE)


def is_on(page: Page, name: str) -> bool:
    return page.browser.find("checkbox", name).is_selected()


def note(page: Page) -> str:
    script = "const note = document.querySelector('#telling-note'); return note.hidden ? '' : note.innerText"
    return str(page.browser.evaluate(script))


def shown(page: Page) -> list[dict[str, str]]:
    found: list[dict[str, str]] = page.browser.evaluate(SHOWN)
    return found


def tabs(browser: Browser, url: str, count: int) -> list[Tab]:
    """Windows, of which each can be hidden by itself."""
    handles = [browser.driver.current_window_handle]
    for _ in range(count - 1):
        browser.driver.switch_to.new_window("window")
        handles.append(browser.driver.current_window_handle)
    found = [Tab(browser, url, handle) for handle in handles]
    for tab in found:
        tab.open()
        tab.browser.evaluate(HEARD)
    return found


def begin(page: Page, model_server: ModelServer, question: str, steps: list[list[Any]] = GATED) -> None:
    model_server.script(steps)
    page.ask(question)
    page.wait_answer("The tide ")


def heard(*pages: Page) -> int:
    return sum(page.browser.evaluate("return heard") for page in pages)


def test_the_switches_are_off_at_first_and_kept(page: Page) -> None:
    open_sheet(page)
    assert [is_on(page, name) for name in SWITCHES] == [False, False]
    page.press(Keys.ESCAPE)
    switch_on(page, *SWITCHES)
    page.reload()
    open_sheet(page)
    page.browser.wait(lambda: [is_on(page, name) for name in SWITCHES] == [True, True])
    for name in SWITCHES:
        page.click("checkbox", name)
    page.reload()
    open_sheet(page)
    assert [is_on(page, name) for name in SWITCHES] == [False, False]


def test_each_way_that_a_long_answer_ends_is_told_in_its_words(
    one_server: ChatStream, browser: Browser, model_server: ModelServer
) -> None:
    whole, cut, broken = tabs(browser, one_server.url, 3)
    switch_on(whole, SWITCHES[1])
    for tab, name, steps in ((whole, "A whole one", GATED), (cut, "B cut", CUT), (broken, "C broken", BROKEN)):
        begin(tab, model_server, name, steps)
        tab.hide()
    time.sleep(LONG_S)
    model_server.release("more")
    browser.wait(lambda: len(shown(whole)) == 3, 30)
    said = [(each["title"], each["body"]) for each in shown(whole)]
    assert said == [
        ("A whole one", "The answer is complete."),
        ("B cut", "Cut at the length limit."),
        ("C broken", "The model server ended the answer without saying that it was whole."),
    ]
    assert [each["path"] for each in shown(whole)] == [f"/c/{tab.chat_id}" for tab in (whole, cut, broken)]
    assert heard(whole, cut, broken) == 0
    cut.show()
    browser.wait(lambda: [each["title"] for each in shown(cut)] == ["A whole one", "C broken"])


def read_along(one: Tab, two: Tab) -> None:
    """The second tab shows the answer too, and was used: browsers let no other sound."""
    two.open(f"/c/{one.chat_id}")
    two.browser.evaluate(HEARD)
    two.press(Keys.SHIFT)
    two.browser.driver.find_element("css selector", "#chat-title").click()
    two.wait_answer("The tide ")


def test_of_all_tabs_that_show_it_one_tells(
    one_server: ChatStream, browser: Browser, model_server: ModelServer
) -> None:
    one, two = tabs(browser, one_server.url, 2)
    switch_on(one, *SWITCHES)
    browser.wait(lambda: heard(one) == NOTES)  # turned on, it is heard once
    begin(one, model_server, "Which of us?")
    read_along(one, two)
    for tab in (one, two):
        tab.browser.evaluate(LATE)
        tab.hide()
    time.sleep(LONG_S)
    model_server.release("more")
    for tab in (one, two):
        tab.browser.wait(lambda tab=tab: tab.state == "complete", 30)
    browser.wait(lambda: heard(one, two) == 2 * NOTES)
    time.sleep(A_WHILE_S)
    assert (len(shown(one)), heard(one, two)) == (1, 2 * NOTES)


def test_a_tab_that_learns_of_it_much_later_does_not_tell_again(
    one_server: ChatStream, browser: Browser, model_server: ModelServer
) -> None:
    one, two = tabs(browser, one_server.url, 2)
    switch_on(one, SWITCHES[0])
    begin(one, model_server, "Who sleeps?")
    read_along(one, two)
    for tab in (one, two):
        tab.hide()
    two.browser.command("Page.setWebLifecycleState", state="frozen")
    time.sleep(LONG_S)
    model_server.release("more")
    browser.wait(lambda: heard(one) == 2 * NOTES, 30)
    time.sleep(LONG_S)
    two.browser.command("Page.setWebLifecycleState", state="active")
    two.browser.wait(lambda: two.state == "complete", 30)
    time.sleep(A_WHILE_S)
    assert heard(one, two) == 2 * NOTES


def test_what_was_seen_in_another_tab_or_stopped_is_not_told(
    one_server: ChatStream, browser: Browser, model_server: ModelServer
) -> None:
    seen, beside, stopped = tabs(browser, one_server.url, 3)
    switch_on(seen, SWITCHES[1])
    begin(seen, model_server, "Seen in one of two")
    beside.open(f"/c/{seen.chat_id}")
    beside.wait_answer("The tide ")
    begin(stopped, model_server, "Stopped")
    for tab in (beside, stopped):
        tab.hide()
    time.sleep(LONG_S)
    stopped.browser.evaluate("document.querySelector('#stop').click()")
    stopped.browser.wait(lambda: stopped.state == "stopped", 30)
    model_server.release("more")
    for tab in (seen, beside):
        tab.browser.wait(lambda tab=tab: tab.state == "complete", 30)
    time.sleep(A_WHILE_S)
    assert shown(seen) == []


def test_what_was_not_asked_for_or_short_is_not_told(
    one_server: ChatStream, browser: Browser, model_server: ModelServer
) -> None:
    (tab,) = tabs(browser, one_server.url, 1)
    unheard(tab, one_server, model_server, "not asked for", LONG_S)
    switch_on(tab, *SWITCHES)
    browser.wait(lambda: heard(tab) == NOTES)  # as it is turned on
    for attempt in range(5):
        tab.browser.evaluate("heard = 0")
        if unheard(tab, one_server, model_server, f"short {attempt}", 1) < LONG_S - 1:
            return
    raise AssertionError("hiding a window made every answer long")


def unheard(tab: Tab, server: ChatStream, model_server: ModelServer, question: str, seconds: float) -> float:
    """How long it took an answer that ended while the tab was hidden: where that is what was to be, it was not told."""
    begin(tab, model_server, question, [*GATED[:1], ["gate", question], *GATED[2:]])
    tab.hide()
    time.sleep(seconds)
    model_server.release(question)
    tab.browser.wait(lambda: tab.state == "complete", 30)
    time.sleep(A_WHILE_S)
    took = float(Api(server.address).history(tab.chat_id)[-1]["timings"]["totalMs"]) / 1000
    if seconds >= LONG_S or took < LONG_S - 1:
        assert (shown(tab), heard(tab)) == ([], 0)
    tab.show()
    return took


@pytest.mark.parametrize("there", [True, False], ids=["its tab is there", "its tab is closed"])
def test_a_press_leads_to_its_tab_or_else_to_its_chat(one_server: ChatStream, browser: Browser, there: bool) -> None:
    with Nginx(WITH_PRESS, {"APP": one_server.address, "PORT": "{port}"}) as proxy:
        permission = {"name": "notifications"}
        browser.command("Browser.setPermission", permission=permission, setting="granted", origin=proxy.url)
        one, two = tabs(browser, proxy.url, 2)
        one.browser.wait(lambda: one.browser.evaluate("return navigator.serviceWorker.controller !== null"))
        one.browser.wait(lambda: one.browser.evaluate(HELD)[2] == "activated")
        teller = one if there else two
        teller.hide()  # whoever looks at the tab is not told
        teller.browser.wait(lambda: (teller.browser.evaluate(TELL), shown(teller))[1])
        two.browser.driver.close()
        one.browser.evaluate(TOLD)
        one.browser.wait(lambda: one.browser.evaluate("return told") == ["focus" if there else "/c/1"])
        assert shown(one) == []


@pytest.mark.parametrize(
    ("setting", "words"), [("denied", "Allow them in its settings for this site"), ("prompt", "left open")]
)
def test_where_the_browser_refuses_the_switch_stays_off_and_says_what_to_change(
    page: Page, permit: Callable[[str], None], setting: str, words: str
) -> None:
    permit(setting)
    open_sheet(page)
    page.click("checkbox", SWITCHES[1])
    page.browser.wait(lambda: words in note(page))
    assert not is_on(page, SWITCHES[1])
    permit("granted")
    page.click("checkbox", SWITCHES[1])
    page.browser.wait(lambda: is_on(page, SWITCHES[1]) and note(page) == "")


def test_a_permission_that_was_taken_back_is_told_where_the_switch_is(
    page: Page, permit: Callable[[str], None]
) -> None:
    switch_on(page, SWITCHES[1])
    permit("denied")
    open_sheet(page)
    page.browser.wait(lambda: "does not let this page show notifications" in note(page))
    assert not is_on(page, SWITCHES[1])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sheet_is_for_everybody_and_fits_a_phone(
    page: Page, permit: Callable[[str], None], scheme: str
) -> None:
    permit("denied")
    page.browser.prefer(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
    page.browser.resize(320, 640)
    open_sheet(page)
    page.click("checkbox", SWITCHES[1])
    page.browser.wait(lambda: note(page) != "")
    assert faults(page.browser) == []
    assert page.overflow == 0
    heights = "return [...document.querySelectorAll('#telling :is(label, button)')].map((each) => each.offsetHeight)"
    assert min(page.browser.evaluate(heights)) >= 44
