"""Section 3 of docs/api.md: text completions, by a model server that has them and by one that has only chat."""

import json
import time
from typing import Any

import openai
import pytest

from tests.api import Api, Streamed
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, failure
from tests.web.conftest import Serve
from tests.web.front import front
from tests.web.noise import Noise
from tests.web.passing_on import BROKEN, LEFT, NEVER, REFUSALS, Steps, leave, raw

PATH, CHAT = "/v1/completions", "/v1/chat/completions"
NO_ROUTE = failure(404, "There is nothing here")
WAYS = ("its own", "through chat")


def piece(text: str, finish: str | None = None, index: int = 0) -> list[Any]:
    """A chunk of a text completion."""
    choice = {"text": text, "index": index, "logprobs": None, "finish_reason": finish}
    return ["chunk", {"id": "cmpl-test", "object": "text_completion", "model": "test-model", "choices": [choice]}]


@pytest.fixture(scope="module")
def servers(serve: Serve, model_server_process: ModelServer) -> dict[str, ChatStream]:
    """One that knows nothing of its model server, and one that has learnt that it has only chat."""
    limits = {"CHATSTREAM_HEARTBEAT_S": "0.3", "CHATSTREAM_STATUS_WAIT_S": "0.5", "CHATSTREAM_EVENT_BYTES": "65536"}
    started = {way: serve(**limits) for way in WAYS}
    model_server_process.reset()
    model_server_process.script(NO_ROUTE)
    assert Api(started["through chat"].address).post(PATH, {"prompt": "Hello"}).status == 200
    return started


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(servers: dict[str, ChatStream], way: str, model_server: ModelServer) -> ChatStream:
    return servers[way]


@pytest.fixture
def api(server: ChatStream) -> Api:
    return Api(server.address)


def spoken(way: str, text: str) -> list[Any]:
    """A piece of text as this model server sends it."""
    return piece(text) if way == "its own" else ["text", text]


def whole(way: str, *texts: str) -> Steps:
    finish = piece("", "stop") if way == "its own" else ["finish", "stop"]
    return [*(spoken(way, text) for text in texts), finish, ["done"], ["end"]]


def ask(api: Api, **fields: Any) -> Streamed:
    return api.open("POST", PATH, {"model": "test-model", "prompt": "Hello", "stream": True, **fields})


def test_chunks_come_back_as_they_were_sent(servers: dict[str, ChatStream], model_server: ModelServer) -> None:
    odd = '{"choices":[{"text":"é\\ud83d\\ude00","x":[1.0,{"y":null}]}],"new":{"a": 1}}'
    model_server.script([["event", odd], piece("lo", "stop"), ["done"], ["end"]])
    fields = {"max_tokens": 5, "n": 1, "stop": ["x"], "echo": True, "suffix": "s", "logprobs": 2, "odd": [1]}
    streamed = ask(Api(servers["its own"].address), **fields, api_key="secret", base_url="http://elsewhere")
    body = streamed.text()
    (entry,) = model_server.requests()
    sent = [line for line in entry["sent"].encode("latin-1").split(b"\n") if line.startswith(b"data: ")]
    assert body == b"".join(line + b"\n\n" for line in sent)
    assert (sent[0], sent[-1]) == (f"data: {odd}".encode(), b"data: [DONE]")
    assert streamed.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert (entry["path"], entry["body"]) == (
        PATH,
        {"model": "test-model", "prompt": "Hello", "stream": True, **fields},
    )
    assert "secret" not in json.dumps(entry)


def test_from_a_chat_it_is_told_in_the_same_form(servers: dict[str, ChatStream], model_server: ModelServer) -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    thought = [["reasoning", "hm"], ["text", "<think>hm</think>Hel"], ["text", "lo"]]
    model_server.script([*thought, ["finish", "stop"], ["usage", usage], ["done"], ["end"]])
    *blocks, done = ask(Api(servers["through chat"].address), max_tokens=5).text().decode().split("\n\n")[:-1]
    chunks = [json.loads(block.removeprefix("data: ")) for block in blocks]
    assert done == "data: [DONE]"
    assert {chunk["object"] for chunk in chunks} == {"text_completion"}
    assert {(chunk["id"], chunk["model"]) for chunk in chunks} == {("chatcmpl-test", "test-model")}
    assert all(set(choice) == {"text", "index", "logprobs", "finish_reason"} for c in chunks for choice in c["choices"])
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks[:-1]) == "Hello"
    assert (chunks[-2]["choices"][0]["finish_reason"], chunks[-1]["usage"]) == ("stop", usage)
    (entry,) = model_server.requests()
    asked = {"model": "test-model", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5}
    assert (entry["path"], entry["body"]) == (CHAT, {**asked, "stream": True})


