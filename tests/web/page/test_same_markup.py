"""A message as the client builds it, piece by piece, is the one that the server sends after a reload."""

from typing import Any

import pytest

from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.web.conftest import Serve
from tests.web.page.page import Page
from tests.web.page.test_tools import allow, calling

OUTLINE = """
const IDS = ['id', 'data-id', 'data-parent', 'data-run', 'data-siblings', 'value', 'formaction']
const outline = (node) => {
  if (node.nodeType === Node.TEXT_NODE) return node.nodeValue.replace(/\\s+/g, ' ').trim()
  if (node.nodeType !== Node.ELEMENT_NODE || node.matches('noscript, .walker')) return ''
  const names = node.getAttributeNames().filter((name) => !IDS.includes(name)).sort()
  const said = names.map((name) => `${name}=${node.getAttribute(name)}`)
  const inside = [...node.childNodes].map(outline).filter((part) => part.length > 0)
  const words = inside.reduce((all, part) => typeof part === 'string' && typeof all.at(-1) === 'string'
    ? [...all.slice(0, -1), `${all.at(-1)} ${part}`.replace(/\\s+/g, ' ')] : [...all, part], [])
  return [node.tagName.toLowerCase(), said.join(' '), ...words]
}
return [...document.querySelectorAll('.message')].map(outline)
"""
"""Elements with all their attributes but those that name this message, and the words between them. The way between
branches is the client's alone where there is one branch."""
MARKDOWN = "# Tides\n\n- *two* a day\n- [x] one\n\n| a | b |\n|---|---|\n| 1 | [2](https://a.example/) |\n\n> so\n"
CALL = ("calculate", '{"expression": "6 * 7"}')
Steps = list[list[Any]]


@pytest.fixture(scope="module")
def one_server(serve: Serve) -> ChatStream:
    return serve(CHATSTREAM_TOOLS="tests.tools.odd_tools", CHATSTREAM_TOOL_S="30")


ROUNDS: dict[str, tuple[list[Steps], str]] = {
    "markdown": ([answer(MARKDOWN)], "complete"),
    "reasoning": ([[["reasoning", "Hm. *So.*"], *answer("Yes")]], "complete"),
    "reasoning alone": ([[["reasoning", "Hm."], ["finish", "length"], ["done"], ["end"]]], "length"),
    "tools": ([calling(CALL, text="Let me see."), answer("It is 42.")], "complete"),
    "a tool that failed": ([calling(("refuse", '{"why": "no"}')), answer("It does not.")], "complete"),
    "cut": ([[["text", "Twice a"], ["rst"]]], "upstream_error"),
    "refused": ([[["status", 401, {}, {"error": {"message": "no such key"}}]]], "upstream_error"),
    "nothing": ([[["finish", "stop"], ["done"], ["end"]]], "complete"),
}


@pytest.mark.parametrize("kind", ROUNDS)
def test_live_and_after_a_reload(page: Page, model_server: ModelServer, kind: str) -> None:
    rounds, state = ROUNDS[kind]
    allow(page, "calculate", "refuse")
    for steps in rounds:
        model_server.script(steps)
    page.ask("Is `2 < 3`?")
    page.wait_state(state)
    live = page.browser.evaluate(OUTLINE)
    page.reload()
    assert page.browser.evaluate(OUTLINE) == live
