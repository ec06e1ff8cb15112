"""axe-core checks what of WCAG 2.2 a program can check. It finds nothing on any page, in any state, light or dark."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.clients.places import NODE_MODULES, need_node
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer, failure
from tests.web.page.page import GATED, Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FOUND = """
const done = arguments[arguments.length - 1];
axe.run(document, {runOnly: arguments[0], resultTypes: ["violations"]}).then((told) =>
  done(told.violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.html).join(" ").slice(0, 400)}`)));
"""
CALL = {"index": 0, "id": "c1", "type": "function", "function": {"name": "clock", "arguments": '{"zone": "UTC"}'}}
THINKING: list[list[Any]] = [["reasoning", "It asks about the sea."], ["gate", "more"], *answer("Twice a day.")]
RICH = """# Tides

Twice **a day**, says [the almanac](https://example.org/tides).

- [ ] look
- [x] listen

| place | high water |
|---|---|
| Delfzijl | 12:04 |

> The sea waits.

```python
def tide(moon):
    return moon * 2
```
"""


def faults(browser: Browser) -> list[str]:
    need_node()  # with it axe-core is there
    browser.evaluate(NODE_MODULES.joinpath("axe-core/axe.min.js").read_text())
    return list(browser.driver.execute_async_script(FOUND, RULES))


def streaming(page: Page, model: ModelServer) -> None:
    model.script(GATED)
    page.ask("When?")
    page.browser.wait(lambda: "The tide" in page.browser.text())


def thinking(page: Page, model: ModelServer) -> None:
    model.script(THINKING)
    page.ask("When?")
    page.browser.wait(lambda: "Thinking" in page.browser.text(".message:last-child"))


def answered(page: Page, model: ModelServer) -> None:
    model.script(answer(RICH))
    page.ask("When?")
    page.wait_state("complete")


def reloaded(page: Page, model: ModelServer) -> None:
    answered(page, model)
    page.reload()


def failed(page: Page, model: ModelServer) -> None:
    model.script([["text", "The tide "], ["end"]])
    page.ask("When?")
    page.wait_state("truncated")


def refused(page: Page, model: ModelServer) -> None:
    model.script(failure(401, "no such key"))
    page.ask("When?")
    page.browser.wait(lambda: "refuses our key" in page.browser.text())


def called(page: Page, model: ModelServer) -> None:
    model.script([["delta", {"tool_calls": [CALL]}], ["finish", "tool_calls"], ["done"], ["end"]])
    page.ask("When?")
    page.wait_state("complete")


def menu_open(page: Page, model: ModelServer) -> None:
    answered(page, model)
    page.open_menu()


def branched(page: Page, model: ModelServer) -> None:
    answered(page, model)
    page.browser.evaluate("document.querySelector('.action[name=retry]').click()")
    page.browser.wait(lambda: page.answer == "Hello world" and page.state == "complete")


def editing(page: Page, model: ModelServer) -> None:
    branched(page, model)
    page.browser.evaluate("document.querySelector('.action[name=edit]').click()")
    page.browser.find("textbox", "Question")


def branch_deleted(page: Page, model: ModelServer) -> None:
    branched(page, model)
    page.browser.evaluate("[...document.querySelectorAll('[data-action=delete]')].at(-1).click()")
    page.browser.find("button", "Undo")


def picking(page: Page, _: ModelServer) -> None:
    page.click("button", "Model: test-model")
    page.browser.wait(lambda: "the default" in page.browser.text("#picker"))


def setting(page: Page, _: ModelServer) -> None:
    page.open_menu()
    page.click("button", "System prompt and parameters")


def keys_listed(page: Page, _: ModelServer) -> None:
    page.open_menu()
    page.click("button", "Keyboard shortcuts")


def searched(page: Page, model: ModelServer) -> None:
    answered(page, model)
    page.open("/?q=almanac")


def found_nothing(page: Page, _: ModelServer) -> None:
    page.open("/?q=nonsensical")


def missing(page: Page, _: ModelServer) -> None:
    page.open("/c/000000000000000000000000")


def out_of_reach(page: Page, _: ModelServer) -> None:
    page.open("/offline")


def first_visit(_: Page, __: ModelServer) -> None:
    """As it is opened."""


STATES: list[Callable[[Page, ModelServer], None]] = [
    *(first_visit, streaming, thinking, answered, reloaded, failed, refused, called, menu_open),
    *(branched, editing, branch_deleted, picking, setting, keys_listed),
    *(searched, found_nothing, missing, out_of_reach),
]


def look(browser: Browser) -> None:
    """At two widths, the narrow one so high that the foot of the page lies on nothing."""
    told = {}
    for scheme, width, height in (("light", 1280, 800), ("dark", 1280, 800), ("dark", 390, 1600)):
        browser.prefer(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
        browser.resize(width, height)
        told[scheme, width] = faults(browser)
    assert told == {where: [] for where in told}


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_nothing_is_found(state: Callable[[Page, ModelServer], None], page: Page, model_server: ModelServer) -> None:
    page.browser.prefer(prefers_reduced_motion="reduce")  # not in the middle of a fade
    state(page, model_server)
    look(page.browser)


@pytest.mark.parametrize("state", [answered, searched], ids=lambda state: state.__name__)
def test_nothing_is_found_on_a_phone_without_javascript(
    state: Callable[[Page, ModelServer], None], page: Page, model_server: ModelServer
) -> None:
    page.browser.prefer(prefers_reduced_motion="reduce")
    state(page, model_server)
    page.browser.resize(390, 844)
    page.browser.command("Network.enable")
    page.browser.command("Network.setBlockedURLs", urls=["*/js/*"])  # axe-core itself needs JavaScript
    page.reload()
    assert faults(page.browser) == []


def test_a_fault_would_be_found(page: Page, one_server: ChatStream) -> None:
    assert one_server.url in str(page.browser.driver.current_url)
    page.browser.evaluate("document.querySelector('#prompt').labels[0].remove(); document.documentElement.lang = ''")
    told = faults(page.browser)
    assert any(rule.startswith("html-has-lang") for rule in told)