@pytest.mark.parametrize("status", [404, 405, 501])
def test_what_a_model_server_has_not_is_asked_for_once(serve: Serve, model_server: ModelServer, status: int) -> None:
    api = Api(serve().address)
    model_server.script(failure(status, "There is nothing here"))
    for _ in range(2):
        assert api.post(PATH, {"prompt": "Hello"}).json["choices"][0]["text"] == "Hello world"
    assert [entry["path"] for entry in model_server.requests()] == [PATH, CHAT, CHAT]


def test_a_model_that_is_nowhere_is_no_sign_of_a_missing_route(serve: Serve, model_server: ModelServer) -> None:
    api = Api(serve().address)
    for _ in range(2):
        model_server.script(failure(404, "no such model"))
        model_server.script(failure(404, "no such model at all"))
        reply = api.post(PATH, {"prompt": "Hello"})
        assert (reply.status, "no such model at all" in reply.json["error"]["message"]) == (404, True)
    assert [entry["path"] for entry in model_server.requests()] == [PATH, CHAT, PATH, CHAT]


def test_the_demo_model_works_through_chat() -> None:
    with ChatStream({}) as server:  # nothing is named, so it is the demo that is served
        client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)
        found = client.completions.create(model="demo-fast", prompt="count to 5")
        assert ("5" in found.choices[0].text, found.choices[0].finish_reason) == (True, "stop")
        chunks = list(client.completions.create(model="demo-fast", prompt="count to 5", stream=True))
        assert "".join(chunk.choices[0].text for chunk in chunks) == found.choices[0].text


