"""The browser that tests of the page use."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from tests.servers.chromium import Browser

PAGE = b"""<!doctype html><title>Test</title>
<label>Message <textarea></textarea></label> <button>Send</button> <button hidden>Stop</button>
<noscript>Scripts are off.</noscript>
<script>
  const visits = Number(localStorage.visits ?? 0) + 1
  localStorage.visits = visits
  document.body.append(`Visit ${visits}. ${document.cookie}`)
  document.querySelector("button").onclick = () => fetch("/again").then(
    () => document.body.append("Sent."), () => document.body.append("Not sent."))
</script>"""


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(PAGE)))
        self.send_header("Set-Cookie", "visited=yes")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *args: object) -> None:
        """Keep the tests' output for the tests."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("time", ["first", "second"])
def test_every_browser_is_on_its_first_visit(browser: Browser, site: str, time: str):
    browser.open(site)
    assert "Visit 1." in browser.text()
    browser.open(site)
    assert "Visit 2." in browser.text()
    assert "visited=yes" in browser.text()


def test_elements_are_found_as_a_screen_reader_names_them(browser: Browser, site: str):
    browser.open(site)
    browser.find("textbox", "Message").send_keys("Hello")
    browser.find("button", "Send").click()
    browser.wait(lambda: "Sent." in browser.text())
    assert browser.evaluate("return document.querySelector('textarea').value") == "Hello"


def test_what_is_hidden_is_not_found_and_the_error_names_what_is(browser: Browser, site: str):
    browser.open(site)
    with pytest.raises(TimeoutError, match=r"no button named 'Stop' .* there are \['Send'\]"):
        browser.find("button", "Stop", seconds=0.1)


def test_size_and_media_are_exactly_as_asked(browser: Browser, site: str):
    browser.resize(320, 640)
    browser.prefer(prefers_color_scheme="dark", prefers_reduced_motion="reduce")
    browser.open(site)
    assert browser.evaluate("return [innerWidth, innerHeight]") == [320, 640]
    dark, still = "(prefers-color-scheme: dark)", "(prefers-reduced-motion: reduce)"
    assert browser.evaluate("return [...arguments].map(q => matchMedia(q).matches)", dark, still) == [True, True]


def test_the_next_browser_is_light_and_wide_again(browser: Browser, site: str):
    browser.open(site)
    assert browser.evaluate("return [innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]") == [1280, False]


def test_without_javascript_noscript_shows(browser: Browser, site: str):
    browser.disable_javascript()
    browser.open(site)
    assert "Scripts are off." in browser.text()
    assert "Visit" not in browser.text()
    assert browser.find("button", "Send")


def test_offline_and_online(browser: Browser, site: str):
    browser.open(site)
    browser.go_offline()
    browser.find("button", "Send").click()
    browser.wait(lambda: "Not sent." in browser.text())
    assert any("ERR_INTERNET_DISCONNECTED" in line for line in browser.console())
    browser.go_online()
    browser.find("button", "Send").click()
    browser.wait(lambda: "Sent." in browser.text())


def test_a_page_reaches_no_other_address(browser: Browser, site: str):
    elsewhere = http.server.ThreadingHTTPServer(("127.0.0.2", 0), Site)
    threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
    browser.open(site)
    fetch = "return fetch(arguments[0], {mode: 'no-cors'}).then(() => 'reached', () => 'not reached')"
    assert browser.evaluate(fetch, f"http://127.0.0.2:{elsewhere.server_port}/") == "not reached"
    assert any("ERR_NAME_NOT_RESOLVED" in line for line in browser.console())
    elsewhere.shutdown()
    elsewhere.server_close()


def test_a_screenshot_is_a_png(browser: Browser, site: str, tmp_path):
    browser.open(site)
    browser.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
