"""Formulas of an answer that streams, beside those of the page that comes after it."""

from typing import Any

import pytest

from tests.servers.model_server import ModelServer, answer
from tests.web.page.page import LAST, Page

MATHS = f"return [...{LAST}.querySelectorAll('.answer .math')].map((found) => found.innerHTML)"


def test_an_inline_formula_and_a_display_one_are_not_taken_for_each_other(
    page: Page, model_server: ModelServer
) -> None:
    model_server.script(answer("$$x$$\n\nand \\($x\\) and \\(x\\)\n"))
    page.ask("Write it")
    page.wait_state("complete")
    page.browser.wait(lambda: "<math" in page.browser.evaluate(MATHS)[2])
    live = page.browser.evaluate(MATHS)
    page.reload()
    assert live == page.browser.evaluate(MATHS)


SELECT = f"""
    const [first, last] = {LAST}.querySelectorAll('.answer p')
    const ends = [[first.firstChild, 2], [last.querySelector('.math').firstChild, 1]]
    if (arguments[0]) ends.reverse()
    getSelection().setBaseAndExtent(...ends[0], ...ends[1])
    return getSelection().toString().length > 0"""
SELECTED = """
    const selection = getSelection(), range = selection.getRangeAt(0), part = range.cloneContents()
    return [part.textContent.slice(0, 4), part.querySelector('math')?.textContent,
            range.startContainer === selection.anchorNode]"""


@pytest.mark.parametrize("backward", [False, True])
def test_a_formula_that_is_drawn_stays_selected(page: Page, model_server: ModelServer, backward: bool) -> None:
    """One that was selected in part is so as a whole: what is drawn has other letters."""
    begun: list[list[Any]] = [["text", "The tide\n\nis \\(\\alpha x"], ["gate", "more"]]
    model_server.script([*begun, ["text", " + 1\\) high."], ["finish", "stop"], ["done"], ["end"]])
    page.ask("Write it")
    page.browser.wait(lambda: "alpha" in page.answer)
    assert page.browser.evaluate(SELECT, backward)
    model_server.release("more")
    page.browser.wait(lambda: "<math" in page.browser.evaluate(MATHS)[0])
    drawn = page.browser.evaluate("return document.querySelector('.answer math').textContent")
    assert page.browser.evaluate(SELECTED) == ["e ti", drawn, not backward]
