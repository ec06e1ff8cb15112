"""The shipped nginx configuration: tokens pass at once, and a cut answer never looks whole."""

import contextlib
import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.servers.nginx import Nginx
from tests.web.conftest import Serve

JSON = {"Content-Type": "application/json"}
CONF = Path(__file__).parents[2] / "deploy/nginx.conf"


@pytest.fixture
def behind_nginx(serve: Serve, model_server: ModelServer) -> Iterator[tuple[Api, ChatStream]]:
    server = serve()
    parts = {"listen 80": "listen 127.0.0.1:{port}", "127.0.0.1:8000": server.address}
    with Nginx(CONF, parts) as nginx:
        yield Api(f"127.0.0.1:{nginx.port}"), server


def test_tokens_pass_one_by_one(behind_nginx: tuple[Api, ChatStream], model_server: ModelServer) -> None:
    api, _ = behind_nginx
    model_server.script([["text", "Hel"], ["gate", "go on"], *answer("lo")])
    streamed = api.ask("Hello")
    frames = streamed.frames()
    assert [next(frames)[0], next(frames)[1]] == [1, {"text": "Hel"}]  # while upstream waits
    model_server.release("go on")
    assert list(frames)[-1][1]["state"] == "complete"


def test_pages_and_scripts_are_compressed_and_streams_are_not(behind_nginx: tuple[Api, ChatStream]) -> None:
    api, _ = behind_nginx
    packed = {"Accept-Encoding": "gzip"}

    def encoding(path: str, body: dict[str, object] | None = None) -> str | None:
        connection = http.client.HTTPConnection(api.address, timeout=30)
        connection.request("POST" if body else "GET", path, json.dumps(body) if body else None, {**packed, **JSON})
        with contextlib.closing(connection):
            response = connection.getresponse()
            response.read()
            return response.headers["Content-Encoding"]

    assert [encoding(path) for path in ("/", "/static/js/sse.js")] == ["gzip"] * 2
    assert encoding("/chat", {"prompt": "Hello", "stream": True}) is None
    assert encoding("/ask", {"prompt": "Hello"}) is None
    assert encoding("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hi"}], "stream": True}) is None


def test_our_own_page_may_write_through_it(behind_nginx: tuple[Api, ChatStream]) -> None:
    api, _ = behind_nginx
    assert api.post("/chat", {"prompt": "Hello"}, {"Origin": f"http://{api.address}"}).status == 200


def test_a_killed_worker_is_a_broken_body(behind_nginx: tuple[Api, ChatStream], model_server: ModelServer) -> None:
    api, server = behind_nginx
    model_server.script([["text", "Hel"], ["gate", "never"]])
    frames = api.ask("Hello").frames()
    next(frames)
    server.kill_worker()
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        list(frames)
