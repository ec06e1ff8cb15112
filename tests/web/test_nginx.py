"""The shipped nginx configuration: tokens pass at once, and a cut answer never looks whole."""

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.servers.nginx import Nginx
from tests.web.conftest import Serve

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
