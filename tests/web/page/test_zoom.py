"""A window of 1280 × 800 at 200 %: 640 × 400 CSS pixels. All can be read and reached, and nothing lies above it."""

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.servers.model_server import ModelServer, answer
from tests.web.page.page import Page
from tests.web.page.test_accessible import RICH

LINES: list[list[str]] = [["text", f"Line {number} of the tide.\n\n"] for number in range(30)]
COVERED = """
const [range, covered] = [document.createRange(), []]
const texts = document.createTreeWalker(document.querySelector('.answer'), NodeFilter.SHOW_TEXT)
for (let node = texts.nextNode(); node; node = texts.nextNode()) {
  if (!node.data.trim() || (arguments[0] && !node.data.includes(arguments[0]))) continue
  if (!arguments[0]) node.parentElement.scrollIntoView({block: 'center'})
  range.selectNodeContents(node)
  const {left, right, top, bottom} = range.getClientRects()[0]
  const there = document.elementFromPoint((left + Math.min(right, innerWidth)) / 2, (top + bottom) / 2)
  if (!there?.closest('.answer')) covered.push([node.data.slice(0, 40), there?.className])
}
return covered"""
"""The texts of an answer (or the one with these words, where it stands) that something else lies on."""
UNDER = """
const at = document.activeElement
if (!at || at === document.body) return null
const {left, right, top, bottom} = at.getBoundingClientRect()
const middle = (left + right) / 2
const spots = [0.25, 0.5, 0.75].map((part) => document.elementFromPoint(middle, top + (bottom - top) * part))
const own = (spot) => spot && (at.contains(spot) || spot.contains(at))
const name = `${at.tagName} ${at.ariaLabel ?? at.innerText ?? ''} ${at.id || at.name || at.className}`
return [at.outerHTML.slice(0, 200) + Math.round(left), spots.some(own) ? '' : name]"""
"""Which element has the focus, and its name if none of it can be seen."""


@pytest.fixture
def zoomed(page: Page) -> Page:
    page.browser.prefer(prefers_reduced_motion="reduce")
    page.browser.resize(640, 400, 2)
    return page


def hidden(page: Page) -> list[str]:
    """What Tab reaches and nobody sees."""
    seen: dict[str, str] = {}
    for _ in range(80):
        ActionChains(page.browser.driver).send_keys(Keys.TAB).perform()
        at = page.browser.evaluate(UNDER)
        if at and at[0] in seen:
            break
        if at:
            seen[at[0]] = at[1]
    assert len(seen) > 3, seen
    return [name for name in seen.values() if name]


def test_an_answer_is_watched_to_its_end(zoomed: Page, model_server: ModelServer) -> None:
    model_server.script([*LINES, ["gate", "more"], *LINES, ["text", "Slack water."], *answer("")[1:]])
    zoomed.ask("When?")
    zoomed.browser.wait(lambda: zoomed.answer.endswith("Line 29 of the tide."))
    zoomed.browser.wait(lambda: zoomed.browser.evaluate(COVERED, "Line 29 ") == [])
    assert zoomed.overflow == 0
    model_server.release("more")
    zoomed.wait_state("complete")
    zoomed.browser.wait(lambda: zoomed.browser.evaluate(COVERED, "Slack water.") == [])
    assert zoomed.overflow == 0


def test_all_of_an_answer_is_read(zoomed: Page, model_server: ModelServer) -> None:
    model_server.script(answer(RICH * 3))
    zoomed.ask("When?")
    zoomed.wait_state("complete")
    assert zoomed.browser.evaluate(COVERED) == []
    assert zoomed.overflow == 0


def test_every_control_is_reached_and_seen(zoomed: Page, model_server: ModelServer) -> None:
    model_server.script([*answer(RICH * 2)[:-4], ["finish", "length"], ["done"], ["end"]])
    zoomed.ask("When?")
    zoomed.wait_state("length")
    assert hidden(zoomed) == []
    zoomed.open_menu()
    assert hidden(zoomed) == []
    zoomed.open_menu()  # it closed when it was left
    zoomed.click("button", "System prompt and parameters")
    assert hidden(zoomed) == []
    assert zoomed.overflow == 0


def test_the_drawer_and_the_other_pages_too(zoomed: Page) -> None:
    zoomed.ask("When?")
    zoomed.wait_state("complete")
    zoomed.click("button", "Chats")
    assert hidden(zoomed) == []
    zoomed.open("/transfer")
    assert hidden(zoomed) == []
    assert zoomed.overflow == 0


def test_what_is_covered_would_be_found(zoomed: Page, model_server: ModelServer) -> None:
    model_server.script(answer(RICH))
    zoomed.ask("When?")
    zoomed.wait_state("complete")
    zoomed.browser.evaluate("document.querySelector('#dock').style.height = '400px'")
    assert zoomed.browser.evaluate(COVERED) != []
    assert hidden(zoomed) != []
