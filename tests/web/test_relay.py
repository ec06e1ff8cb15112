"""Section 3 of docs/api.md: the OpenAI-compatible relay, over HTTP and with the openai SDK as its client."""

import http.client
import json
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.api import Api, Streamed
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.web.conftest import Serve
from tests.web.front import front
from tests.web.noise import Noise
from tests.web.passing_on import BROKEN, LEFT, REFUSALS, Steps, leave, raw

PATH = "/v1/chat/completions"
MESSAGES = [{"role": "user", "content": "Hello"}]
HEL: Steps = [["text", "Hel"], ["sleep", 0.05]]


@pytest.fixture(scope="module")
def relay(serve: Serve) -> ChatStream:
    return serve(CHATSTREAM_HEARTBEAT_S="0.3", CHATSTREAM_STATUS_WAIT_S="0.5", CHATSTREAM_EVENT_BYTES="65536")


@pytest.fixture
def api(relay: ChatStream, model_server: ModelServer) -> Api:
    return Api(relay.address)


@pytest.fixture
def client(relay: ChatStream) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{relay.url}/v1", api_key="none", max_retries=0)


def ask(api: Api, **fields: Any) -> Streamed:
    return api.open("POST", PATH, {"model": "test-model", "messages": MESSAGES, "stream": True, **fields})


