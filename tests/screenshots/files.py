"""Files: attached to a message, and in the question that was sent."""

import io
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.file_detector import UselessFileDetector

from tests.screenshots.scene import Scene, state
from tests.screenshots.texts import NOTES
from tests.servers.model_server import answer

SEEN = "The photograph shows the sea at low water under a full moon; your notes have both high waters."
ARRIVED = "return [...document.querySelectorAll('.chip-size')].filter((size) => /\\d/.test(size.textContent)).length"
LOADED = "return [...document.images].every((image) => image.hidden || (image.complete && image.naturalWidth > 0))"


@state("narrow", "plain")
def files_attached(scene: Scene) -> None:
    attach(scene, {"moon over the bay.png": moon(), "notes of november.txt": NOTES.encode()})
    scene.page.write("What do you see, and do my notes fit?")
    scene.page.browser.wait(lambda: scene.page.browser.evaluate(ARRIVED) == 2)


@state("narrow", "plain")
def files_sent(scene: Scene) -> None:
    files_attached(scene)
    scene.ask(answer(SEEN), "")
    scene.ended("complete")
    scene.page.browser.wait(lambda: scene.page.browser.evaluate(LOADED))


@state("narrow")
def file_refused(scene: Scene) -> None:
    attach(scene, {"tides.pdf": b"%PDF-1.7\n\0"})
    scene.page.browser.wait(lambda: scene.page.browser.text("#notice"))


def attach(scene: Scene, contents: dict[str, bytes]) -> None:
    driver = scene.page.browser.driver
    with tempfile.TemporaryDirectory() as folder, driver.file_detector_context(UselessFileDetector):
        paths = [Path(folder, name) for name in contents]
        for path in paths:
            path.write_bytes(contents[path.name])
        driver.find_element(By.ID, "attach-input").send_keys("\n".join(map(str, paths)))
        scene.page.browser.wait(lambda: "On its way" not in scene.page.browser.text("#attached"))


def moon() -> bytes:
    """A picture of the sea at night, drawn here."""
    picture = Image.new("RGB", (640, 480), "#1d2b44")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((380, 70, 480, 170), fill="#f2ead6")
    draw.rectangle((0, 300, 640, 480), fill="#12303a")
    for n in range(12):
        draw.line((430 - n * 7, 308 + n * 14, 430 + n * 7, 308 + n * 14), fill="#b9b7a4", width=3)
    kept = io.BytesIO()
    picture.save(kept, "PNG")
    return kept.getvalue()
