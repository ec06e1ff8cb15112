"""In the system's own colours: what a background told is told by a line, and icons are seen."""

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer
from tests.web.page.page import GATED, Page
from tests.web.page.test_accessible import RICH
from tests.web.page.test_files import attach, chips, files  # noqa: F401

UNLINED = """
const colour = (text) => {
  const brush = (window.brush ??= document.createElement('canvas').getContext('2d', {willReadFrequently: true}))
  brush.clearRect(0, 0, 1, 1)
  brush.fillStyle = text
  brush.fillRect(0, 0, 1, 1)
  return [...brush.getImageData(0, 0, 1, 1).data]
}
const ground = colour(getComputedStyle(document.documentElement).backgroundColor)
const apart = (text) => {
  const [r, g, b, a] = colour(text)
  return a > 120 && Math.abs(r - ground[0]) + Math.abs(g - ground[1]) + Math.abs(b - ground[2]) > 100
}
const line = (style, name) =>
  parseFloat(style[`${name}Width`]) >= 1 && style[`${name}Style`] !== 'none' && apart(style[`${name}Color`])
const lined = (element) => {
  const style = getComputedStyle(element)
  return ['outline', 'borderTop', 'borderBottom', 'borderLeft'].some((name) => line(style, name)) ||
    style.textDecorationLine.includes('underline')
}
const found = [...document.querySelectorAll(arguments[0])].filter((element) => element.checkVisibility())
return [found.length, found.filter((element) => !lined(element)).map((element) => element.outerHTML.slice(0, 80))]
"""
"""How many are seen, and those of them that no line sets apart from the page."""
BOX = """
const {x, y, width, height} = arguments[0].getBoundingClientRect()
return {x: x + scrollX, y: y + scrollY, width, height, scale: 2}"""


@pytest.fixture(params=["light", "dark"])
def plain(request: pytest.FixtureRequest, page: Page) -> Page:
    page.browser.prefer(forced_colors="active", prefers_color_scheme=request.param, prefers_reduced_motion="reduce")
    return page


def lined(page: Page, *selectors: str) -> None:
    for selector in selectors:
        count, without = page.browser.evaluate(UNLINED, selector)
        assert (selector, count > 0, without) == (selector, True, [])


def dull(browser: Browser, selector: str) -> list[str]:
    """The drawings in which no pixel stands out."""
    found = browser.driver.find_elements("css selector", selector)
    shown = [each for each in found if browser.evaluate("return arguments[0].checkVisibility()", each)]
    assert shown, selector
    return [str(each.get_attribute("outerHTML"))[:200] for each in shown if contrast(browser, each) < 100]


def contrast(browser: Browser, element: object) -> int:
    """Between the lightest and the darkest pixel of it."""
    browser.evaluate("arguments[0].scrollIntoView({block: 'center'})", element)
    taken = browser.driver.execute_cdp_cmd(
        "Page.captureScreenshot", {"clip": browser.evaluate(BOX, element), "captureBeyondViewport": False}
    )
    darkest, lightest = Image.open(io.BytesIO(base64.b64decode(taken["data"]))).convert("L").getextrema()
    return int(lightest) - int(darkest)  # type: ignore[arg-type]


def talked(page: Page, model: ModelServer) -> None:
    model.script([*answer(RICH)[:-4], ["finish", "length"], ["done"], ["end"]])
    page.ask("When?")
    page.wait_state("length")


def test_buttons_fields_and_what_is_current_have_lines(plain: Page, model_server: ModelServer) -> None:
    lined(plain, ".button", ".suggestion", ".composer", ".search-field")
    talked(plain, model_server)
    lined(plain, ".button", ".message[data-role=user]", ".ending", ".code", ".chat-link[aria-current]")
    plain.open_menu()
    lined(plain, ".menu > .menu-panel", ".menu-rename input", ".menu-rename .button")
    plain.click("button", "System prompt and parameters")
    lined(plain, ".sheet .field", ".sheet .button")


def test_the_archive_is_seen_to_be_open(plain: Page) -> None:
    plain.open("/?archived=1")
    lined(plain, ".sidebar-foot [aria-current]")


def test_what_lies_above_the_page_has_lines(plain: Page, model_server: ModelServer) -> None:
    talked(plain, model_server)
    plain.browser.find_all("button", "Options for When?")[0].click()
    lined(plain, "#chat-menu")
    plain.click("menuitem", "Share")
    plain.browser.find("button", "Copy link")
    lined(plain, "#share", ".share-link", "#share .button")
    plain.click("button", "Close")
    plain.browser.find_all("button", "Options for When?")[0].click()
    plain.click("menuitem", "Delete")
    plain.browser.find("button", "Undo")
    lined(plain, ".toast", ".toast .button")
    plain.click("button", "Undo")


def test_files_have_lines(plain: Page, files: dict[str, Path]) -> None:  # noqa: F811
    attach(plain, files["moon.png"], files["notes.txt"])
    chips(plain, "moon.png 70 bytes", "notes.txt 10 bytes")
    lined(plain, ".chip")
    plain.ask("What is this?")
    plain.wait_state("complete")
    lined(plain, ".file-link", ".message[data-role=user]")
    plain.open("/transfer")
    lined(plain, ".transfer .button")


@pytest.mark.parametrize("width", [1280, 390])
def test_icons_are_seen(plain: Page, model_server: ModelServer, width: int) -> None:
    plain.browser.resize(width, 800)
    model_server.script(GATED)
    plain.ask("When?")
    plain.wait_answer("The tide ")
    assert dull(plain.browser, "#stop .stop-mark") == []
    model_server.release("more")
    plain.wait_state("complete")
    assert dull(plain.browser, ".main .icon") == []


def test_what_only_a_background_tells_would_be_found(plain: Page, model_server: ModelServer) -> None:
    talked(plain, model_server)
    plain.browser.evaluate("document.querySelector('[data-role=user]').style.borderWidth = 0")
    with pytest.raises(AssertionError, match="<article class"):
        lined(plain, ".message[data-role=user]")
    plain.browser.evaluate("for (const icon of document.querySelectorAll('.icon')) icon.style.stroke = 'Canvas'")
    assert dull(plain.browser, ".topbar .icon")
