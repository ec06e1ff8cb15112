"""The page at every width and in both themes; what it follows, and what it is made of."""

import gzip
import re

import pytest
from selenium.webdriver.common.keys import Keys

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.servers.server import ROOT
from tests.web.page.page import Page

# -- how it looks


@pytest.mark.parametrize("width", [320, 390, 640, 1280])
def test_nothing_is_wider_than_the_window(page: Page, model_server: ModelServer, width: int) -> None:
    page.browser.resize(width, 700)
    page.open("/")
    assert page.overflow == 0
    model_server.script(answer("x" * 400 + " | a | table | " * 20))
    page.ask("y" * 300)
    page.wait_state("complete")
    assert page.overflow == 0


def test_on_a_phone_the_chats_are_a_drawer(page: Page) -> None:
    page.ask("In the drawer")
    page.wait_state("complete")
    page.browser.resize(390, 844)
    assert page.browser.find_all("link", "In the drawer") == []
    page.click("button", "Chats")
    page.browser.find("link", "In the drawer")
    page.press(Keys.ESCAPE)
    page.browser.wait(lambda: not page.browser.find_all("link", "In the drawer"))
    assert page.browser.driver.switch_to.active_element.accessible_name == "Chats"
    sizes = "return ['.drawer-button', '#send'].map((b) => document.querySelector(b).getBoundingClientRect().height)"
    assert min(page.browser.evaluate(sizes)) >= 44


CONTRAST = """
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true})
    const light = (color) => {
      canvas.fillStyle = color
      canvas.fillRect(0, 0, 1, 1)
      const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((c) => c / 255).map(
        (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const probe = document.body.appendChild(document.createElement('i'))
    const [a, b] = [...arguments].map((name) => {
      probe.style.color = `var(${name})`
      return light(getComputedStyle(probe).color)
    }).sort((x, y) => y - x)
    probe.remove()
    return (a + 0.05) / (b + 0.05)"""
PAIRS = [
    *((text, ground, 4.5) for text in ("--ink", "--muted", "--accent", "--warn") for ground in ("--paper", "--side")),
    ("--ink", "--inset", 4.5),
    ("--muted", "--inset", 4.5),
    ("--on-accent", "--accent", 4.5),
    *(("--control-line", ground, 3.0) for ground in ("--paper", "--side", "--inset")),
    *((f"--code-{kind}", "--side", 4.5) for kind in ("comment", "keyword", "string", "number", "name")),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_have_contrast_in_both_themes(page: Page, scheme: str) -> None:
    page.browser.prefer(prefers_color_scheme=scheme)
    low = {(a, b): page.browser.evaluate(CONTRAST, a, b) for a, b, least in PAIRS}
    assert {pair: ratio for (pair, ratio), (_, _, least) in zip(low.items(), PAIRS, strict=True) if ratio < least} == {}
    lightness = page.browser.evaluate("return getComputedStyle(document.documentElement).backgroundColor")
    assert (float(re.findall(r"[\d.]+", lightness)[0]) < 0.5) == (scheme == "dark")


def test_the_end_is_followed_until_the_reader_leaves_it(page: Page, model_server: ModelServer) -> None:
    page.browser.resize(900, 500)
    lines = [["text", f"Line {number}\n"] for number in range(60)]
    model_server.script(
        [*lines, ["gate", "one"], *lines, ["gate", "two"], *lines, ["finish", "stop"], ["done"], ["end"]]
    )
    page.ask("Write a lot")
    left = "const p = document.scrollingElement; return Math.round(p.scrollHeight - p.clientHeight - p.scrollTop)"
    page.browser.wait(lambda: page.answer.count("\n") == 59)
    page.browser.wait(lambda: page.browser.evaluate(left) == 0)
    page.browser.evaluate("scrollTo(0, 100)")
    page.browser.find("button", "Jump to latest")
    model_server.release("one")
    page.browser.wait(lambda: page.answer.count("\n") == 119)
    assert page.browser.evaluate("return scrollY") == 100
    page.click("button", "Jump to latest")
    model_server.release("two")
    page.wait_state("complete")
    page.browser.wait(lambda: page.browser.evaluate(left) == 0)


def test_text_that_comes_before_the_scroll_is_told_moves_no_reader(page: Page, model_server: ModelServer) -> None:
    model_server.script(answer("Line\n" * 80))
    page.ask("Write a lot")
    page.wait_state("complete")
    page.browser.allow_scripts()
    page.reload()
    script = """
        const {EndFollower} = await import('/static/js/scroll.js')
        const end = new EndFollower(document.querySelector('#jump'), document.querySelector('#dock'))
        end.toEnd()
        scrollTo(0, 300)
        end.keep(() => document.querySelector('#transcript').append('More'))
        return scrollY"""
    assert page.browser.evaluate(f"return (async function () {{ {script} }})()") == 300


# -- what the page is made of


def test_all_scripts_come_as_one_after_the_one_before_the_first_paint(page: Page) -> None:
    page.reload()
    fetched = "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    scripts = [name.rsplit("/", 1)[1] for name in page.browser.evaluate(fetched) if name.endswith(".js")]
    assert sorted(scripts) == ["boot.js", "main.js"]


def test_all_of_the_page_is_small(page: Page, one_server: ChatStream) -> None:
    html = page.browser.driver.page_source
    files = [address for address in re.findall(r'(?:src|href)="(/assets/[^"]+)"', html) if not address.endswith(".png")]
    sent = [html.encode(), *(Api(one_server.address).get(address).body for address in files)]
    assert sum(len(gzip.compress(content, 6)) for content in sent) < 100_000


def test_scripts_go_without_comments_and_are_there_as_they_are_written(page: Page, one_server: ChatStream) -> None:
    api, written = Api(one_server.address), (ROOT / "static/js/main.js").read_bytes()
    (address,) = re.findall(r'src="(/assets/[^"]+/main.js)"', page.browser.driver.page_source)
    sent = api.get(address)
    assert (b"// " in written, b"// " in sent.body, sent.headers["Content-Type"]) == (
        True,
        False,
        "text/javascript; charset=utf-8",
    )
    assert api.get("/static/js/main.js").body == written
    assert api.get(address.replace("main.js", "nothing.js")).status == 404
    assert api.get(address.replace("main.js", "../css/base.css")).status == 404
