"""Before anything is asked, and where the page cannot do all it would."""

from tests.screenshots.scene import Scene, state
from tests.screenshots.texts import QUESTION, TIDE
from tests.servers.model_server import answer


@state("narrow", "zoomed", "plain", chats=())
def first_visit(scene: Scene) -> None:
    scene.page.browser.find("textbox", "Message")


@state()
def new_chat(scene: Scene) -> None:
    scene.page.browser.find("textbox", "Message")


@state()
def without_javascript(scene: Scene) -> None:
    scene.page.browser.disable_javascript()
    scene.page.open("/")
    scene.model.script(answer("\n\n".join(TIDE)))
    scene.page.write(QUESTION)
    scene.page.click("button", "Send")
    scene.page.browser.wait(lambda: "fifty minutes later" in scene.page.answer)


@state()
def missing(scene: Scene) -> None:
    scene.page.open(f"/c/{'0' * 24}")


@state("narrow")
def out_of_reach(scene: Scene) -> None:
    """What an installed page shows where the server is away."""
    scene.page.open("/offline")
