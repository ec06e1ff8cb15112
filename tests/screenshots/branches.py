"""Branches: another answer, another question, and one that was deleted."""

from selenium.webdriver.common.by import By

from tests.screenshots.answers import complete
from tests.screenshots.scene import Scene, state
from tests.screenshots.texts import TIDE
from tests.servers.model_server import answer


@state("narrow", "plain")
def branches(scene: Scene) -> None:
    """The second of three answers, with the way to the others."""
    complete(scene)
    for text in TIDE[1], TIDE[0]:
        regenerated(scene, text)
    scene.page.click("button", "Earlier branch")
    scene.page.browser.wait(lambda: scene.page.answer == TIDE[1])
    scene.hover("[data-role=assistant]")


@state("narrow")
def editing(scene: Scene) -> None:
    complete(scene)
    scene.page.browser.evaluate("scrollTo(0, 0)")
    scene.hover("[data-role=user]")
    scene.page.click("button", "Edit")
    scene.page.press(" And why not once?")


@state("narrow")
def rewriting(scene: Scene) -> None:
    """An answer, by hand."""
    complete(scene)
    scene.hover("[data-role=assistant]")
    scene.page.browser.driver.find_element(By.NAME, "rewrite").click()


@state("narrow")
def branch_deleted(scene: Scene) -> None:
    complete(scene)
    regenerated(scene, TIDE[0])
    scene.hover("[data-role=assistant]")
    scene.page.browser.find_all("button", "Delete")[-1].click()
    scene.page.browser.find("button", "Undo")


def regenerated(scene: Scene, text: str) -> None:
    scene.model.script(answer(text))
    scene.hover("[data-role=assistant]")
    scene.page.click("button", "Regenerate")
    scene.page.browser.wait(lambda: scene.page.answer == text and scene.page.state == "complete")
