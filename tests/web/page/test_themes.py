"""Light or dark: as the system is set, or as the reader chose for this browser."""

import re

import pytest
from selenium.webdriver.common.keys import Keys

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer
from tests.web.page.page import GATED, Page, two_tabs
from tests.web.page.test_accessible import look
from tests.web.test_shares import shared

SCHEMES = ("light", "dark")
CHOICES = {"light": "Light", "dark": "Dark", "system": "As the system"}
LOOK = """
    const bars = [...document.querySelectorAll('meta[name=theme-color]')].filter((m) => matchMedia(m.media).matches)
    return [getComputedStyle(document.documentElement).backgroundColor, bars.map((m) => m.content)]"""
BARS = {"light": "#fcfaf6", "dark": "#191714"}


def shown(browser: Browser) -> str:
    """What the page, its controls and the browser's own bar look like."""
    ground, bars = browser.evaluate(LOOK)
    scheme = "dark" if float(re.findall(r"[\d.]+", ground)[0]) < 0.5 else "light"
    assert bars == [BARS[scheme]]
    return scheme


def choose(page: Page, theme: str) -> None:
    page.browser.evaluate("document.querySelector('[aria-label=\"Light or dark\"]').click()")
    page.click("button", CHOICES[theme])


@pytest.mark.parametrize("theme", CHOICES)
@pytest.mark.parametrize("system", SCHEMES)
def test_the_choice_holds_at_once_and_on_all_pages(page: Page, system: str, theme: str) -> None:
    page.browser.prefer(prefers_color_scheme=system)
    assert shown(page.browser) == system
    page.browser.evaluate("window.here = true")
    if theme == "system":
        choose(page, "light")
    choose(page, theme)
    wanted = system if theme == "system" else theme
    assert (shown(page.browser), page.browser.evaluate("return window.here")) == (wanted, True)
    assert page.browser.evaluate("return document.activeElement.getAttribute('aria-label')") == "Light or dark"
    for path in ("/", "/transfer", "/c/" + "0" * 24, "/offline"):
        page.browser.wait(lambda path=path: page.open(path) and shown(page.browser) == wanted)
    page.open("/")
    current = "return document.querySelector('[name=theme][aria-current]').value"
    assert page.browser.evaluate(current) == theme
    look(page.browser)


def test_without_scripts_the_next_page_has_it(page: Page) -> None:
    page.browser.disable_javascript()
    page.browser.prefer(prefers_color_scheme="light")
    for theme in ("dark", "light"):
        page.open("/")
        page.browser.driver.find_element("css selector", "[aria-label='Light or dark']").click()
        page.click("button", CHOICES[theme])
        page.browser.wait(lambda theme=theme: shown(page.browser) == theme)


def test_one_choice_is_open_at_a_time(page: Page) -> None:
    page.browser.evaluate("for (const each of document.querySelectorAll('.foot-choice summary')) each.click()")
    assert page.browser.evaluate("return document.querySelectorAll('.foot-choice[open]').length") == 1


@pytest.mark.parametrize(("theme", "kept"), [("dark", "theme=dark"), ("sepia", None), ("", None)])
def test_only_what_there_is_can_be_chosen(one_server: ChatStream, theme: str, kept: str | None) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = Api(one_server.address).call("POST", "/theme", f"theme={theme}&to=/transfer".encode(), form)
    assert (reply.status, reply.headers["Location"]) == (303, "/transfer")
    assert (reply.headers["Set-Cookie"] or "").split(";")[0] == (kept or "")
    page = Api(one_server.address).get("/offline", {"Cookie": f"theme={theme}"}).body.decode()
    assert f'data-theme="{"dark" if kept else "system"}"' in page


def test_escape_closes_the_choice_and_stops_nothing(page: Page, model_server: ModelServer) -> None:
    model_server.script(GATED)
    page.ask("When?")
    page.wait_answer("The tide ")
    page.browser.find("textbox", "Message").click()
    for leave in (lambda: page.press(Keys.ESCAPE), lambda: page.browser.find("textbox", "Message").click()):
        page.browser.evaluate("document.querySelector('[aria-label=\"Light or dark\"]').click()")
        leave()
        assert page.browser.evaluate("return document.querySelector('.foot-choice[open]')") is None
    model_server.release("more")
    page.wait_state("complete")


def test_the_line_below_the_bar_follows(page: Page, model_server: ModelServer) -> None:
    model_server.script(answer("A line of the sea.\n\n" * 60))
    page.ask("At length?")
    page.wait_state("complete")
    lines = """return [getComputedStyle(document.querySelector('.topbar'), '::after').borderBottomColor,
        getComputedStyle(document.querySelector('.sidebar-foot')).borderTopColor]"""
    for theme in ("dark", "light"):
        choose(page, theme)
        page.browser.wait(lambda theme=theme: shown(page.browser) == theme)
        bar, foot = page.browser.evaluate(lines)
        assert bar == foot


@pytest.mark.parametrize("path", ["/", "/transfer", "/c/" + "0" * 24, "/offline", "/share"])
def test_other_tabs_follow(one_server: ChatStream, browser: Browser, path: str) -> None:
    one, two = two_tabs(browser, one_server.url)
    two.open(shared(Api(one_server.address))[1] if path == "/share" else path)
    for theme in ("dark", "light"):
        choose(one, theme)
        two.browser.wait(lambda theme=theme: shown(two.browser) == theme)


def test_paper_is_light_whatever_is_chosen(page: Page) -> None:
    page.browser.prefer(prefers_color_scheme="light")
    choose(page, "dark")
    page.browser.wait(lambda: shown(page.browser) == "dark")
    page.browser.command("Emulation.setEmulatedMedia", media="print")
    ground, _ = page.browser.evaluate(LOOK)
    page.browser.command("Emulation.setEmulatedMedia", media="")
    assert float(re.findall(r"[\d.]+", ground)[0]) > 0.5
