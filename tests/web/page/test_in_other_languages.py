"""The page in other languages than English, in Chromium: nothing English is left, and nothing lies outside of it."""

import re
from collections.abc import Callable

import pytest
from selenium.webdriver.common.keys import Keys

from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer, failure
from tests.web.page.page import GATED, Page
from tests.web.page.test_accessible import RICH, THINKING, faults

State = Callable[[Page, ModelServer], None]
SAME = {
    "ChatStream",
    "clock",
    "calculate",
    "Chat",
    "Chats",
    "Link",
    "Token",
    "test-model",
    "localhost",
    "OPENAI_BASE_URL",
    "English",
    "s",
}
"""Names, and words that German has from English."""
KEYS = {"Alt", "Shift", "Enter", "Esc", "?"}
MEASURED = re.compile(r"[0-9.,]+ ms")
"""Which may by chance be the same twice."""
THEIRS = ".message .text, .answer, .reasoning .markdown, .tool pre, .chat-name, .chat-title, pre, kbd, code, template"
"""What people and models wrote."""
TEXTS = """
const texts = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  if (!node.parentElement.closest(`${arguments[0]}, script, noscript, #languages`)) texts.push(node.data);
}
for (const element of document.querySelectorAll("*")) {
  if (element.closest("#languages")) continue;
  for (const name of ["aria-label", "placeholder", "title"]) texts.push(element.getAttribute(name) ?? "");
}
return texts.map((text) => text.trim()).filter((text) => /\\p{L}{2}/u.test(text));
"""


@pytest.fixture(autouse=True)
def calm(page: Page) -> None:
    """Nothing is on its way when it is looked at."""
    page.browser.prefer(prefers_reduced_motion="reduce")


def speak(page: Page, language: str) -> None:
    page.browser.driver.add_cookie({"name": "language", "value": language})
    page.reload()


def ask(page: Page) -> None:
    page.browser.evaluate("document.querySelector('#prompt').focus()")
    page.press("?", Keys.ENTER)


def first_visit(_: Page, __: ModelServer) -> None:
    pass


def answered(page: Page, model: ModelServer) -> None:
    model.script(answer(RICH))
    ask(page)
    page.wait_state("complete")
    page.reload()


def streaming(page: Page, model: ModelServer) -> None:
    model.script(GATED)
    ask(page)
    page.wait_answer("The tide")


def thinking(page: Page, model: ModelServer) -> None:
    model.script(THINKING)
    ask(page)
    page.browser.wait(lambda: "It asks" in page.browser.text(".message:last-child"))


def truncated(page: Page, model: ModelServer) -> None:
    model.script([["text", "The tide "], ["end"]])
    ask(page)
    page.wait_state("truncated")


def cut(page: Page, model: ModelServer) -> None:
    model.script([["text", "The tide "], ["finish", "length"], ["done"], ["end"]])
    ask(page)
    page.wait_state("length")


def refused(page: Page, model: ModelServer) -> None:
    model.script(failure(401, "1234"))
    ask(page)
    page.wait_state("upstream_error")


def deleted(page: Page, model: ModelServer) -> None:
    answered(page, model)
    page.browser.evaluate("document.querySelector('.message [data-action=delete]').click()")
    page.browser.wait(lambda: page.browser.text("#toast"))


STATES = (first_visit, answered, streaming, thinking, truncated, cut, refused, deleted)


def said(page: Page) -> set[str]:
    """What stands on the page, and what a screen reader says of it, by whom ever it was made."""
    return set(page.browser.evaluate(TEXTS, THEIRS))


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
@pytest.mark.parametrize("language", ["de", "ar"])
def test_no_text_is_the_same_as_in_english(page: Page, model_server: ModelServer, language: str, state: State) -> None:
    state(page, model_server)
    english = said(page)
    assert {"Send", "New chat"} <= english
    page.open()
    speak(page, language)
    state(page, model_server)
    found = said(page)
    assert len(found) > len(english) / 2
    same = {text for text in english & found if text not in SAME | KEYS and "{" not in text and "tests." not in text}
    assert {text for text in same if not text.startswith(("http", "· ")) and not MEASURED.fullmatch(text)} == set()


