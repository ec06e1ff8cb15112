"""A ChatStream for each picture, a browser of each size, and PNGs that a repository can keep."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from tests.api import Api
from tests.screenshots.scene import Scene, State
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser, Chromium
from tests.servers.model_server import ModelServer
from tests.web.page.page import Page

COLOURS = 128
MOUSE = "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4"
"""A flag of Chromium: something points and hovers. A machine without a screen has nothing that does."""


class Size(NamedTuple):
    """A window, and what its owner prefers: one picture for each."""

    width: int
    height: int
    scale: float = 1.0
    touch: bool = False
    schemes: tuple[str, ...] = ("light", "dark")


SIZES = {
    "desktop": Size(1280, 800),
    "phone": Size(390, 844, 1.5, touch=True),
    "narrow": Size(320, 640, 1.5, touch=True, schemes=("light",)),
    "zoomed": Size(640, 400, 2.0, schemes=("light",)),
    "plain": Size(1280, 800, schemes=("forced",)),
}
"""`zoomed` is a window of 1280 × 800 at 200 %; `plain` has the system's colours, whatever the page would like."""
MEDIA = {
    "light": {"prefers_color_scheme": "light"},
    "dark": {"prefers_color_scheme": "dark"},
    "forced": {"prefers_color_scheme": "dark", "forced_colors": "active"},
}


def photograph(state: State, name: str, model: ModelServer, chromium: Chromium, folder: Path) -> None:
    """The state in a window of the size with this name, set up once for all schemes."""
    size = SIZES[name]
    with served(state, model) as server:
        browser = chromium.browser()
        prepare(browser, size)
        state.set_up(Scene(Page(browser, server.url).open(), model, server, Api(server.address)))
        for scheme in size.schemes:
            prefer(browser, scheme)
            keep(browser, folder / f"{state.name.replace('_', '-')}-{name}-{scheme}.png")
        browser.close()


@contextmanager
def served(state: State, model: ModelServer) -> Iterator[ChatStream]:
    """A ChatStream with the state's settings and earlier chats."""
    model.reset()
    with ChatStream({"OPENAI_BASE_URL": model.url, "AI_MODEL": "llama3.2", **state.settings}) as server:
        for title in reversed(state.chats):
            Api(server.address).post("/chat", {"prompt": title})
        yield server


def prepare(browser: Browser, size: Size) -> None:
    prefer(browser, size.schemes[0])
    at = {"width": size.width, "height": size.height, "deviceScaleFactor": size.scale, "mobile": size.touch}
    browser.command("Emulation.setDeviceMetricsOverride", **at)
    browser.command("Emulation.setTouchEmulationEnabled", enabled=size.touch)
    browser.command("Emulation.setScrollbarsHidden", hidden=True)


def prefer(browser: Browser, scheme: str) -> None:
    browser.prefer(prefers_reduced_motion="reduce", **MEDIA[scheme])


def keep(browser: Browser, path: Path) -> None:
    """With a palette: a third of the size, and nothing that one sees."""
    taken = Image.open(io.BytesIO(browser.driver.get_screenshot_as_png())).convert("RGB")
    few = taken.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(path, "PNG", optimize=True)
