"""The fold with what a model thought: open while it thinks, closed once it answers, or as the reader chose."""

import re
from typing import Any

from selenium.webdriver.common.by import By

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.web.page.page import LAST, TIDE, Page

LATER = "const now = Date.now; Date.now = () => now() + arguments[0]"
"""From now on it is later by so many milliseconds, as the page sees it."""
FOLD = f"""const fold = {LAST}.querySelector('.reasoning')
    const [words, text] = ['summary', '.markdown'].map((name) => fold.querySelector(name).textContent)
    return [fold.hidden, fold.open, words, text]"""
THOUGHT = "It asks about the sea."
THINKS: list[list[Any]] = [["reasoning", THOUGHT], ["gate", "thought"], ["text", "The tide "]]
REST = answer("comes in twice a day.")


def fold(page: Page) -> tuple[str, str, str]:
    """How it stands, what it is called, what is in it."""
    hidden, opened, words, text = page.browser.evaluate(FOLD)
    return "hidden" if hidden else "open" if opened else "closed", words, text


def begin(page: Page, model_server: ModelServer, *steps: list[Any]) -> None:
    """Until the model thinks."""
    model_server.script(list(steps))
    page.ask("When does the tide come in?")
    page.browser.wait(lambda: fold(page) == ("open", "Thinking", THOUGHT))


def turn(page: Page) -> None:
    """As a reader opens or closes it."""
    page.browser.driver.find_element(By.CSS_SELECTOR, "[data-role=assistant] .reasoning summary").click()


def served(page: Page, server: ChatStream) -> str:
    """What the server's time makes of it."""
    ms = Api(server.address).get(f"/chat/{page.chat_id}").json["history"][-1]["timings"]["thoughtMs"]
    return f"Thought for {ms // 1000} s" if ms >= 1000 else "Thought for less than a second"


def test_it_is_open_while_the_model_thinks_and_closed_after(page: Page, model_server: ModelServer) -> None:
    begin(page, model_server, *THINKS, ["gate", "more"], *REST)
    page.browser.evaluate(LATER, 12_000)
    model_server.release("thought")
    page.wait_answer("The tide ")
    how, words, text = fold(page)
    assert (how, text) == ("closed", THOUGHT)
    assert re.fullmatch(r"Thought for 1[2-9] s", words)
    model_server.release("more")
    page.wait_state("complete")
    assert fold(page)[0] == "closed"


def test_the_time_is_the_servers_in_the_end_and_after_a_reload(
    page: Page, one_server: ChatStream, model_server: ModelServer
) -> None:
    begin(page, model_server, *THINKS[:1], ["sleep", 1.2], *THINKS[2:], *REST)
    page.browser.evaluate(LATER, 60_000)
    for _ in range(2):
        page.wait_state("complete")
        assert served(page, one_server) != "Thought for less than a second"
        assert fold(page) == ("closed", served(page, one_server), THOUGHT)
        assert page.answer == TIDE
        page.reload()


def test_a_short_thought_has_no_number(page: Page, one_server: ChatStream, model_server: ModelServer) -> None:
    begin(page, model_server, *THINKS, ["gate", "more"], *REST)
    page.browser.evaluate("const now = Date.now(); Date.now = () => now")
    model_server.release("thought")
    page.wait_answer("The tide ")
    model_server.release("more")
    page.wait_state("complete")
    model_server.script([["reasoning", THOUGHT], *answer(TIDE)])
    page.ask("And again?")
    for _ in range(2):
        page.browser.wait(lambda: len(page.messages) == 4 and page.state == "complete")
        assert served(page, one_server) == "Thought for less than a second"
        assert fold(page) == ("closed", "Thought for less than a second", THOUGHT)
        page.reload()


def test_one_that_a_reader_closed_stays_closed(page: Page, model_server: ModelServer) -> None:
    begin(page, model_server, *THINKS, ["reasoning", " Once more."], ["gate", "more"], *REST)
    turn(page)
    model_server.release("thought")
    page.browser.wait(lambda: fold(page) == ("closed", "Thinking", f"{THOUGHT} Once more."))
    model_server.release("more")
    page.wait_state("complete")
    assert fold(page)[0] == "closed"


def test_one_that_nobody_closed_opens_again_for_another_thought(page: Page, model_server: ModelServer) -> None:
    begin(page, model_server, *THINKS, ["gate", "again"], ["reasoning", " Once more."], ["gate", "more"], *REST)
    model_server.release("thought")
    page.browser.wait(lambda: fold(page)[0] == "closed")
    model_server.release("again")
    page.browser.wait(lambda: fold(page) == ("open", "Thinking", f"{THOUGHT} Once more."))


def test_one_that_a_reader_opened_stays_open(page: Page, model_server: ModelServer) -> None:
    begin(page, model_server, *THINKS, ["gate", "more"], *REST)
    model_server.release("thought")
    page.browser.wait(lambda: fold(page)[0] == "closed")
    turn(page)
    model_server.release("more")
    page.wait_state("complete")
    assert fold(page)[0] == "open"


def test_a_reload_in_the_middle_of_a_thought_shows_it_open(page: Page, model_server: ModelServer) -> None:
    begin(page, model_server, *THINKS, *REST)
    page.reload()
    page.browser.wait(lambda: fold(page) == ("open", "Thinking", THOUGHT))
    model_server.release("thought")
    page.wait_state("complete")
    assert fold(page)[0] == "closed"


def test_where_nothing_was_thought_there_is_none(page: Page) -> None:
    page.ask("Hello")
    for _ in range(2):
        page.wait_state("complete")
        assert fold(page)[0] == "hidden"
        page.reload()


def test_it_stays_open_under_a_reader_who_reads_further_up(page: Page, model_server: ModelServer) -> None:
    """Closed, it would take away what they read; so would one that is opened above it."""
    thought = "\n\n".join(f"Line {n} of the thought." for n in range(100))
    model_server.script([["reasoning", thought], ["gate", "thought"], *answer(TIDE)])
    page.ask("When does the tide come in?")
    page.browser.wait(lambda: "Line 99" in page.browser.text(".reasoning"))
    page.browser.evaluate("scrollTo(0, 600)")
    seen = "return document.querySelectorAll('.reasoning p')[30].getBoundingClientRect().top"
    where = page.browser.evaluate(seen)
    model_server.release("thought")
    page.wait_state("complete")
    assert fold(page)[0] == "open"
    assert fold(page)[1].startswith("Thought for ")
    assert page.browser.evaluate(seen) == where