def test_the_sdk_reads_both(server: ChatStream, way: str, model_server: ModelServer) -> None:
    client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0)
    model_server.default(whole(way, "Hello", " world"))
    chunks = list(client.completions.create(model="test-model", prompt="Hi", stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == "Hello world"
    found = client.completions.create(model="test-model", prompt="Hi")
    assert (found.object, found.choices[0].text, found.choices[0].finish_reason) == (
        "text_completion",
        "Hello world",
        "stop",
    )


def test_without_stream_upstream_streams_all_the_same(api: Api, way: str, model_server: ModelServer) -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    model_server.script([*whole(way, "Hel", "lo")[:-2], ["usage", usage], ["done"], ["end"]])
    found = api.post(PATH, {"prompt": "Hello"}).json
    choice = {"text": "Hello", "index": 0, "logprobs": None, "finish_reason": "stop"}
    assert (found["object"], found["choices"], found["usage"]) == ("text_completion", [choice], usage)
    asked = model_server.requests()[0]["body"]
    assert (asked["stream"], asked["stream_options"]) == (True, {"include_usage": True})


def test_several_prompts_are_whole_only_together(servers: dict[str, ChatStream], model_server: ModelServer) -> None:
    api = Api(servers["its own"].address)
    asked = {"prompt": ["a", "b"], "n": 2}
    all_four = [piece(f"{n}", "stop", n) for n in range(4)]
    model_server.script([*all_four, ["sleep", 0.05], ["rst"]])
    assert [choice["text"] for choice in api.post(PATH, asked).json["choices"]] == ["0", "1", "2", "3"]
    model_server.script([*all_four[:3], ["sleep", 0.05], ["rst"]])
    assert api.post(PATH, asked).status == 502
    model_server.script([*all_four[:3], ["sleep", 0.05], ["rst"]])
    assert b"[DONE]" not in ask(api, **asked).text()


@pytest.mark.parametrize(("steps", "status", "retry_after"), REFUSALS)
@pytest.mark.parametrize("stream", [True, False])
def test_refusals_keep_their_status(
    api: Api, model_server: ModelServer, steps: Steps, status: int, retry_after: str | None, stream: bool
) -> None:
    model_server.script(steps)
    reply = api.post(PATH, {"prompt": "Hello", "stream": stream})
    assert (reply.status, reply.headers["Retry-After"]) == (status, retry_after)
    assert set(reply.json["error"]) == {"message", "type", "param", "code"}
    assert len(model_server.requests()) == 1


@pytest.mark.parametrize("door", ["direct", "nginx"])
@pytest.mark.parametrize("steps", BROKEN)
def test_what_breaks_in_the_middle_never_looks_whole(
    server: ChatStream, way: str, model_server: ModelServer, door: str, steps: Steps
) -> None:
    model_server.default([spoken(way, "Hel"), ["sleep", 0.05], *steps])
    with front(server) as nginx:
        address = server.address if door == "direct" else f"127.0.0.1:{nginx.port}"
        body = ask(Api(address)).text()
        first, *_, last = [json.loads(line[6:]) for line in body.split(b"\n") if line]
        assert (first["choices"][0]["text"], set(last)) == ("Hel", {"error"})
        assert b"[DONE]" not in body
        reply = Api(address).post(PATH, {"prompt": "Hello"})
        assert (reply.status, "error" in reply.json) == (502, True)
        sdk = openai.OpenAI(base_url=f"http://{address}/v1", api_key="none", max_retries=0)
        with pytest.raises(openai.APIError):
            list(sdk.completions.create(model="test-model", prompt="Hello", stream=True))
    assert len(model_server.requests()) == 3


def test_silence_has_heartbeats_and_deadlines(serve: Serve, model_server: ModelServer) -> None:
    limits = {"CHATSTREAM_FIRST_TOKEN_S": "1", "CHATSTREAM_SILENCE_S": "1", "CHATSTREAM_ANSWER_S": "3"}
    api = Api(serve(CHATSTREAM_HEARTBEAT_S="0.2", CHATSTREAM_STATUS_WAIT_S="0.1", **limits).address)
    endless = ["repeat", 999, [piece("x"), ["sleep", 0.02]]]
    for steps in ([NEVER], [["headers", {}], NEVER], [piece("a"), NEVER], [endless]):
        model_server.script(steps)
        lines = ask(api).text().decode().split("\n")
        assert (": ping" in lines) == (steps != [endless])
        assert json.loads(lines[-3].removeprefix("data: "))["error"]["code"] == "upstream_timeout"
    assert {entry["ended"] for entry in model_server.wait_ended(4)} <= LEFT


def test_thinking_is_no_silence(serve: Serve, model_server: ModelServer) -> None:
    api = Api(serve(CHATSTREAM_SILENCE_S="1").address)
    model_server.script(NO_ROUTE)
    model_server.script([["repeat", 20, [["reasoning", "hm"], ["sleep", 0.1]]], ["text", "a"], ["finish", "stop"]])
    assert ask(api).text().endswith(b"data: [DONE]\n\n")


@pytest.mark.alone
@pytest.mark.parametrize("how", ["fin", "rst"])
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("begun", [False, True])
def test_upstream_is_closed_within_a_second_of_the_readers_leaving(
    server: ChatStream, way: str, model_server: ModelServer, begun: bool, stream: bool, how: str
) -> None:
    model_server.script([spoken(way, "Hel"), NEVER] if begun else [NEVER])
    connection = raw(server, PATH, {"prompt": "Hello", "stream": stream})
    model_server.wait(len)
    time.sleep(0.1)
    with Noise() as noise:
        left = time.monotonic()
        leave(connection, how)
        (entry,) = model_server.wait_ended()
    assert entry["ended"] in LEFT
    assert entry["ended_at"][0] - left < 1 + noise.worst


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{", "not JSON"),
        ([], "JSON object"),
        ({}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": 5}, "prompt"),
        ({"prompt": "Hello", "stream": "yes"}, "stream true or false"),
        ({"prompt": "Hello", "model": 5}, "model must be a string"),
        ({"prompt": "Hello", "model": "nobody/knows"}, "no model 'nobody/knows'"),
    ],
)
def test_a_body_that_does_not_fit(api: Api, model_server: ModelServer, body: Any, sentence: str) -> None:
    reply = api.post(PATH, body)
    assert (reply.status, reply.json["error"]["type"]) == (400, "invalid_request_error")
    assert sentence in reply.json["error"]["message"]
    assert model_server.requests() == []


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("fields", [{"prompt": ["a", "b"]}, {"logprobs": 1}, {"suffix": "s"}])
def test_what_a_chat_cannot_do_is_refused(
    servers: dict[str, ChatStream], model_server: ModelServer, stream: bool, fields: dict[str, Any]
) -> None:
    reply = Api(servers["through chat"].address).post(PATH, {"prompt": "Hello", "stream": stream, **fields})
    assert (reply.status, reply.json["error"]["code"]) == (400, "bad_request")
    assert "no text completions" in reply.json["error"]["message"]
    assert model_server.requests() == []
