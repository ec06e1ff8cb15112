"""The page as an installed one: its manifest, and what is shown while the server cannot be reached."""

from typing import Any

import pytest

from tests.api import Api
from tests.servers.app import ChatStream
from tests.web.page.page import Page

HELD = "return navigator.serviceWorker.ready.then((found) => [found.scope, found.active.scriptURL, found.active.state])"
ROUTED = """
const entries = performance.getEntriesByType("resource").filter((entry) => entry.name.endsWith(arguments[0]));
return entries.map((entry) => entry.workerFinalSourceType);
"""
"""Of what was loaded to its end: an answer's entry comes after its last frame."""


@pytest.fixture
def installed(page: Page) -> Page:
    """A page whose worker looks after it."""
    page.browser.wait(lambda: page.browser.evaluate("return navigator.serviceWorker.controller !== null"))
    page.browser.wait(lambda: page.browser.evaluate(HELD)[2] == "activated")
    return page


def test_a_browser_offers_to_install_it(page: Page) -> None:
    told: dict[str, Any] = page.browser.command("Page.getAppManifest")
    assert (told["errors"], bool(told["data"])) == ([], True)
    assert page.browser.command("Page.getInstallabilityErrors")["installabilityErrors"] == []


def test_every_icon_of_the_manifest_is_there_in_its_size(one_server: ChatStream, page: Page) -> None:
    api = Api(one_server.address)
    address = str(page.browser.evaluate("return new URL(document.querySelector('link[rel=manifest]').href).pathname"))
    manifest = api.get(address).json
    for icon in manifest["icons"]:
        image = api.get(address.rpartition("/")[0] + "/" + icon["src"])
        assert image.status == 200
        if icon["type"] == "image/png":  # width and height stand at the same place in each
            edges = {int.from_bytes(image.body[at : at + 4], "big") for at in (16, 20)}
            assert edges == {int(icon["sizes"].split("x")[0])}


def test_without_the_server_a_page_of_ours_says_so_and_comes_back(installed: Page, one_server: ChatStream) -> None:
    installed.ask("What is a tide?")
    installed.browser.wait(lambda: "Hello world" in installed.browser.text())
    one_server.stop()
    installed.reload()
    assert installed.browser.find("heading", "The server is out of reach")
    style = "return getComputedStyle(document.querySelector('.button-primary')).backgroundColor"
    assert installed.browser.evaluate(style) not in ("rgba(0, 0, 0, 0)", "")
    one_server.start()
    installed.browser.wait(lambda: "Hello world" in installed.browser.text(), 30)


def test_the_page_that_is_kept_speaks_the_language_that_was_chosen_since(
    installed: Page, one_server: ChatStream
) -> None:
    kept = "return caches.match('/offline').then((page) => page.text())"
    installed.browser.evaluate("document.querySelector('#languages summary').click()")
    installed.click("button", "Deutsch")
    installed.browser.wait(lambda: "Der Server ist nicht erreichbar" in installed.browser.evaluate(kept))
    one_server.stop()
    installed.reload()
    assert installed.browser.find("heading", "Der Server ist nicht erreichbar")
    one_server.start()
    installed.browser.wait(lambda: installed.browser.find_all("button", "Senden"), 30)


def test_the_page_that_is_kept_has_the_theme_that_was_chosen_since(installed: Page, one_server: ChatStream) -> None:
    installed.browser.prefer(prefers_color_scheme="light")
    installed.browser.evaluate("document.querySelector('[aria-label=\"Light or dark\"]').click()")
    installed.click("button", "Dark")
    kept = "return caches.match('/offline').then((page) => page.text())"
    installed.browser.wait(lambda: 'data-theme="dark"' in installed.browser.evaluate(kept))
    one_server.stop()
    installed.reload()
    assert installed.browser.find("heading", "The server is out of reach")
    assert installed.browser.evaluate("return getComputedStyle(document.documentElement).colorScheme") == "dark"
    one_server.start()
    installed.browser.wait(lambda: installed.browser.find_all("button", "Send"), 30)


def test_answers_do_not_pass_through_the_worker(installed: Page) -> None:
    installed.reload()
    installed.ask("What is a tide?")
    installed.browser.wait(lambda: "Hello world" in installed.browser.text())
    installed.browser.wait(lambda: installed.browser.evaluate(ROUTED, "/chat"))
    assert installed.browser.evaluate(ROUTED, "/chat") == ["network"]
    assert installed.browser.evaluate(ROUTED, "main.js") == ["network"]


def test_files_of_an_earlier_version_are_not_kept(installed: Page) -> None:
    installed.browser.evaluate("return caches.open('/assets/000000000000/')")
    script = "return navigator.serviceWorker.getRegistration().then((found) => found.unregister())"
    installed.browser.evaluate(script)
    installed.reload()
    installed.browser.wait(lambda: len(installed.browser.evaluate("return caches.keys()")) == 1)
    (kept,) = installed.browser.evaluate("return caches.keys()")
    assert kept != "/assets/000000000000/"
    assert installed.browser.console() == []