def test_chunks_come_back_as_they_were_sent(api: Api, model_server: ModelServer) -> None:
    odd = '{"choices":[{"delta":{"content":"é\\ud83d\\ude00"},"x":[1.0,{"y":null}]}],"new":{"a": 1}}'.encode()
    model_server.script([["event", odd.decode()], *answer("Hello world")])
    streamed = ask(api)
    body = streamed.text()
    sent = model_server.requests()[0]["sent"].encode("latin-1")
    chunks = [line for line in sent.split(b"\n") if line.startswith(b"data: {")]
    assert body == b"".join(chunk + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"
    assert chunks[0] == b"data: " + odd
    assert streamed.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert streamed.headers["X-Accel-Buffering"] == "no"
    assert api.get("/chats").json["chats"] == []


def test_the_request_goes_on_without_what_chooses_a_route_or_a_key(api: Api, model_server: ModelServer) -> None:
    extra = {"temperature": 0.5, "tools": [{"type": "function"}], "stream_options": {"include_usage": True}, "odd": [1]}
    route = {"api_key": "secret", "base_url": "http://elsewhere", "extra_headers": {"a": "b"}, "model_list": []}
    ask(api, **extra, **route, aws_secret_access_key="secret", vertex_credentials="secret").text()
    (entry,) = model_server.requests()
    assert entry["body"] == {"model": "test-model", "messages": MESSAGES, "stream": True, **extra}
    assert "secret" not in json.dumps(entry)


def test_upstreams_own_lines_are_not_passed_on(api: Api, model_server: ModelServer) -> None:
    steps: Steps = [["raw", ": hi\n\nid: 5\nretry: 1\n\n"], ["raw", "id: 7\nevent: message\n"], *answer("Hello")]
    model_server.script(steps)
    lines = ask(api).text().splitlines()
    assert {line[:6] for line in lines} == {b"data: ", b""}


def test_the_sdk_reads_a_stream(client: openai.OpenAI, model_server: ModelServer) -> None:
    model_server.script(answer("Hello wide world"))
    chunks = list(client.chat.completions.create(model="test-model", messages=MESSAGES, stream=True))  # type: ignore[call-overload]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert (text, chunks[-2].choices[0].finish_reason) == ("Hello wide world", "stop")


def test_without_stream_upstream_streams_all_the_same(client: openai.OpenAI, model_server: ModelServer) -> None:
    call = [{"index": 0, "id": "c1", "type": "function", "function": {"name": "clock", "arguments": '{"a'}}]
    rest = [{"index": 0, "function": {"arguments": '":1}'}}]
    steps: Steps = [["delta", {"role": "assistant"}], ["reasoning", "hm"], ["delta", {"tool_calls": call}]]
    model_server.script([*steps, ["delta", {"tool_calls": rest}], *answer("Hello world")])
    whole = client.chat.completions.create(model="test-model", messages=MESSAGES)  # type: ignore[arg-type]
    message = whole.choices[0].message
    assert (message.content, message.role, whole.choices[0].finish_reason) == ("Hello world", "assistant", "stop")
    assert (whole.object, whole.usage and whole.usage.completion_tokens) == ("chat.completion", 2)
    assert message.tool_calls is not None
    assert message.tool_calls[0].model_dump() == {
        "id": "c1",
        "type": "function",
        "function": {"name": "clock", "arguments": '{"a":1}'},
    }
    assert message.model_extra == {"reasoning_content": "hm"}
    asked = model_server.requests()[0]["body"]
    assert (asked["stream"], asked["stream_options"]) == (True, {"include_usage": True})


def test_models_of_all_providers(client: openai.OpenAI) -> None:
    assert [(model.id, model.owned_by) for model in client.models.list()] == [("test-model", "OPENAI_BASE_URL")]


@pytest.mark.parametrize(("steps", "status", "retry_after"), REFUSALS)
@pytest.mark.parametrize("stream", [True, False])
def test_refusals_keep_their_status(
    api: Api, model_server: ModelServer, steps: Steps, status: int, retry_after: str | None, stream: bool
) -> None:
    model_server.script(steps)
    reply = api.post(PATH, {"messages": MESSAGES, "stream": stream})
    assert (reply.status, reply.headers["Retry-After"]) == (status, retry_after)
    assert set(reply.json["error"]) == {"message", "type", "param", "code"}
    assert len(model_server.requests()) == 1


@pytest.fixture(params=["direct", "nginx"])
def address(request: pytest.FixtureRequest, relay: ChatStream, model_server: ModelServer) -> Iterator[str]:
    if request.param == "direct":
        yield relay.address
        return
    with front(relay) as nginx:
        yield f"127.0.0.1:{nginx.port}"


@pytest.mark.parametrize("steps", BROKEN)
def test_what_breaks_in_the_middle_never_looks_whole(model_server: ModelServer, address: str, steps: Steps) -> None:
    model_server.default([*HEL, *steps])
    body = ask(Api(address)).text()
    first, *_, last = [json.loads(line[6:]) for line in body.split(b"\n") if line]
    assert (first["choices"][0]["delta"], set(last)) == ({"content": "Hel"}, {"error"})
    assert b"[DONE]" not in body
    whole = Api(address).post(PATH, {"messages": MESSAGES})
    assert (whole.status, "error" in whole.json) == (502, True)
    sdk = openai.OpenAI(base_url=f"http://{address}/v1", api_key="none", max_retries=0)
    with pytest.raises(openai.APIError):
        list(sdk.chat.completions.create(model="test-model", messages=MESSAGES, stream=True))  # type: ignore[call-overload]
    assert len(model_server.requests()) == 3


def test_a_killed_worker_breaks_the_body(relay: ChatStream, model_server: ModelServer, address: str) -> None:
    model_server.script([["text", "Hel"], ["gate", "never"]])
    lines = ask(Api(address)).lines()
    next(lines)
    relay.kill_worker()
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        list(lines)
    relay.wait_until(relay.ready, "have a worker again")


def test_silence_has_heartbeats_and_deadlines(serve: Serve, model_server: ModelServer) -> None:
    limits = {"CHATSTREAM_FIRST_TOKEN_S": "1", "CHATSTREAM_SILENCE_S": "1", "CHATSTREAM_ANSWER_S": "3"}
    api = Api(serve(CHATSTREAM_HEARTBEAT_S="0.2", CHATSTREAM_STATUS_WAIT_S="0.1", **limits).address)
    never = ["gate", "never"]
    comments = ["repeat", 999, [["raw", ": hm\n\n"], ["sleep", 0.02]]]
    endless = ["repeat", 999, [["text", "x"], ["sleep", 0.02]]]
    other = [choice(1, content="a"), comments]
    alike = [["text", "a"], never], [["text", "a"], comments], other
    for steps in ([never], [["headers", {}], never], *alike, [endless]):
        model_server.script(steps)
        lines = ask(api).text().decode().split("\n")
        assert (": ping" in lines) == (steps != [endless])
        assert json.loads(lines[-3].removeprefix("data: "))["error"]["code"] == "upstream_timeout"
    assert {entry["ended"] for entry in model_server.wait_ended(6)} <= LEFT
    model_server.script([["text", "a"], ["finish", "stop"], never])
    assert ask(api).text().endswith(b"data: [DONE]\n\n")


def choice(index: int, finish: str | None = None, **delta: Any) -> list[Any]:
    return ["chunk", {"choices": [{"index": index, "delta": delta, "finish_reason": finish}]}]


def test_several_choices_are_whole_only_together(api: Api, model_server: ModelServer) -> None:
    both = [choice(0, content="a"), choice(1, content="b"), choice(0, "stop")]
    model_server.script([*both, ["sleep", 0.05], ["rst"]])
    assert b"[DONE]" not in ask(api).text()
    model_server.script([*both, ["sleep", 0.05], ["rst"]])
    assert api.post(PATH, {"messages": MESSAGES}).status == 502
    model_server.script([choice(0, content="a"), choice(0, "stop"), ["sleep", 0.05], ["rst"]])
    assert api.post(PATH, {"messages": MESSAGES, "n": 2}).status == 502
    model_server.script([choice(0, content="a"), choice(0, "stop"), ["done"], ["end"]])
    assert api.post(PATH, {"messages": MESSAGES, "n": 2}).status == 200  # some servers give one, whatever is asked
    model_server.script([*both, choice(1, "error"), ["done"], ["end"]])
    assert b"[DONE]" not in ask(api).text()
    model_server.script([*both, choice(1, content="c"), choice(1, "length"), ["done"], ["end"]])
    found = api.post(PATH, {"messages": MESSAGES}).json["choices"]
    assert [(c["message"]["content"], c["finish_reason"]) for c in found] == [("a", "stop"), ("bc", "length")]


def test_a_choice_that_comes_at_once_is_content(serve: Serve, model_server: ModelServer) -> None:
    """Each as long after the one before as silence may last nearly."""
    api = Api(serve(CHATSTREAM_SILENCE_S="1").address)
    steps: list[Any] = []
    for index in range(4):
        (_, begun), (_, ended) = choice(index, content="a"), choice(index, "stop")
        text = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in (begun, ended))
        steps += [["raw", text], ["sleep", 0.6]]
    model_server.script([*steps, ["done"], ["end"]])
    found = api.post(PATH, {"messages": MESSAGES, "n": 4})
    assert (found.status, len(found.json["choices"])) == (200, 4)


