"""Which models there are by whom, how their servers are, and presets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, failure

TOML = """
development = "local"

[providers.local]
base_url = "{}"

[providers.hosted]
base_url = "{}"
models = ["wide", "narrow"]
"""
LISTED = {"object": "list", "data": [{"id": "small"}, {"id": "large"}]}


@pytest.fixture
def other() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def served(tmp_path: Path, model_server: ModelServer, other: ModelServer) -> Iterator[Api]:
    model_server.models([["status", 200, {}, LISTED]])
    (tmp_path / "providers.toml").write_text(TOML.format(model_server.url, other.url))
    with ChatStream({"CHATSTREAM_PROVIDERS": str(tmp_path / "providers.toml")}) as server:
        yield Api(server.address)


def test_models_are_listed_by_their_providers(served: Api) -> None:
    assert served.get("/models").json == {
        "default": "small",
        "providers": [
            {"name": "local", "state": "ready", "message": "", "models": ["small", "large"]},
            {"name": "hosted", "state": "ready", "message": "", "models": ["wide", "narrow"]},
        ],
    }


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        (failure(503, "Loading model"), "loading"),
        (failure(503, "all slots are taken"), "busy"),
        (failure(401, "bad key"), "refused"),
        (failure(500, "out of memory"), "failed"),
        (failure(404, "no such route"), "ready"),  # it has no list, and is there
        ([["rst"]], "unreachable"),
    ],
)
def test_a_provider_tells_how_it_is(served: Api, other: ModelServer, steps: list[Any], state: str) -> None:
    other.models(steps)
    local, hosted = served.get("/models").json["providers"]
    assert (local["state"], hosted["state"], hosted["models"]) == ("ready", state, ["wide", "narrow"])
    assert bool(hosted["message"]) == (state != "ready")


def test_asking_often_asks_a_provider_once(served: Api, other: ModelServer) -> None:
    before = len(other.log())
    for _ in range(3):
        served.get("/models")
    assert len(other.log()) == before + 1


def test_presets_are_made_changed_and_deleted(api: Api) -> None:
    made = api.post("/presets", {"name": " Terse  answers ", "system": "Be brief.", "params": {"temperature": 0}})
    assert made.status == 201
    again = api.post("/presets", {"name": "Terse answers", "params": {"model": "test-model"}})
    assert again.json == {**made.json, "system": "", "params": {"model": "test-model"}}
    assert again.json in api.get("/presets").json["presets"]
    path = f"/presets/{made.json['_id']}"
    assert api.call("PATCH", path, {"default": True}).json == {**again.json, "default": True}
    kept = api.post("/presets", {"name": "Terse answers", "system": "Be brief."}).json
    assert (kept["system"], kept["default"]) == ("Be brief.", True)
    other = api.post("/presets", {"name": "Wordy"}).json
    assert api.call("PATCH", f"/presets/{other['_id']}", {"default": True}).status == 200
    assert [preset["default"] for preset in api.get("/presets").json["presets"]] == [False, True]
    assert api.call("PATCH", path, {"default": False}).json["default"] is False
    assert [preset["default"] for preset in api.get("/presets").json["presets"]] == [False, True]
    assert api.call("PATCH", f"/presets/{other['_id']}", {"default": False}).json["default"] is False
    assert api.call("PATCH", f"/presets/{other['_id']}", {}).status == 400
    assert api.call("DELETE", f"/presets/{other['_id']}").status == 204
    assert api.call("PATCH", f"/presets/{other['_id']}", {"default": True}).status == 404
    again = api.post("/presets", {"name": "Terse answers", "params": {"model": "test-model"}})
    for wrong in ({"name": " "}, {"name": "x" * 101}, {"name": "a\0"}, {"name": "a", "params": {"top_p": 3}}, {}):
        assert api.post("/presets", wrong).status == 400
    for _ in range(2):
        assert api.call("DELETE", f"/presets/{made.json['_id']}").status == 204
        assert again.json not in api.get("/presets").json["presets"]
