"""Answers as they are read: text of all kinds, what does not fit, other scripts."""

from tests.screenshots.scene import Scene, state
from tests.screenshots.texts import ARABIC, ARABIC_QUESTION, FORMATTED, FORMULAS, LONG_TABLE, WIDE
from tests.servers.model_server import answer

TO_THE_ANSWER = """const bar = document.querySelector('.topbar').offsetHeight
scrollBy(0, document.querySelector('.answer').getBoundingClientRect().top - bar - 24)"""


@state("narrow", "zoomed", "plain")
def formatted(scene: Scene) -> None:
    """Text of all kinds: a list, code, a table, a quote."""
    scene.ask(answer(FORMATTED), "How do I work out the next high waters?")
    scene.ended("complete")
    scene.page.browser.wait(lambda: scene.page.browser.evaluate("return document.querySelector('.code-keyword')"))
    scene.page.browser.evaluate(TO_THE_ANSWER)


@state("narrow", "zoomed", "plain")
def formatted_end(scene: Scene) -> None:
    formatted(scene)
    scene.page.reload()
    scene.page.browser.evaluate("scrollTo(0, document.body.scrollHeight)")


@state()
def formulas(scene: Scene) -> None:
    """Maths in lines and on lines of its own, prices, and a formula that is not known."""
    scene.ask(answer(FORMULAS), "How are quadratic equations solved?")
    scene.ended("complete")
    scene.page.browser.wait(lambda: scene.page.browser.evaluate("return document.querySelectorAll('math').length > 8"))
    scene.page.browser.evaluate(TO_THE_ANSWER)


@state("narrow", "zoomed")
def wide(scene: Scene) -> None:
    """What does not fit: a wide table, lists in a quote, a long word, a long line of code."""
    scene.ask(answer(WIDE), "And for a week, side by side?")
    scene.ended("complete")
    scene.page.browser.evaluate("scrollTo(0, 0)")


@state("narrow")
def long_table(scene: Scene) -> None:
    scene.ask(answer(LONG_TABLE), "List the waters at Brest for a week.")
    scene.ended("complete")
    scene.page.browser.evaluate("scrollTo(0, 0)")


@state()
def right_to_left(scene: Scene) -> None:
    """In a page from left to right."""
    scene.ask(answer(ARABIC), ARABIC_QUESTION)
    scene.ended("complete")
