"""How an answer ends that is not complete, and what one reads while the server is away."""

import sqlite3
import time

from selenium.webdriver.common.keys import Keys

from tests.screenshots.answers import complete, streaming
from tests.screenshots.scene import Scene, state, written
from tests.screenshots.texts import QUESTION, TIDE
from tests.servers.model_server import failure


@state()
def stopped(scene: Scene) -> None:
    streaming(scene)
    scene.page.press(Keys.ESCAPE)
    scene.ended("stopped")


@state()
def refused(scene: Scene) -> None:
    scene.ask(failure(401, "Incorrect API key provided."))
    scene.ended("upstream_error")


@state("narrow", "plain")
def broken(scene: Scene) -> None:
    scene.ask([*written(*TIDE)[:40], ["sleep", 0.3], ["rst"]])
    scene.ended("upstream_error")


@state(CHATSTREAM_SILENCE_S="1.5")
def stalled(scene: Scene) -> None:
    scene.ask([*written(*TIDE)[:40], ["gate", "never"]])
    scene.ended("stalled")


@state()
def cut(scene: Scene) -> None:
    scene.ask([*written(*TIDE)[:62], ["finish", "length"], ["done"], ["end"]])
    scene.ended("length")


@state()
def interrupted(scene: Scene) -> None:
    streaming(scene)
    time.sleep(3)  # what arrived is stored by then
    scene.server.kill_worker()
    scene.ended("interrupted")


@state()
def continuing(scene: Scene) -> None:
    broken(scene)
    scene.model.script([["gate", "never"]])
    scene.page.click("button", "Continue")
    scene.page.wait_seconds(3)


@state()
def reconnecting(scene: Scene) -> None:
    streaming(scene)
    scene.page.write("And why not")
    scene.server.kill()
    scene.page.browser.wait(lambda: scene.page.phase == "Reconnecting…")


@state()
def offline(scene: Scene) -> None:
    scene.page.browser.go_offline()
    scene.page.ask(QUESTION)
    scene.ended("unsent")


@state()
def store_away(scene: Scene) -> None:
    """Its file is held by a lock until the picture is taken."""
    held = sqlite3.connect(scene.server.folder / "data" / "chatstream.db", isolation_level=None)
    held.execute("BEGIN EXCLUSIVE")
    scene.page.ask(QUESTION)
    scene.page.browser.wait(lambda: "cannot be used now" in scene.page.browser.text("#notice"))
    held.close()


@state()
def deleted_elsewhere(scene: Scene) -> None:
    complete(scene)
    scene.page.write("And why not")
    scene.api.call("DELETE", f"/chat/{scene.page.chat_id}")
    scene.page.browser.evaluate("dispatchEvent(new Event('online'))")
    scene.page.browser.wait(lambda: "was deleted" in scene.page.browser.text("#notice"))
