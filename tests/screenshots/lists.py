"""The list of chats: by days, archived, searched, long, and one that was deleted."""

from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.screenshots.answers import complete
from tests.screenshots.scene import Scene, exported, state
from tests.screenshots.texts import EARLIER, QUESTION, TIDE

AGES_DAYS = (0, 0, 1, 3, 6, 40, 75)
"""How long ago each chat of a list with days was written in."""


@state("narrow", "zoomed", "plain", chats=())
def chat_days(scene: Scene) -> None:
    """The list with pins and days."""
    for title, ago in zip((QUESTION, *EARLIER), AGES_DAYS, strict=True):
        scene.imported(exported(title, TIDE[0], ago))
    for title in (EARLIER[1], EARLIER[4]):
        scene.api.call("PATCH", f"/chat/{found(scene, title)}", {"pinned": True})
    scene.page.open(f"/c/{found(scene, QUESTION)}")
    scene.drawer()


@state()
def archive(scene: Scene) -> None:
    for chat in scene.api.get("/chats").json["chats"][::2]:
        scene.api.call("PATCH", f"/chat/{chat['_id']}", {"archived": True})
    scene.page.open("/?archived=1")
    scene.drawer()


@state()
def archive_empty(scene: Scene) -> None:
    scene.page.open("/?archived=1")
    scene.drawer()


@state("narrow")
def chat_menu(scene: Scene) -> None:
    scene.drawer()
    options(scene)


@state()
def many_chats(scene: Scene) -> None:
    for number in range(200):
        scene.imported(exported(f"{EARLIER[number % len(EARLIER)]} ({number})", TIDE[0], number / 4))
    scene.page.reload()
    scene.drawer()


@state()
def search_hits(scene: Scene) -> None:
    search(scene, "fennel", 1)


@state("narrow")
def search_messages(scene: Scene) -> None:
    """Found in titles and in messages, with the words marked."""
    for title in EARLIER[2:4]:
        scene.imported(exported(title, TIDE[2]))
    scene.imported(exported(QUESTION, TIDE[1]))
    scene.page.reload()
    search(scene, "tide", 3)


@state("narrow")
def search_opened(scene: Scene) -> None:
    """At the message that was found, with the words marked."""
    scene.imported(exported(QUESTION, "\n\n".join(TIDE)))
    scene.page.open("/?q=moon+tide")
    hit = scene.page.browser.driver.find_element(By.CSS_SELECTOR, ".chat-link").get_attribute("href")
    scene.page.open(hit.removeprefix(scene.page.url))
    scene.page.browser.wait(lambda: scene.page.browser.evaluate("return CSS.highlights.get('found')?.size"))


@state()
def search_nothing(scene: Scene) -> None:
    search(scene, "zeppelin", 0)


@state()
def deleted(scene: Scene) -> None:
    complete(scene)
    scene.drawer()
    options(scene).click()
    scene.page.browser.find("button", "Undo")


def options(scene: Scene) -> WebElement:
    """Open those of a chat in the list; the last one, by which it is deleted."""
    scene.hover(".chat-item:nth-of-type(3)")
    scene.page.browser.driver.find_elements(By.CSS_SELECTOR, ".chat-item:nth-of-type(3) .chat-options")[-1].click()
    return scene.page.browser.find("menuitem", "Delete")


def search(scene: Scene, words: str, hits: int) -> None:
    scene.drawer()
    scene.page.browser.find("searchbox", "Search chats").send_keys(words)
    scene.page.browser.wait(lambda: len(scene.page.chats) == hits)


def found(scene: Scene, title: str) -> str:
    """The id of the chat with this title."""
    return str(next(chat["_id"] for chat in scene.api.get("/chats").json["chats"] if chat["title"] == title))
