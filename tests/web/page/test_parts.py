"""The parts of the page that stand by themselves: custom elements over plain classes."""

import pytest

from tests.servers.model_server import ModelServer, answer
from tests.web.page.page import Page

PARTS = {
    *("code-block", "answer-phase", "chat-notice", "chat-toasts", "chat-announcer", "chat-sidebar", "offline-note"),
    "theme-choice",
}
CODE = "```python\nprint(1)\n```\n"


def tags(page: Page, selector: str) -> set[str]:
    script = "return [...document.querySelectorAll(arguments[0])].map((element) => element.localName)"
    return {name for name in page.browser.evaluate(script, selector) if "-" in name}


@pytest.fixture
def answered(page: Page, model_server: ModelServer) -> Page:
    model_server.script(answer(CODE))
    page.ask("Write it")
    page.wait_state("complete")
    return page


def test_every_part_is_looked_after_as_it_is_written_and_as_it_is_read(answered: Page) -> None:
    for _ in range(2):
        assert tags(answered, "body *") == PARTS
        assert tags(answered, ":not(:defined)") == set()
        answered.reload()


def test_a_part_is_looked_after_wherever_it_comes_to_stand(answered: Page) -> None:
    """Moved, it is still looked after once; a copy of it is for itself."""
    copied = answered.browser.evaluate("""
        const copied = [], block = document.querySelector('code-block'), again = block.cloneNode(true);
        Object.defineProperty(navigator, 'clipboard', {value: {write: async (items) => copied.push(items)}});
        block.parentNode.append(block, again);
        for (const each of [block, again]) each.querySelector('button').click();
        return copied.length""")
    assert copied == 2
    answered.browser.wait(lambda: len(answered.browser.find_all("button", "Copied")) == 2)
