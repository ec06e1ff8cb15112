"""Pages of other sites in a real browser: what CORS and the WebSocket's origin let them do."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, failure
from tests.web.conftest import Serve
from tests.web.front import front

FETCH = """
const [url, body, headers, done] = arguments;
fetch(url, {method: 'POST', headers: {'Content-Type': 'application/json', ...headers}, body: JSON.stringify(body)})
  .then(async r => done({status: r.status, text: await r.text(), run: r.headers.get('X-Run-Id'),
                         retry: r.headers.get('Retry-After'), csp: r.headers.get('Content-Security-Policy')}))
  .catch(error => done({failed: error.name}));
"""
SOCKET = """
const [url, orders, done] = arguments;
const socket = new WebSocket(url), heard = [];
socket.onopen = () => socket.send(JSON.stringify(orders.shift()));
socket.onmessage = ({data}) => {
  heard.push(JSON.parse(data));
  if (!('state' in heard.at(-1))) return;
  if (orders.length) socket.send(JSON.stringify(orders.shift()));
  else socket.close(1000, 'bye');
};
socket.onclose = ({code, reason, wasClean}) => done({heard, code, reason, wasClean});
"""


@pytest.fixture(scope="module")
def server(serve: Serve, model_server_process: ModelServer) -> ChatStream:
    """The page at 127.0.0.1 of the model server's port is named; the same one at localhost is not."""
    return serve(CHATSTREAM_CORS_ORIGINS=f"http://127.0.0.1:{model_server_process.port}")


@pytest.fixture(params=["direct", "nginx"])
def address(request: pytest.FixtureRequest, server: ChatStream) -> Iterator[str]:
    if request.param == "direct":
        yield server.address
        return
    with front(server) as nginx:
        yield f"127.0.0.1:{nginx.port}"


def run(browser: Browser, script: str, *arguments: Any) -> dict[str, Any]:
    browser.driver.set_script_timeout(20)
    found: dict[str, Any] = browser.driver.execute_async_script(script, *arguments)
    return found


def page(browser: Browser, model_server: ModelServer, host: str) -> None:
    browser.open(f"http://{host}:{model_server.port}/_log")


def test_a_named_page_may_ask(browser: Browser, address: str, model_server: ModelServer) -> None:
    page(browser, model_server, "127.0.0.1")
    sdk = {"Authorization": "Bearer x", "X-Stainless-OS": "Linux", "X-Stainless-Retry-Count": "0"}
    asked = {"prompt": "Hello", "stream": True}
    passed = run(browser, FETCH, f"http://{address}/v1/completions", asked, sdk)
    assert (passed["status"], "[DONE]" in passed["text"], passed["csp"]) == (200, True, None)
    answered = run(browser, FETCH, f"http://{address}/chat", asked, {"Last-Event-ID": "1"})
    assert (answered["status"], len(answered["run"])) == (200, 24)
    model_server.script(failure(503, "loading", {"Retry-After": "3"}))
    refused = run(browser, FETCH, f"http://{address}/v1/completions", asked, {})
    assert (refused["status"], refused["retry"], "loading" in refused["text"]) == (503, "3", True)
    assert run(browser, FETCH, f"http://{address}/", {}, {}) == {"failed": "TypeError"}
    assert run(browser, FETCH, f"http://{address}/chat", asked, {"X-Other": "1"}) == {"failed": "TypeError"}


def test_another_page_may_not(browser: Browser, address: str, model_server: ModelServer) -> None:
    page(browser, model_server, "localhost")
    asked = {"prompt": "Hello"}
    for path in ("/v1/completions", "/chat"):
        assert run(browser, FETCH, f"http://{address}{path}", asked, {}) == {"failed": "TypeError"}
        simple = run(browser, FETCH, f"http://{address}{path}", asked, {"Content-Type": "text/plain"})
        assert simple == {"failed": "TypeError"}
    ended = run(browser, SOCKET, f"ws://{address}/ws", [{"type": "start", "prompt": "Hello"}])
    assert (ended["heard"], ended["code"]) == ([], 1006)
    assert model_server.requests() == []


@pytest.mark.parametrize("whose", ["our own", "named"])
def test_a_websocket_in_the_browser(browser: Browser, address: str, model_server: ModelServer, whose: str) -> None:
    if whose == "named":
        page(browser, model_server, "127.0.0.1")
    else:
        browser.open(f"http://{address}/")
    orders = [{"type": "start", "prompt": "Hello"}, {"type": "start", "prompt": "wörld"}]
    ended = run(browser, SOCKET, f"ws://{address}/ws", orders)
    texts = "".join(frame["text"] for frame in ended["heard"] if "text" in frame)
    states = [frame["state"] for frame in ended["heard"] if "state" in frame]
    assert (texts, states) == ("Hello worldHello world", ["complete", "complete"])
    assert (ended["code"], ended["reason"], ended["wasClean"]) == (1000, "bye", True)
    assert len(Api(address).get("/chats").json["chats"]) >= 2