@pytest.mark.parametrize("state", [first_visit, answered, truncated], ids=lambda state: state.__name__)
@pytest.mark.parametrize("language", ["de", "ar"])
def test_a_program_finds_no_fault_in_it(page: Page, model_server: ModelServer, language: str, state: State) -> None:
    speak(page, language)
    state(page, model_server)
    assert faults(page.browser) == []


@pytest.mark.parametrize("language", ["de", "fr", "ar"])
@pytest.mark.parametrize("state", [first_visit, answered, truncated], ids=lambda state: state.__name__)
def test_nothing_is_wider_than_a_small_phone(
    page: Page, model_server: ModelServer, language: str, state: State
) -> None:
    page.browser.resize(320, 640)
    speak(page, language)
    state(page, model_server)
    assert page.overflow == 0
    page.browser.evaluate("document.querySelector('.drawer-button').click()")
    page.browser.wait(
        lambda: page.browser.evaluate("return document.querySelector('#sidebar').matches(':popover-open')")
    )
    page.browser.evaluate("document.querySelector('#languages').open = true")
    outside = "[...document.querySelectorAll('.sidebar-foot :is(a, summary, button)')].filter((e) => { \
        const at = e.getBoundingClientRect(); return at.left < 0 || at.right > innerWidth; }).length"
    assert page.browser.evaluate(f"return {outside}") == 0


def test_arabic_runs_from_right_to_left(page: Page, model_server: ModelServer) -> None:
    speak(page, "ar")
    answered(page, model_server)
    where = "return document.querySelector(arguments[0]).getBoundingClientRect().left"
    sidebar, send = page.browser.evaluate(where, "#sidebar"), page.browser.evaluate(where, "#send")
    assert sidebar > 640 > send
    direction = "return getComputedStyle(document.querySelector(arguments[0])).direction"
    assert page.browser.evaluate(direction, ".actions") == "rtl"
    assert page.browser.evaluate(direction, ".answer pre") == "ltr"
    assert page.browser.evaluate(direction, ".answer p") == "ltr", "an English text in it"
    assert page.browser.evaluate(direction, "#prompt") == "rtl", "its placeholder is Arabic"


def press(page: Page, name: str) -> None:
    page.browser.evaluate("document.querySelector('#languages summary').click()")
    page.click("button", name)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_the_reader_chooses_a_language_and_it_stays(page: Page, model_server: ModelServer, scripts: bool) -> None:
    model_server.script(answer("Twice a day."))
    page.ask("When?")
    page.wait_state("complete")
    address = page.browser.driver.current_url
    if not scripts:
        page.browser.disable_javascript()
        page.reload()
    press(page, "Nederlands")
    page.browser.wait(lambda: page.browser.evaluate("return document.documentElement.lang") == "nl")
    assert page.browser.driver.current_url == address
    assert page.browser.find("button", "Versturen")
    page.open("/transfer")
    assert "Importeren" in page.browser.text("h1")
    page.open("/")
    press(page, "English")
    assert page.browser.find("button", "Send")


def test_phases_and_times_are_in_the_language(page: Page, model_server: ModelServer) -> None:
    speak(page, "de")
    model_server.script([["gate", "more"], *answer("x" * 8000)])
    ask(page)
    page.browser.wait(lambda: page.phase.startswith("Wartet auf test-model · "))
    model_server.release("more")
    page.wait_state("complete")
    assert "Token" in page.browser.text(".figures")
    assert "bis zum ersten Token" in page.browser.text(".figures")


def test_days_have_the_names_that_the_server_gives_them(page: Page, browser: Browser) -> None:
    """A group that the page makes and one that the server made are the same group."""
    browser.allow_scripts()
    script = "return import('/static/js/days.js').then(({ day }) => day(Date.UTC(2024, 4, 15)))"
    for language, name in {"en": "May 2024", "de": "Mai 2024", "es": "mayo de 2024", "ar": "مايو 2024"}.items():
        speak(page, language)
        assert browser.evaluate(script) == name


def test_the_browser_chooses_the_language(page: Page) -> None:
    agent = page.browser.evaluate("return navigator.userAgent")
    page.browser.command("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage="pt,fr;q=0.8,en;q=0.5")
    page.open("/")
    assert page.browser.evaluate("return document.documentElement.lang") == "fr"
    page.browser.find("button", "Envoyer")
