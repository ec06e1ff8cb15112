"""Formulas of an answer that streams, beside those of the page that comes after it."""

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