ODD: list[Any] = [
    {"choices": [{"index": 1, "delta": {"tool_calls": [{"index": 128}]}}]},
    {"choices": [{"index": 1, "delta": {"tool_calls": [{"index": -1}]}}]},
    {"choices": [{"delta": {}, "tool_calls": 5}]},
    {"choices": [{"index": 10**6, "delta": {}}]},
]


@pytest.mark.parametrize("odd", ODD)
def test_a_chunk_of_another_shape_is_upstreams_fault(api: Api, model_server: ModelServer, odd: Any) -> None:
    model_server.script([["chunk", odd], *answer("Hello")])
    reply = api.post(PATH, {"messages": MESSAGES})
    assert (reply.status, reply.json["error"]["code"]) == (502, "upstream_invalid")


def test_characters_cut_over_two_chunks_are_joined(api: Api, model_server: ModelServer) -> None:
    halves = [["chunk", {"choices": [{"delta": {"content": half}}]}] for half in ("a\ud83d", "\ude00b")]
    model_server.script([*halves, ["finish", "stop"], ["end"]])
    assert api.post(PATH, {"messages": MESSAGES}).json["choices"][0]["message"]["content"] == "a😀b"


@pytest.mark.alone
def test_a_flood_keeps_nobody_waiting(relay: ChatStream, api: Api, model_server: ModelServer) -> None:
    model_server.script([["repeat", 60_000, [["text", "x"]]], ["finish", "stop"], ["done"], ["end"]])
    replies: list[Any] = []
    asking = threading.Thread(target=lambda: replies.append(api.post(PATH, {"messages": MESSAGES})))
    waits: list[float] = []
    with Noise() as noise:
        asking.start()
        while asking.is_alive():
            began = time.monotonic()
            assert api.get("/healthz").status == 200
            waits.append(time.monotonic() - began)
    assert len(replies[0].json["choices"][0]["message"]["content"]) == 60_000
    assert max(waits) < 0.25 + noise.worst


def test_a_reader_that_takes_nothing_outlives_no_deadline(serve: Serve, model_server: ModelServer) -> None:
    server = serve(CHATSTREAM_ANSWER_S="1")
    model_server.script([["repeat", 5000, [["text", "x" * 10_000]]], ["gate", "never"]])
    connection = raw(server, PATH, {"messages": MESSAGES, "stream": True})
    began = time.monotonic()
    (entry,) = model_server.wait_ended()
    assert entry["ended"] in LEFT
    assert entry["ended_at"][0] - began < 10  # of a second; without it, for ever
    connection.close()


def test_errors_have_openais_form_on_every_address(api: Api) -> None:
    for reply in (api.get("/v1/nothing"), api.get(PATH), api.post("/v1/models")):
        assert set(reply.json["error"]) == {"message", "type", "param", "code"}
    bomb = b'{"messages": [' + b"[]," * 300_000 + b"[]]}"
    assert api.post(PATH, bomb).status == 413


# -- whoever leaves


