"""Whether a model takes images, in the words of each kind of server."""

import json
from typing import Any

import pytest

from chatstream.errors import UpstreamBusy, UpstreamError, UpstreamRefused, UpstreamUnreachable
from chatstream.upstream.abilities import said

OPENAI = {"object": "list", "data": [{"id": "m", "object": "model", "created": 0, "owned_by": "library"}]}


def openrouter(*takes: str) -> dict[str, Any]:
    about = {"modality": "text+image->text", "input_modalities": takes, "output_modalities": ["text"]}
    return {"data": [{"id": "other"}, {"id": "m", "architecture": about, "pricing": {"prompt": "0.1"}}]}


def mistral(**capabilities: Any) -> dict[str, Any]:
    return {"object": "list", "data": [{"id": "m", "type": "base", "capabilities": capabilities}]}


def llama(*capabilities: str) -> dict[str, Any]:
    about = {"name": "m", "model": "m", "capabilities": capabilities, "details": {"format": "gguf"}}
    return {"models": [about], "object": "list", "data": [{"id": "m", "meta": {"n_params": 1}}]}


def lm_studio(kind: str, *capabilities: str) -> dict[str, Any]:
    about = {"id": "m", "type": kind, "arch": "qwen2_vl", "state": "loaded"}
    return {"object": "list", "data": [{**about, "capabilities": capabilities} if capabilities else about]}


def heard(model: str = "m", **answers: Any) -> bool | None:
    """What is understood from a server that answers so: `models`, and beside them `show` and `v0`."""
    bodies = {"models": "models", "../api/show": "show", "../api/v0/models": "v0"}

    def ask(path: str, body: dict[str, str] | None) -> bytes:
        assert (body == {"model": model}) == (path == "../api/show")
        found = answers.get(bodies[path])
        if found is None:
            raise UpstreamRefused("There is nothing here.")
        return found if isinstance(found, bytes) else json.dumps(found).encode()

    return said(model, ask)


@pytest.mark.parametrize(
    ("answers", "takes"),
    [
        ({"models": openrouter("text", "image")}, True),
        ({"models": openrouter("text")}, False),
        ({"models": mistral(completion_chat=True, vision=True)}, True),
        ({"models": mistral(completion_chat=True, vision=False)}, False),
        ({"models": mistral(completion_chat=True)}, None),
        ({"models": llama("completion", "multimodal")}, True),
        ({"models": llama("completion")}, False),
        ({"models": OPENAI, "show": {"capabilities": ["completion", "vision"]}}, True),
        ({"models": OPENAI, "show": {"capabilities": ["completion", "tools"]}}, False),
        ({"models": OPENAI, "show": {"error": "Unexpected endpoint"}, "v0": lm_studio("vlm")}, True),
        ({"models": OPENAI, "v0": lm_studio("llm")}, False),
        ({"models": OPENAI, "v0": lm_studio("vlm", "tool_use")}, True),
        ({"models": OPENAI, "v0": lm_studio("llm", "tool_use")}, False),
        ({"models": llama("chat", "tools")}, None),
        ({"models": {"data": [{"id": "m", "type": "llm", "capabilities": None}]}}, False),
        ({"models": OPENAI, "v0": lm_studio("embeddings")}, None),
        ({"models": OPENAI}, None),
        ({}, None),
    ],
)
def test_each_server_says_it_in_its_place(answers: dict[str, Any], takes: bool | None) -> None:
    assert heard(**answers) is takes


@pytest.mark.parametrize(
    "odd",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        {"data": 5},
        {"data": [None, 5, "m", {"id": 5}, {"id": "m", "architecture": 5}, {"id": "m", "capabilities": "vision"}]},
        {"data": [{"id": "m", "architecture": {}}], "models": [{"name": "m", "capabilities": {"vision": "yes"}}]},
    ],
)
def test_what_cannot_be_understood_says_nothing(odd: Any) -> None:
    assert heard(models=odd) is None
    assert heard(models=odd, show={"capabilities": ["vision"]}) is True


def test_an_odd_entry_does_not_hide_the_next_one() -> None:
    listed = {"data": [{"id": "m", "architecture": 5}, *openrouter("text")["data"]]}
    assert heard(models=listed) is False


def refused(status: int) -> UpstreamRefused:
    error = UpstreamRefused("It broke.")
    error.upstream_status = status
    return error


@pytest.mark.parametrize("error", [UpstreamUnreachable("It is away."), UpstreamBusy("Loading."), refused(502)])
def test_a_server_that_cannot_answer_is_not_asked_in_other_ways(error: UpstreamError) -> None:
    asked = []

    def ask(path: str, _: dict[str, str] | None) -> bytes:
        asked.append(path)
        raise error

    with pytest.raises(type(error)):
        said("m", ask)
    assert asked == ["models"]


def test_another_model_says_nothing_of_this_one() -> None:
    assert heard("other", models=llama("completion")) is None
