"""What is told while an answer is awaited and written: the line under it, and what a screen reader hears of it."""

import re
from typing import Any

import pytest

from tests.servers.model_server import ModelServer, answer, failure
from tests.web.page.page import GATED, LAST, Page
from tests.web.page.test_thinking import LATER

RECORD = """
    window.lines = []
    const note = () => {
      const phase = [...document.querySelectorAll('[data-role=assistant] .phase')].at(-1)
      const words = phase && !phase.hidden ? phase.textContent.split(' · ')[0] : ''
      if (words !== (lines.at(-1) ?? '')) lines.push(words)
    }
    new MutationObserver(note).observe(document.querySelector('#transcript'),
      {subtree: true, childList: true, characterData: true, attributes: true})
    window.said = []
    new MutationObserver((records) => said.push(...records.flatMap((r) => [...r.addedNodes].map((n) => n.data))))
      .observe(document.querySelector('#announcer'), {subtree: true, childList: true, characterData: true})"""
BUSY = f"return {LAST}.getAttribute('aria-busy')"
BEGUN = "The answer is being written."


def test_each_phase_is_told_in_its_turn(page: Page, model_server: ModelServer) -> None:
    page.browser.evaluate(RECORD)
    steps: list[list[Any]] = [["gate", "think"], ["reasoning", "It asks."], ["gate", "write"], *GATED]
    model_server.script(steps)
    page.ask("When does the tide come in?")
    for words, gate in (("Waiting for test-model", "think"), ("Thinking", "write"), ("Answering", "more")):
        page.browser.wait(lambda words=words: page.phase.startswith(words))  # type: ignore[misc]
        model_server.release(gate)
    page.wait_state("complete")
    assert page.phase == ""
    told = ["Connecting", "Waiting for test-model", "Thinking", "Answering", ""]
    assert page.browser.evaluate("return lines") == told


def test_it_tells_the_time_and_about_how_many_tokens_came(page: Page, model_server: ModelServer) -> None:
    words = ["text", "tide " * 80]
    model_server.script([["gate", "begin"], words, ["gate", "more"], words, ["gate", "end"]])
    page.ask("Write about the tide")
    page.browser.wait(lambda: page.phase.startswith("Waiting for test-model"))
    page.browser.evaluate(LATER, 30_000)
    page.browser.wait(lambda: re.fullmatch(r"Waiting for test-model · 3\d s", page.phase))
    model_server.release("begin")
    page.browser.wait(lambda: re.fullmatch(r"Answering · 3\d s · about 100 tokens", page.phase))
    page.browser.evaluate(LATER, 30_000)
    page.browser.wait(lambda: re.fullmatch(r"Stalled for 3\d s · [67]\d s · about 100 tokens", page.phase))
    model_server.release("more")
    page.browser.wait(lambda: re.fullmatch(r"Answering · [67]\d s · about 200 tokens", page.phase))


def test_after_a_reload_the_time_goes_on_from_the_question(page: Page, model_server: ModelServer) -> None:
    model_server.script(GATED)
    page.ask("When does the tide come in?")
    page.wait_answer("The tide ")
    page.wait_seconds(4)
    page.reload()
    page.browser.wait(lambda: " s" in page.phase)
    assert int(re.findall(r"(\d+) s", page.phase)[-1]) >= 4


def test_a_model_that_pauses_has_not_stalled(page: Page, model_server: ModelServer) -> None:
    model_server.script(GATED)
    page.browser.evaluate("const now = Date.now(); window.passed = 0; Date.now = () => now + passed")
    page.ask("When does the tide come in?")
    page.wait_answer("The tide ")
    page.browser.evaluate("passed = 3_900")
    page.browser.wait(lambda: page.phase == "Answering · 3 s · about 2 tokens")
    page.browser.evaluate("passed = 5_900")
    page.browser.wait(lambda: re.fullmatch(r"Stalled for \d+ s · \d+ s · about 2 tokens", page.phase))


ENDS: dict[str, tuple[list[list[Any]], str]] = {
    "complete": (answer("comes in."), "The answer is complete."),
    "upstream_error": ([["rst"]], "The connection to the model server broke"),
    "stopped": ([["gate", "never"]], "Stopped by you."),
}


@pytest.mark.parametrize("state", ENDS)
def test_its_beginning_and_its_end_are_said_once_and_it_is_busy_between(
    state: str, page: Page, model_server: ModelServer
) -> None:
    rest, end = ENDS[state]
    page.browser.evaluate(RECORD)
    model_server.script([["text", "The tide "], ["gate", "more"], *rest])
    page.ask("When does the tide come in?")
    page.wait_answer("The tide ")
    assert page.browser.evaluate("return said") == [BEGUN]
    assert page.browser.evaluate(BUSY) == "true"
    model_server.release("more")
    if state == "stopped":
        page.click("button", "Stop")
    page.wait_state(state)
    page.browser.wait(lambda: page.browser.evaluate("return said.length") > 1)
    page.open_menu()  # time for another
    first, last = page.browser.evaluate("return said")
    assert first == BEGUN
    assert last.startswith(end)
    for _ in range(2):
        assert page.browser.evaluate(BUSY) is None
        page.reload()


def test_one_that_failed_before_its_first_word_is_busy_no_more(page: Page, model_server: ModelServer) -> None:
    model_server.script(failure(500, "out of memory"))
    page.ask("When does the tide come in?")
    page.browser.wait(lambda: "out of memory" in page.ending)
    assert page.browser.evaluate(BUSY) is None
    assert page.phase == ""
