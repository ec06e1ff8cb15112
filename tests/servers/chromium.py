"""A real Chromium, driven through Debian's chromedriver: the process, and the page as a person has it."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.remote.webelement import WebElement

from tests.servers.programs import need
from tests.servers.server import Server, http_status

T = TypeVar("T")

FLAGS = (
    "--headless=new",
    "--no-sandbox",  # root cannot have it
    "--disable-dev-shm-usage",  # small in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en-US",
    "--remote-debugging-pipe",  # it ends with chromedriver
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",  # a page can reach this machine only
)

# Elements that can have a role, so that only few need be asked for the role and name a screen reader would hear.
CANDIDATES = {
    "article": "article, [role=article]",
    "button": "button, [role=button], input[type=submit], summary",
    "checkbox": "input[type=checkbox], [role=checkbox]",
    "heading": "h1, h2, h3, h4, h5, h6, [role=heading]",
    "link": "a[href], [role=link]",
    "searchbox": "input[type=search], [role=searchbox]",
    "textbox": "textarea, input, [role=textbox]",
}

LIKELY = """
const [selector, name] = arguments, plain = (text) => String(text ?? '').replace(/\\s/g, '');
const said = (element) => [...['aria-label', 'title', 'placeholder', 'value'].map((each) => element.getAttribute(each)),
    element.textContent, element.value].join();
const named = (element) => element.labels?.length > 0 || element.hasAttribute('aria-labelledby')
    || element.querySelector('[aria-label], [alt]') || plain(said(element)).includes(plain(name));
return [...document.querySelectorAll(selector)].filter(
    (element) => element.checkVisibility() && (name === null || named(element)))"""
"""Those that can have the name. To ask Chromium for one element's name and role takes as long as to look at all so."""


class Browser:
    """One tab on an empty page, as on a first visit: 1280 × 800, light, JavaScript on, nothing stored.

    `driver` is selenium's own object, for all that has no name here. `close` closes the tab and those it opened.
    """

    def __init__(self, driver: webdriver.Remote) -> None:
        self.driver = driver
        self._base = driver.current_window_handle
        driver.switch_to.new_window("tab")
        self.command("Network.clearBrowserCookies")
        self.command("Network.clearBrowserCache")
        self.command("Storage.clearDataForOrigin", origin="*", storageTypes="all")
        self.console()
        self.resize(1280, 800)

    def close(self) -> None:
        for handle in self.driver.window_handles:
            if handle != self._base:
                self.driver.switch_to.window(handle)
                self.driver.close()
        self.driver.switch_to.window(self._base)

    def open(self, url: str) -> None:
        """Go there, and wait for the page's load event."""
        self.driver.get(url)

    def resize(self, width: int, height: int, scale: float = 1.0) -> None:
        """Make the page exactly so large, in CSS pixels, at `scale` device pixels each."""
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False
        )

    def prefer(self, **media: str) -> None:
        """What the person asked of their system: `prefers_color_scheme="dark"`, `forced_colors="active"` and so on."""
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in media.items()]
        self.command("Emulation.setEmulatedMedia", features=features)

    def disable_javascript(self) -> None:
        """No scripts from the next page on; `evaluate` still works, `noscript` is shown."""
        self.command("Emulation.setScriptExecutionDisabled", value=True)

    def allow_scripts(self) -> None:
        """From the next page on its policy is not applied: for scripts of a test that import the page's modules."""
        self.command("Page.setBypassCSP", enabled=True)

    def go_offline(self) -> None:
        """Cut the page's network: requests under way fail as well as new ones."""
        self._network(offline=True)

    def go_online(self) -> None:
        self._network()

    def slow_down(self, ms: int) -> None:
        """Each request of the page takes so much longer from now on; 0: as ever."""
        self._network(latency=ms)

    def find(self, role: str, name: str, seconds: float = 10.0) -> WebElement:
        """The element that a screen reader calls so, awaited. Raises TimeoutError with the names there are."""
        try:
            return self.wait(lambda: next(iter(self.find_all(role, name)), None), seconds)
        except TimeoutError:
            names = [element.accessible_name for element in self.find_all(role)]
            raise TimeoutError(f"no {role} named {name!r} within {seconds:g} s; there are {names}") from None

    def find_all(self, role: str, name: str | None = None) -> list[WebElement]:
        """The elements with this role, and this accessible name if one is given, in order; hidden ones have no role."""
        candidates: list[WebElement] = self.evaluate(LIKELY, CANDIDATES.get(role, f"[role={role}]"), name)
        return [element for element in candidates if _matches(element, role, name)]

    def text(self, selector: str = "body") -> str:
        """The text one sees there, `noscript` included (selenium's own `text` leaves it out)."""
        return str(self.evaluate("return document.querySelector(arguments[0])?.innerText ?? ''", selector))

    def wait(self, found: Callable[[], T | None], seconds: float = 10.0) -> T:
        """Ask until the answer is true, and return it. Raises TimeoutError with the page's text."""
        deadline = time.monotonic() + seconds
        while not (result := found()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {seconds:g} s; the page reads:\n{self.text()}")
            time.sleep(0.04)
        return result

    def evaluate(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page; returns what it returns."""
        return self.driver.execute_script(script, *arguments)

    def console(self) -> list[str]:
        """What the console and failed requests said since it was last asked, with its level first."""
        entries = self.driver.execute("getLog", {"type": "browser"})["value"]
        return [f"{entry['level']} {entry['message']}" for entry in entries]

    def screenshot(self, path: Path) -> None:
        """What is visible now, as a PNG."""
        path.write_bytes(self.driver.get_screenshot_as_png())

    def command(self, name: str, **parameters: Any) -> Any:
        """A command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, parameters)

    def _network(self, offline: bool = False, latency: int = 0) -> None:
        self.command("Network.enable")
        unbounded = {"downloadThroughput": -1, "uploadThroughput": -1}
        self.command("Network.emulateNetworkConditions", offline=offline, latency=latency, **unbounded)


class Chromium(Server):
    """chromedriver with one headless Chromium, which serves any number of browsers one after the other.

    :param flags: of Chromium, beside those it always has
    """

    name = "chromium"

    def __init__(self, *flags: str) -> None:
        self.flags = (*FLAGS, *flags)
        self.binary = need("chromium")
        self.program = need("chromedriver")
        super().__init__()
        self.driver: webdriver.Remote | None = None

    def browser(self) -> Browser:
        """A tab as on a first visit; starts Chromium the first time."""
        if self.driver is None:
            self.driver = webdriver.Remote(f"http://127.0.0.1:{self.port}", options=self._options())
        return Browser(self.driver)

    def command(self) -> list[str]:
        return [str(self.program), f"--port={self.port}"]

    def environment(self) -> Mapping[str, str]:
        return {**super().environment(), "HOME": str(self.folder)}

    def ready(self) -> bool:
        return http_status(self.port, "/status") == 200

    def close(self) -> None:
        if self.driver and self.running():
            self.driver.quit()
        super().close()

    def _options(self) -> webdriver.ChromeOptions:
        options = webdriver.ChromeOptions()
        options.binary_location = str(self.binary)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        for flag in (*self.flags, f"--user-data-dir={self.folder / 'profile'}"):
            options.add_argument(flag)
        return options


def _matches(element: WebElement, role: str, name: str | None) -> bool:
    try:
        return (name is None or element.accessible_name == name) and element.aria_role == role
    except StaleElementReferenceException:
        return False  # replaced since it was listed
