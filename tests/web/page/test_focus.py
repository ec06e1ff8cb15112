"""Where the keyboard is, one sees: whatever Tab reaches is marked, in every theme, and nothing cuts the mark off."""

from collections.abc import Callable
from typing import Any

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.web.page.page import Page
from tests.web.page.test_accessible import RICH, picking, setting

SCHEMES = {
    "light": {"prefers_color_scheme": "light"},
    "dark": {"prefers_color_scheme": "dark"},
    "forced": {"forced_colors": "active", "prefers_color_scheme": "dark"},
}
MARKED = """
const at = document.activeElement
if (!at || at === document.body) return null
const host = (at.matches('.prompt') && at.closest('.composer, .message[data-editing]')) || at
const look = () => {
  const {outlineStyle, outlineWidth, outlineColor, outlineOffset, borderTopColor} = getComputedStyle(host)
  const clear = outlineStyle === 'none' || /^transparent$|, 0\\)$|\\/ 0\\)$/.test(outlineColor)
  const width = clear ? 0 : parseFloat(outlineWidth)
  return {width, border: borderTopColor, reach: width ? width + parseFloat(outlineOffset) : 0}
}
const focused = look()
const box = host.getBoundingClientRect()
const cuts = (around) => {
  const {overflowX, clipPath} = getComputedStyle(around)
  if (overflowX === 'visible' && clipPath === 'none') return false
  const [{left, top}, reach] = [around.getBoundingClientRect(), focused.reach]
  const [x, y] = [left + around.clientLeft, top + around.clientTop]
  return Math.max(x - box.left, box.right - x - around.clientWidth, y - box.top, box.bottom - y - around.clientHeight)
    + reach > 0.5
}
const cut = []
for (let around = host.parentElement; around && around !== document.body; around = around.parentElement) {
  if (cuts(around)) cut.push(around.id || around.className)
  if (around.matches(':popover-open, dialog')) break
}
at.blur()
const plain = look()
at.focus({focusVisible: true, preventScroll: true})
const ring = focused.width >= 2 && plain.width === 0
const drawn = host !== at && focused.border !== plain.border
const seen = at.checkVisibility({opacityProperty: true}) && box.width > 1
return {key: [box.left, box.top + scrollY].map(Math.round).join() + at.outerHTML.slice(0, 200),
  name: `${at.tagName} ${at.ariaLabel ?? at.innerText ?? ''} ${at.id || at.name || at.className}`.replace(/\\s+/g, ' '),
  marked: ring || drawn, shown: seen && box.bottom > 0 && box.top < innerHeight, cut, focused}
"""
"""Of what has the focus: its mark (of a message box, the frame around it), and which boxes cut that off."""


def walk(page: Page) -> dict[str, str]:
    """Tab once around; what is wrong with the mark of an element, by its name."""
    wrong: dict[str, str] = {}
    seen: set[str] = set()
    for _ in range(120):
        tab(page)
        looks = {scheme: look(page, scheme) for scheme in SCHEMES}
        at = looks["light"]
        if at and at["key"] in seen:
            break
        if at:
            seen.add(at["key"])
            wrong |= {f"{scheme}: {at['name']}": fault for scheme, each in looks.items() if (fault := faults(each))}
    assert len(seen) > 1, seen
    return wrong


def tab(page: Page, *held: str) -> None:
    """As from the keyboard: an element that is sent keys is scrolled to, and a field of files takes them for a path."""
    actions = ActionChains(page.browser.driver)
    for key in held:
        actions.key_down(key)
    actions.send_keys(Keys.TAB)
    for key in held:
        actions.key_up(key)
    actions.perform()


def look(page: Page, scheme: str) -> dict[str, Any] | None:
    page.browser.prefer(prefers_reduced_motion="reduce", **SCHEMES[scheme])
    found: dict[str, Any] | None = page.browser.evaluate(MARKED)
    return found


def faults(at: dict[str, Any]) -> str:
    told = {"no mark": not at["marked"], "cut": at["cut"], "not in view": not at["shown"]}
    return " ".join(f"{fault} {at['cut']} {at['focused']}" for fault, there in told.items() if there)


def talked(page: Page, model: ModelServer) -> None:
    model.script(answer(RICH))
    page.ask("When?")
    page.wait_state("complete")
    page.browser.evaluate("document.querySelector('.action[name=retry]').click()")
    page.browser.wait(lambda: page.answer == "Hello world" and page.state == "complete")
    page.browser.evaluate("document.querySelector('.walker-step:not(:disabled)').click()")
    page.browser.wait(lambda: page.browser.evaluate("return document.querySelector('.code') !== null"))
    page.browser.evaluate("document.activeElement.blur()")


def menu(page: Page, model: ModelServer) -> None:
    page.ask("When?")
    page.wait_state("complete")
    page.open_menu()


def chat_menu(page: Page, model: ModelServer) -> None:
    page.ask("Menu of mine")
    page.wait_state("complete")
    page.browser.find("button", "Options for Menu of mine").click()
    page.browser.find("menuitem", "Delete")


def editing(page: Page, model: ModelServer) -> None:
    page.ask("When?")
    page.wait_state("complete")
    page.browser.evaluate("document.querySelector('.action[name=edit]').click()")


def sharing(page: Page, model: ModelServer) -> None:
    page.ask("When?")
    page.wait_state("complete")
    page.open_menu()
    page.click("button", "Share")
    page.browser.find("button", "Copy link")


def shared(page: Page, model: ModelServer) -> None:
    model.script([*answer(RICH)[:-4], ["finish", "length"], ["done"], ["end"]])
    page.ask("When?")
    page.wait_state("length")
    page.open(Api(page.url.removeprefix("http://")).post(f"/chat/{page.chat_id}/share").json["path"])


def transfer(page: Page, _: ModelServer) -> None:
    page.open("/transfer")


def first_visit(page: Page, _: ModelServer) -> None:
    page.open("/")


def drawer(page: Page, model: ModelServer) -> None:
    page.ask("In the drawer")
    page.wait_state("complete")
    page.browser.resize(390, 844)
    page.click("button", "Chats")


STATES = [first_visit, drawer, talked, menu, chat_menu, editing, picking, setting, sharing, shared, transfer]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_what_has_the_focus_is_marked(
    state: Callable[[Page, ModelServer], None], page: Page, model_server: ModelServer, one_server: ChatStream
) -> None:
    api = Api(one_server.address)
    for chat in api.get("/chats").json["chats"]:
        api.call("DELETE", f"/chat/{chat['_id']}")
    page.reload()
    state(page, model_server)
    assert walk(page) == {}


def test_a_missing_mark_would_be_found(page: Page, one_server: ChatStream) -> None:
    page.browser.prefer(prefers_reduced_motion="reduce")
    for fault, style in (("no mark", "outline: none"), ("cut", "overflow: hidden; outline-offset: 19px")):
        page.open("/")
        page.browser.evaluate(
            "for (const each of document.querySelectorAll('.sidebar, .sidebar-new')) each.style = arguments[0]", style
        )
        page.browser.evaluate("document.querySelector('#q').focus()")
        tab(page, Keys.SHIFT)
        tab(page, Keys.SHIFT)
        assert any(told.startswith(fault) for told in walk(page).values())
