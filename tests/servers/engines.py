"""Browsers that are not Chromium: Firefox by WebDriver BiDi, which it speaks itself, and WebKit by its own WebDriver.

Only what a test of the page in every browser needs: an address, a script, and keys. Chromium has all the rest
(chromium.py).
"""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import websocket
from selenium import webdriver
from selenium.webdriver.webkitgtk.options import Options

from tests.servers.programs import need
from tests.servers.server import Server, http_status

WAIT_S = 20


class Engine(Protocol):
    """A page in some browser. Keys are those of Selenium."""

    def open(self, url: str) -> None: ...

    def js(self, script: str) -> Any:
        """What the script returns, awaited."""

    def type(self, keys: str) -> None:
        """To what has the focus."""

    def faults(self) -> list[str]:
        """What the page wrote to the console as errors, where the browser tells."""


def wait(engine: Engine, condition: str) -> None:
    """Until this expression is true. Raises TimeoutError with the page's text."""
    deadline = time.monotonic() + WAIT_S
    while not engine.js(f"return Boolean({condition})"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"never {condition}; the page reads:\n{engine.js('return document.body.innerText')}")
        time.sleep(0.1)


class Firefox(Server):
    """Headless, with a profile of its own (https://w3c.github.io/webdriver-bidi/)."""

    name = "firefox"

    def __init__(self) -> None:
        self.program = need("firefox-esr")
        super().__init__()
        self._count = 0
        self._faults: list[str] = []
        self._socket: websocket.WebSocket | None = None

    def command(self) -> list[str]:
        profile, window = ("--profile", str(self._profile)), ("--width", "1280", "--height", "800")
        return [str(self.program), "--headless", *profile, f"--remote-debugging-port={self.port}", *window]

    @property
    def _profile(self) -> Path:
        path = self.folder / "profile"
        path.mkdir(exist_ok=True)
        return path

    def environment(self) -> Mapping[str, str]:
        return {**super().environment(), "HOME": str(self.folder)}

    def ready(self) -> bool:
        with suppress(OSError, websocket.WebSocketException):
            address = f"ws://127.0.0.1:{self.port}/session"
            self._socket = websocket.create_connection(address, timeout=60, suppress_origin=True)
            self._ask("session.new", capabilities={})
            self._ask("session.subscribe", events=["log.entryAdded"])
            return True
        return False

    def open(self, url: str) -> None:
        self._ask("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def js(self, script: str) -> Any:
        expression = f"(async () => JSON.stringify([await (async () => {{ {script} }})()]))()"
        target = {"context": self._context}
        told = self._ask("script.evaluate", expression=expression, target=target, awaitPromise=True)
        if told["type"] == "exception":
            raise RuntimeError(told["exceptionDetails"]["text"])
        return json.loads(told["result"]["value"])[0]

    def type(self, keys: str) -> None:
        pressed = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        source = {"type": "key", "id": "keys", "actions": pressed}
        self._ask("input.performActions", context=self._context, actions=[source])

    def faults(self) -> list[str]:
        return self._faults

    @property
    def _context(self) -> str:
        return str(self._ask("browsingContext.getTree")["contexts"][0]["context"])

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        assert self._socket is not None
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": parameters}))
        while (told := json.loads(self._socket.recv())).get("id") != self._count:
            if told.get("method") == "log.entryAdded" and told["params"]["level"] == "error":
                self._faults.append(told["params"]["text"])
        if told["type"] == "error":
            raise RuntimeError(f"{method}: {told['message']}")
        return dict(told["result"])


class WebKit(Server):
    """WebKitGTK's MiniBrowser, on a display that nobody sees: Safari's engine."""

    name = "webkit"

    def __init__(self) -> None:
        self.program, self.display = need("WebKitWebDriver"), need("xvfb-run")
        super().__init__()
        self._driver: webdriver.Remote | None = None

    def command(self) -> list[str]:
        return [str(self.display), "-a", "-s", "-screen 0 1400x1000x24", str(self.program), f"--port={self.port}"]

    def environment(self) -> Mapping[str, str]:
        unconfined = {"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}  # its sandbox is not to be had as root
        return {**super().environment(), "HOME": str(self.folder), **unconfined}

    def ready(self) -> bool:
        return http_status(self.port, "/status") == 200

    @property
    def driver(self) -> webdriver.Remote:
        if self._driver is None:
            options = Options()
            options.binary_location = str(next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser")))
            options.add_argument("--automation")
            self._driver = webdriver.Remote(f"http://127.0.0.1:{self.port}", options=options)
            self._driver.set_window_size(1280, 860)
        return self._driver

    def open(self, url: str) -> None:
        self.driver.get(url)

    def js(self, script: str) -> Any:
        return self.driver.execute_script(f"return (async () => {{ {script} }})()")

    def type(self, keys: str) -> None:
        self.driver.switch_to.active_element.send_keys(keys)

    def faults(self) -> list[str]:
        return []

    def close(self) -> None:
        if self._driver and self.running():
            self._driver.quit()
        super().close()
