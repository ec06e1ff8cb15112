"""Who asked their system for less motion gets a page on which nothing moves by itself."""

from collections.abc import Callable

import pytest

from tests.servers.model_server import ModelServer
from tests.web.page.page import GATED, Page
from tests.web.page.test_accessible import THINKING

WATCH = """
window.moved = new Set()
const look = () => {
  for (const animation of document.getAnimations()) {
    const {duration} = animation.effect.getComputedTiming()
    const name = animation.animationName ?? animation.transitionProperty
    if (animation.timeline instanceof DocumentTimeline && duration > 20) window.moved.add(name)
  }
  requestAnimationFrame(look)
}
look()
"""
"""In each frame: what runs by the clock, longer than a tick. What follows the reader's own scrolling is none of it."""
MOVED = "return [...window.moved]"


def waiting(page: Page, model: ModelServer) -> None:
    model.script([["gate", "more"]])
    page.ask("When?")
    page.browser.wait(lambda: page.phase.startswith("Waiting"))


def thinking(page: Page, model: ModelServer) -> None:
    model.script(THINKING)
    page.ask("When?")
    page.browser.wait(lambda: page.phase.startswith("Thinking"))


def streaming(page: Page, model: ModelServer) -> None:
    model.script(GATED)
    page.ask("When?")
    page.wait_answer("The tide ")


def ended(page: Page, model: ModelServer) -> None:
    page.ask("When?")
    page.wait_state("complete")


def toast(page: Page, model: ModelServer) -> None:
    page.ask("Delete me")
    page.wait_state("complete")
    page.click("button", "Options for Delete me")
    page.click("menuitem", "Delete")
    page.browser.find("button", "Undo")


def drawer(page: Page, _: ModelServer) -> None:
    page.browser.resize(390, 844)
    page.click("button", "Chats")
    page.browser.find("searchbox", "Search chats")


STATES = {
    waiting: "caret",
    thinking: "caret",
    streaming: "caret",
    ended: "appear",
    toast: "opacity",
    drawer: "translate",
}


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_nothing_moves_for_who_wants_less(
    state: Callable[[Page, ModelServer], None], page: Page, model_server: ModelServer
) -> None:
    page.browser.prefer(prefers_reduced_motion="reduce")
    page.browser.evaluate(WATCH)
    state(page, model_server)
    frames(page)
    assert page.browser.evaluate(MOVED) == []


@pytest.mark.parametrize(("state", "name"), STATES.items(), ids=lambda each: getattr(each, "__name__", each))
def test_for_everybody_else_it_does(
    state: Callable[[Page, ModelServer], None], name: str, page: Page, model_server: ModelServer
) -> None:
    page.browser.prefer(prefers_reduced_motion="no-preference")
    page.browser.evaluate(WATCH)
    state(page, model_server)
    page.browser.wait(lambda: name in page.browser.evaluate(MOVED))


def frames(page: Page) -> None:
    """A few more are looked at."""
    page.browser.evaluate("window.passed = 0; const n = () => { window.passed += 1; requestAnimationFrame(n) }; n()")
    page.browser.wait(lambda: page.browser.evaluate("return window.passed") > 5)
