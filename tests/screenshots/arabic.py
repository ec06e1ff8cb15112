"""The page from right to left."""

from selenium.webdriver.common.keys import Keys

from tests.screenshots.scene import Scene, exported, state, written
from tests.screenshots.texts import (
    ARABIC,
    ARABIC_EARLIER,
    ARABIC_FORMATTED,
    ARABIC_QUESTION,
    LONG_TABLE,
    WIDE,
)
from tests.servers.model_server import answer, failure

DRAWER = "const button = document.querySelector('.drawer-button'); if (button.checkVisibility()) button.click()"


@state("narrow", chats=ARABIC_EARLIER)
def arabic_first_visit(scene: Scene) -> None:
    scene.speak("ar")


@state("narrow", chats=ARABIC_EARLIER)
def arabic_streaming(scene: Scene) -> None:
    ask(scene, [*written(ARABIC)[:24], ["gate", "never"]])
    scene.page.browser.wait(lambda: "كليهما" in scene.page.answer)


@state("narrow", "zoomed", chats=ARABIC_EARLIER)
def arabic_formatted(scene: Scene) -> None:
    ask(scene, answer(ARABIC_FORMATTED))
    scene.ended("complete")
    scene.page.browser.evaluate("scrollTo(0, 0)")


@state("narrow", chats=ARABIC_EARLIER)
def arabic_english_answer(scene: Scene) -> None:
    """Tables and code of an answer from left to right begin at their left."""
    ask(scene, answer(f"{WIDE}\n{LONG_TABLE}"))
    scene.ended("complete")
    scene.page.browser.evaluate("scrollTo(0, 0)")


@state(chats=ARABIC_EARLIER)
def arabic_broken(scene: Scene) -> None:
    ask(scene, [*written(ARABIC)[:12], ["sleep", 0.3], ["rst"]])
    scene.ended("upstream_error")


@state(chats=ARABIC_EARLIER)
def arabic_refused(scene: Scene) -> None:
    ask(scene, failure(401, "Incorrect API key provided."))
    scene.ended("upstream_error")


@state("narrow", chats=ARABIC_EARLIER)
def arabic_list(scene: Scene) -> None:
    chat = scene.imported(exported(ARABIC_QUESTION, ARABIC))
    scene.speak("ar")
    scene.page.open(f"/c/{chat}")
    scene.page.browser.evaluate(DRAWER)


@state("narrow", chats=ARABIC_EARLIER)
def arabic_menu(scene: Scene) -> None:
    chat = scene.imported(exported(ARABIC_QUESTION, ARABIC))
    scene.speak("ar")
    scene.page.open(f"/c/{chat}")
    scene.page.open_menu()


@state("narrow", chats=ARABIC_EARLIER)
def arabic_settings(scene: Scene) -> None:
    scene.speak("ar")
    scene.page.open_menu()
    scene.page.browser.evaluate("document.querySelector('#show-settings').click()")


@state(chats=ARABIC_EARLIER)
def arabic_transfer(scene: Scene) -> None:
    scene.speak("ar")
    scene.page.open("/transfer")


def ask(scene: Scene, steps: list[list[object]]) -> None:
    scene.speak("ar")
    scene.model.script(steps)
    scene.page.browser.evaluate("document.querySelector('#prompt').focus()")
    scene.page.press(ARABIC_QUESTION, Keys.ENTER)
