"""What a page of ours may do in a browser."""

import re
from collections.abc import Callable

import pytest

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer
from tests.web.page.test_accessible import RICH

HTML = {"Accept": "text/html"}


def chat(api: Api) -> str:
    return f"/c/{api.answer(RICH)[0]['chatId']}"


def shared(api: Api) -> str:
    return str(api.post(f"/chat/{api.answer(RICH)[0]['chatId']}/share").json["path"])


PATHS = ["/", "/c/" + "0" * 24, "/nowhere", "/transfer", "/offline", "/archive", "/?q=sea", "/s/nobody", chat, shared]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: getattr(path, "__name__", path))
def test_every_page_has_a_strict_policy_and_no_code(
    one_server: ChatStream, model_server: ModelServer, path: str | Callable[[Api], str]
) -> None:
    model_server.script(answer(RICH))
    path = path if isinstance(path, str) else path(Api(one_server.address))
    first, second = (Api(one_server.address).call("GET", path, headers=HTML) for _ in range(2))
    policy = dict(part.split(" ", 1) for part in first.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert (policy["img-src"], policy["form-action"]) == ("'self' data: blob:", "'self'")
    assert "unsafe" not in str(policy)
    nonce = re.fullmatch("'nonce-([A-Za-z0-9_-]{20,})'", policy["script-src"])
    assert nonce is not None
    assert policy["script-src"] not in second.headers["Content-Security-Policy"]
    page = first.body.decode()
    tags = re.findall("<script[^>]*>|<link rel=.modulepreload.[^>]*>", page)
    assert tags
    assert all(f'nonce="{nonce[1]}"' in tag for tag in tags)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script[^>]*>[^<]", page)
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert first.headers["Referrer-Policy"] in ("same-origin", "no-referrer")


def test_only_pages_may_have_scripts(one_server: ChatStream) -> None:
    assert "script-src" not in Api(one_server.address).get("/chats").headers["Content-Security-Policy"]


def test_a_script_without_the_page_s_nonce_does_not_run(one_server: ChatStream, browser: Browser) -> None:
    browser.open(one_server.url)
    browser.evaluate("""
        const script = (fields) => document.head.append(Object.assign(document.createElement('script'), fields))
        script({textContent: 'window.harm = 1'})
        script({src: '/static/js/boot.js', onload: () => (window.harm = 2), onerror: () => (window.refused = true)})
        document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.harm = 3">')""")
    browser.wait(lambda: browser.evaluate("return window.refused"))
    assert browser.evaluate("return window.harm ?? null") is None
