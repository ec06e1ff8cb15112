"""Chats for others to read, and chats as files."""

import json

from tests.screenshots.answers import complete, streaming
from tests.screenshots.reading import formatted
from tests.screenshots.scene import Scene, exported, state
from tests.screenshots.texts import EARLIER, TIDE

HALF = '{"format": "chatstream/1", "title": "Half a file"}'
CHOOSE = """
    const files = new DataTransfer()
    files.items.add(new File([arguments[0]], 'chats.jsonl'))
    document.querySelector('#file').files = files.files"""


@state("narrow", "plain")
def share_dialog(scene: Scene) -> None:
    complete(scene)
    scene.page.open_menu()
    scene.page.click("button", "Share")
    scene.page.browser.find("button", "Copy link")


@state("narrow")
def shared_page(scene: Scene) -> None:
    """As somebody else reads it."""
    formatted(scene)
    scene.page.open(link(scene))


@state()
def shared_live(scene: Scene) -> None:
    """While the answer is being written."""
    streaming(scene)
    text = scene.page.answer
    scene.page.open(link(scene))
    scene.page.wait_answer(text)


@state("narrow", "zoomed")
def transfer(scene: Scene) -> None:
    scene.page.open("/transfer")


@state("narrow")
def transferred(scene: Scene) -> None:
    """After an import of which a part failed."""
    bring(scene, *(json.dumps(exported(title, TIDE[0])) for title in EARLIER[:3]), HALF)
    scene.page.browser.wait(lambda: "imported" in scene.page.browser.text())


@state()
def transfer_refused(scene: Scene) -> None:
    """After a file that holds no chats."""
    bring(scene, "These are no chats.")
    scene.page.browser.wait(lambda: scene.page.browser.text(".outcome"))


@state("narrow", "zoomed")
def transfer_end(scene: Scene) -> None:
    """The lower part of the same page, about to delete."""
    scene.page.open("/transfer")
    scene.page.click("checkbox", "Yes, all of them")


@state()
def all_deleted(scene: Scene) -> None:
    transfer_end(scene)
    scene.page.click("button", "Delete all chats")
    scene.page.browser.wait(lambda: scene.page.browser.text(".outcome"))


def bring(scene: Scene, *lines: str) -> None:
    scene.page.open("/transfer")
    scene.page.browser.evaluate(CHOOSE, "\n".join(lines))
    scene.page.click("button", "Import")


def link(scene: Scene) -> str:
    return str(scene.api.post(f"/chat/{scene.page.chat_id}/share").json["path"])
