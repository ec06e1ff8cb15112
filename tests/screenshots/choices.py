"""What a chat chooses: its model, settings and presets of them; and the list of keys."""

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.screenshots.scene import Scene, state
from tests.screenshots.texts import SYSTEM

MODELS = ("llama3.2", "qwen3-coder-30b", "mistral-small-3.2", "gpt-oss-20b")
PRESETS = (("In two sentences", SYSTEM, {"temperature": 0.3}), ("A strict reviewer", "Find what is wrong.", {}))


@state("narrow", "plain")
def model_picker(scene: Scene) -> None:
    scene.model.models([["status", 200, {}, {"object": "list", "data": [{"id": name} for name in MODELS]}]])
    scene.server.restart()  # it remembers what was listed before
    scene.page.reload()
    scene.page.click("button", "Model: llama3.2")
    scene.page.browser.find("button", "llama3.2 the default")


@state("narrow", "plain", "zoomed")
def settings(scene: Scene) -> None:
    scene.page.open_menu()
    scene.page.click("button", "System prompt and parameters")
    scene.page.browser.find("textbox", "System prompt").send_keys(SYSTEM)


@state("narrow")
def presets(scene: Scene) -> None:
    """One is chosen, and what it says has been kept under its name."""
    for name, system, params in PRESETS:
        scene.api.post("/presets", {"name": name, "system": system, "params": params})
    scene.page.open_menu()
    scene.page.click("button", "System prompt and parameters")
    scene.page.browser.wait(lambda: "reviewer" in scene.page.browser.text("#settings select"))
    scene.page.browser.driver.find_element(By.NAME, "preset").send_keys(PRESETS[0][0])
    scene.page.click("button", "Keep as preset")
    scene.page.browser.wait(lambda: "Kept as" in scene.page.browser.text("#settings-note"))


@state("narrow", "zoomed")
def shortcuts(scene: Scene) -> None:
    scene.page.press(Keys.ALT + Keys.SHIFT + "?")
    scene.page.browser.find("button", "Close")
