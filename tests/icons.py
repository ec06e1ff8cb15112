"""The icons of an installed page: `python -m tests.icons` writes static/img/icon-<pixels>.png from icon.svg."""

from tests.servers.chromium import Chromium
from tests.servers.server import ROOT

IMAGES = ROOT / "static" / "img"
SIZES = (180, 192, 512)
"""For iOS, and two that Android and desktops ask for."""


def main() -> None:
    with Chromium() as process:
        browser = process.browser()
        browser.open((IMAGES / "icon.svg").as_uri())
        for pixels in SIZES:
            browser.resize(pixels, pixels)
            browser.screenshot(IMAGES / f"icon-{pixels}.png")


if __name__ == "__main__":
    main()
