"""Several model servers behind one door: what is listed, and that each listed name reaches its own server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer

TOML = """
development = "local"

[providers.local]
base_url = "{}"

[providers.hosted]
base_url = "{}"
models = ["shared", "team/fast", "local/odd"]
"""
LISTED = ["local/shared", "only-local", "hosted/shared", "team/fast", "local/odd"]


@pytest.fixture
def other() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def api(tmp_path: Path, model_server: ModelServer, other: ModelServer) -> Iterator[Api]:
    model_server.models([["status", 200, {}, {"object": "list", "data": [{"id": "shared"}, {"id": "only-local"}]}]])
    (tmp_path / "providers.toml").write_text(TOML.format(model_server.url, other.url))
    with ChatStream({"CHATSTREAM_PROVIDERS": str(tmp_path / "providers.toml")}) as server:
        yield Api(server.address)


def test_models_of_all_are_listed_and_each_name_reaches_its_own(
    api: Api, model_server: ModelServer, other: ModelServer
) -> None:
    listed = api.get("/v1/models").json["data"]
    assert [model["id"] for model in listed] == LISTED
    assert [model["owned_by"] for model in listed] == ["local", "local", "hosted", "hosted", "hosted"]
    for name in [*LISTED, "shared", "hosted/team/fast", "local/only-local", "hosted/local/odd"]:
        assert api.post("/v1/chat/completions", {"model": name, "messages": []}).status == 200
        assert api.post("/v1/completions", {"model": name, "prompt": "Hello"}).status == 200
        assert api.post("/chat", {"model": name, "prompt": "Hello"}).status == 200
    local, hosted = ([entry["body"]["model"] for entry in s.requests()] for s in (model_server, other))
    thrice = {"shared": 6, "only-local": 6}
    assert {name: local.count(name) for name in set(local)} == thrice
    assert {name: hosted.count(name) for name in set(hosted)} == {"shared": 3, "team/fast": 6, "local/odd": 6}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": []}),
        ("/v1/completions", {"prompt": "Hello"}),
        ("/chat", {"prompt": "Hello"}),
    ],
)
def test_a_model_that_nobody_has_is_refused_in_each_form(
    api: Api, model_server: ModelServer, other: ModelServer, path: str, body: dict[str, str]
) -> None:
    for stream in (True, False):
        reply = api.post(path, {**body, "model": "hosted/only-local", "stream": stream})
        error = reply.json.get("error", reply.json)
        assert (reply.status, error["code"]) == (400, "unknown_model")
        assert all(name in error["message"] for name in LISTED)
    assert model_server.requests() + other.requests() == []


def test_a_provider_s_name_has_no_slash(tmp_path: Path, model_server: ModelServer) -> None:
    (tmp_path / "providers.toml").write_text(f'[providers."a/b"]\nbase_url = "{model_server.url}"\n')
    server = ChatStream({"CHATSTREAM_PROVIDERS": str(tmp_path / "providers.toml")})
    with pytest.raises(Exception, match="without a slash"), server:
        pass