@pytest.mark.alone
@pytest.mark.parametrize("how", ["fin", "rst"])
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize(
    "steps",
    [[["gate", "never"]], [["headers", {}], ["gate", "never"]], [["text", "Hel"], ["gate", "never"]]],
    ids=["before the headers", "before the first token", "in the middle"],
)
@pytest.mark.parametrize("waits", [0.1, 0.9], ids=["early", "late"])
def test_upstream_is_closed_within_a_second_of_the_readers_leaving(
    quiet: ChatStream, model_server: ModelServer, steps: Steps, stream: bool, how: str, waits: float
) -> None:
    model_server.script(steps)
    connection = raw(quiet, PATH, {"messages": MESSAGES, "stream": stream})
    model_server.wait(len)
    time.sleep(waits)  # before and after it is known whether upstream refuses
    with Noise() as noise:
        left = time.monotonic()
        leave(connection, how)
        (entry,) = model_server.wait_ended()
    assert entry["ended"] in LEFT
    assert entry["ended_at"][0] - left < 1 + noise.worst


@pytest.fixture(scope="module")
def quiet(serve: Serve) -> ChatStream:
    """It writes nothing by itself: no heartbeat comes within a test."""
    return serve(CHATSTREAM_HEARTBEAT_S="60", CHATSTREAM_STATUS_WAIT_S="0.5")


# -- limits


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{", "not JSON"),
        ([], "JSON object"),
        ({}, "list of messages"),
        ({"messages": "Hello"}, "list of messages"),
        ({"messages": MESSAGES, "stream": "yes"}, "stream true or false"),
        ({"messages": MESSAGES, "model": 5}, "model must be a string"),
        ({"messages": MESSAGES, "model": "nobody/knows"}, "no model 'nobody/knows'"),
    ],
)
def test_a_body_that_does_not_fit(api: Api, model_server: ModelServer, body: Any, sentence: str) -> None:
    reply = api.post(PATH, body)
    assert (reply.status, reply.json["error"]["type"]) == (400, "invalid_request_error")
    assert sentence in reply.json["error"]["message"]
    assert model_server.requests() == []


def test_above_the_limit_of_answers_there_is_a_503_at_once(serve: Serve, model_server: ModelServer) -> None:
    api = Api(serve(CHATSTREAM_MAX_STREAMS="2").address)
    model_server.default([["text", "Hel"], ["gate", "end"], ["finish", "stop"], ["done"], ["end"]])
    chat, passed = api.ask("Hello").frames(), ask(api)
    next(chat)
    for path, body in ((PATH, {"messages": MESSAGES}), ("/chat", {"prompt": "One more"})):
        refused = api.post(path, body)
        assert (refused.status, int(refused.headers["Retry-After"]) > 0) == (503, True)
    model_server.release("end")
    assert passed.text().endswith(b"[DONE]\n\n")
    list(chat)
    assert b"[DONE]" in ask(api).text()


@pytest.mark.parametrize("path", [PATH, "/v1/completions"])
def test_a_whole_answer_gives_its_place_back(serve: Serve, model_server: ModelServer, path: str) -> None:
    api = Api(serve(CHATSTREAM_MAX_STREAMS="1").address)
    body = {"messages": MESSAGES, "prompt": "Hello"}
    assert [api.post(path, body).status for _ in range(3)] == [200, 200, 200]
    assert api.post("/chat", {"prompt": "Hello"}).status == 200


def test_a_server_that_stops_cuts_it_with_a_last_frame(model_server: ModelServer) -> None:
    env = {"OPENAI_BASE_URL": model_server.url, "AI_MODEL": "m", "CHATSTREAM_DRAIN_S": "0.5"}
    with ChatStream(env) as server:
        for steps in ([["text", "Hel"], ["gate", "never"]], [["gate", "never"]]):
            model_server.script(steps)
        streams = [ask(Api(server.address)) for _ in range(2)]
        server.signal(signal.SIGTERM)
        for streamed in streams:
            body = streamed.text()
            assert json.loads(body.split(b"\n")[-3].removeprefix(b"data: "))["error"]["code"] == "interrupted"
        assert server.process is not None
        assert server.process.wait(10) == 0


def test_a_server_that_stops_lets_it_finish(model_server: ModelServer) -> None:
    with ChatStream({"OPENAI_BASE_URL": model_server.url, "AI_MODEL": "m"}) as server:
        model_server.script([["text", "Hel"], ["gate", "term"], *answer("lo")])
        lines = ask(Api(server.address)).lines()
        next(lines)
        server.signal(signal.SIGTERM)
        threading.Timer(1, model_server.release, ["term"]).start()
        assert list(lines)[-2] == "data: [DONE]"
        assert server.process is not None
        assert server.process.wait(30) == 0
