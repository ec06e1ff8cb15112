"""An answer on its way: from the question to the last word."""

from tests.screenshots.scene import Scene, state, written
from tests.screenshots.texts import THOUGHT, TIDE
from tests.servers.model_server import answer


@state()
def waiting(scene: Scene) -> None:
    scene.ask([["gate", "never"]])
    scene.page.wait_seconds(3)


@state()
def thinking(scene: Scene) -> None:
    scene.ask([["reasoning", THOUGHT], ["gate", "never"]])
    scene.page.browser.wait(lambda: scene.page.phase.startswith("Thinking"))
    scene.page.wait_seconds(2)


@state()
def thought(scene: Scene) -> None:
    scene.ask([["reasoning", THOUGHT], ["sleep", 2.5], *answer("\n\n".join(TIDE))])
    scene.ended("complete")


@state("narrow")
def thoughts(scene: Scene) -> None:
    """Opened, to be read."""
    thought(scene)
    scene.page.browser.evaluate("document.querySelector('.reasoning > summary').click()")


@state("narrow", "zoomed", "plain")
def streaming(scene: Scene) -> None:
    text = written(*TIDE)[:62]
    scene.ask([*([["sleep", 0.035], step][n] for step in text for n in (0, 1)), ["gate", "never"]])
    scene.page.wait_answer("".join(step[1] for step in text))
    scene.page.wait_seconds(3)


@state()
def complete(scene: Scene) -> None:
    scene.ask(answer("\n\n".join(TIDE), pause=0.02))
    scene.ended("complete")


@state()
def long_answer(scene: Scene) -> None:
    """Being written below what is read."""
    scene.ask([*written(*TIDE * 6), ["gate", "never"]])
    scene.page.browser.wait(lambda: scene.page.answer.count("\n") == 34)
    scene.page.browser.evaluate("scrollBy(0, -500)")
    scene.page.browser.find("button", "Jump to latest")
