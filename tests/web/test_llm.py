"""The LLM API beyond its formats: what upstream is asked, calls handed to the caller, sessions."""

import time
from typing import Any
from urllib.parse import quote

import pytest

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.web.conftest import Serve
from tests.web.formats import values

HI = [{"role": "user", "content": "Hi"}]
USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


def piece(index: int, arguments: str, id_: str | None = None, name: str | None = None) -> list[Any]:
    call = {"index": index, "id": id_, "function": {"name": name, "arguments": arguments}}
    return ["delta", {"tool_calls": [call]}]


CALLS = [
    *(piece(0, "", "a", "look"), piece(1, '{"at"', "b", "look"), piece(0, '{"at":'), piece(1, ":2}"), piece(0, "1}")),
    *(["finish", "tool_calls"], ["usage", USAGE], ["done"], ["end"]),
]
WHOLE_CALLS = [
    {"id": "a", "name": "look", "arguments": '{"at":1}'},
    {"id": "b", "name": "look", "arguments": '{"at":2}'},
]


def streamed(api: Api, path: str, body: Any) -> list[dict[str, Any]]:
    return values(api.post(path, body).body)


# -- stateless


def test_what_upstream_is_asked(api: Api, model_server: ModelServer) -> None:
    more = {"temperature": 0.5, "top_p": 0.9, "max_tokens": 7, "tools": [TOOL], "tool_choice": "required"}
    for path in ("/api/llm/chat", "/api/llm/chat/stream"):
        assert api.post(path, {"messages": HI, "model": "test-model", "unknown": 1, **more}).status == 200
    for request in model_server.requests():
        assert request["body"] == {
            "model": "test-model",
            "messages": HI,
            "stream": True,
            "stream_options": {"include_usage": True},
            **more,
        }


def test_what_is_left_out_is_as_it_is_set(serve: Serve, model_server: ModelServer) -> None:
    api = Api(serve(LLM_TEMPERATURE="0.2", LLM_MAX_TOKENS="9").address)
    api.post("/api/llm/chat", {"messages": HI})
    (request,) = model_server.requests()
    asked = {name: request["body"].get(name) for name in ("model", "temperature", "max_tokens", "tools", "tool_choice")}
    assert asked == {"model": "test-model", "temperature": 0.2, "max_tokens": 9, "tools": None, "tool_choice": None}


def test_calls_are_handed_to_the_caller(api: Api, model_server: ModelServer) -> None:
    model_server.script(CALLS)
    reply = api.post("/api/llm/chat", {"messages": HI, "tools": [TOOL]})
    wanted = {"content": "", "tool_calls": WHOLE_CALLS, "usage": USAGE, "finish_reason": "tool_calls"}
    assert (reply.status, reply.json) == (200, wanted)
    model_server.script(CALLS)
    assert streamed(api, "/api/llm/chat/stream", {"messages": HI, "tools": [TOOL]}) == [
        {"tool_call": WHOLE_CALLS[0]},
        {"tool_call": WHOLE_CALLS[1]},
        {"done": True, "finish_reason": "tool_calls", "state": "complete", "usage": USAGE},
    ]


def test_nothing_is_recorded(api: Api, model_server: ModelServer) -> None:
    before = api.get("/chats").json
    model_server.script(answer("Hello"))
    assert api.post("/api/llm/chat", {"messages": HI}).json["content"] == "Hello"
    assert api.get("/chats").json == before


def test_a_conversation_may_be_large(api: Api, model_server: ModelServer) -> None:
    messages = [{"role": "user", "content": "x" * (2 << 20)}]
    assert api.post("/api/llm/chat", {"messages": messages}).status == 200
    assert len(model_server.requests()[0]["body"]["messages"][0]["content"]) == 2 << 20


def test_as_many_as_may_run(serve: Serve, model_server: ModelServer) -> None:
    api = Api(serve(CHATSTREAM_MAX_STREAMS="1").address)
    model_server.script([["text", "Hel"], ["gate", "never"]])
    first = api.open("POST", "/api/llm/chat/stream", {"messages": HI})
    reply = api.post("/api/llm/chat/stream", {"messages": HI})
    assert (reply.status, reply.json["code"], reply.headers["Retry-After"]) == (503, "busy", "5")
    first.close()
    model_server.wait_ended()


@pytest.mark.parametrize("name", ["", "/", "/s", "a\0", "x" * 201])
def test_what_cannot_name_a_session(api: Api, model_server: ModelServer, name: str) -> None:
    api.post("/api/llm/chat/session", {"session_id": "s", "message": "One"})
    reply = api.post("/api/llm/chat/session", {"session_id": name, "message": "One"})
    assert (reply.status, "A session's name must have" in reply.json["message"]) == (400, True)
    for method in ("GET", "DELETE"):
        assert api.call(method, f"/api/llm/chat/session/{quote(name, safe='')}").status in (400, 404, 405)
    assert api.get("/api/llm/chat/session/s").status == 200
    assert len(model_server.requests()) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/llm/chat/stream", {"messages": HI}),
        ("/api/llm/chat/session/stream", {"message": "Hello"}),
        ("/v1/chat/completions", {"messages": HI, "stream": True}),
    ],
)
def test_the_head_does_not_wait_for_a_slow_model(
    serve: Serve, model_server: ModelServer, path: str, body: dict[str, Any]
) -> None:
    api = Api(serve(CHATSTREAM_STATUS_WAIT_S="0.2").address)
    model_server.script([["gate", "slow"], *answer("Hello")])
    streamed = api.open("POST", path, body)
    assert streamed.status == 200
    model_server.release("slow")
    assert b"Hello" in streamed.text()


def test_heartbeats_come_while_upstream_sends_what_shows_nothing(serve: Serve, model_server: ModelServer) -> None:
    api = Api(serve(CHATSTREAM_HEARTBEAT_S="0.2").address)
    model_server.script([["repeat", 12, [["delta", {}], ["sleep", 0.1]]], *answer("Hello")])
    began = time.monotonic()
    body = api.open("POST", "/api/llm/chat/stream", {"messages": HI}).text()
    assert 2 <= body.count(b": ping\n\n") <= (time.monotonic() - began) / 0.2 + 1


# -- sessions


def test_a_session_goes_on(api: Api, model_server: ModelServer) -> None:
    first = api.post("/api/llm/chat/session", {"session_id": "go on", "message": "One", "system_prompt": "Be brief."})
    assert (first.status, first.json["content"], first.json["session_id"]) == (200, "Hello world", "go on")
    assert (first.json["state"], first.json["tool_calls"]) == ("complete", [])
    second = streamed(api, "/api/llm/chat/session/stream", {"session_id": "go on", "message": "Two"})
    assert second[-1]["done"] is True
    assert second[-1]["session_id"] == "go on"
    assert model_server.requests()[1]["body"]["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "One"},
        {"role": "assistant", "content": "Hello world"},
        {"role": "user", "content": "Two"},
    ]
    assert api.get("/api/llm/chat/session/go%20on").json == {
        "session_id": "go on",
        "title": "One",
        "system_prompt": "Be brief.",
        "messages": [
            {"role": "user", "content": "One"},
            {"role": "assistant", "content": "Hello world", "state": "complete"},
            {"role": "user", "content": "Two"},
            {"role": "assistant", "content": "Hello world", "state": "complete"},
        ],
    }


@pytest.mark.parametrize("path", ["/api/llm/chat/session", "/api/llm/chat/session/stream"])
def test_a_new_session_is_named_by_its_chat(api: Api, path: str) -> None:
    reply = api.post(path, {"message": "One"})
    name = reply.headers["X-Chat-Id"]
    ending = reply.json if path.endswith("session") else values(reply.body)[-1]
    assert ending["session_id"] == name
    assert [message["content"] for message in api.history(name)] == ["One", "Hello world"]
    assert api.post(path, {"session_id": name, "message": "Two"}).status == 200
    assert len(api.get(f"/api/llm/chat/session/{name}").json["messages"]) == 4


def test_a_session_runs_tools_of_the_server(api: Api, model_server: ModelServer) -> None:
    model_server.script([piece(0, '{"expression":"6*7"}', "a", "calculate"), ["finish", "tool_calls"], ["end"]])
    model_server.script(answer("42"))
    found = streamed(
        api, "/api/llm/chat/session/stream", {"session_id": "t", "message": "6*7?", "tools": ["calculate"]}
    )
    call = {"id": "a", "name": "calculate", "arguments": '{"expression":"6*7"}'}
    result = {"id": "a", "name": "calculate", "content": "42", "failed": False}
    assert found[:-1] == [{"tool_call": call}, {"tool_result": result}, {"content": "42"}]
    assert found[-1]["done"] is True
    (message,) = api.get("/api/llm/chat/session/t").json["messages"][1:]
    assert message["tool_calls"] == [{**call, "result": "42", "failed": False}]


def test_the_same_request_twice_asks_once(api: Api, model_server: ModelServer) -> None:
    body = {"session_id": "twice", "message": "One", "requestId": "r1"}
    replies = [api.post("/api/llm/chat/session", body).json for _ in range(2)]
    assert replies[0] == replies[1]
    assert len(model_server.requests()) == 1
    assert api.post("/api/llm/chat/session", {**body, "message": "Two"}).status == 409


def test_a_failed_answer_names_its_session(api: Api, model_server: ModelServer) -> None:
    broken = [["text", "Hel"], ["sleep", 0.05], ["rst"]]
    model_server.script(broken)
    reply = api.post("/api/llm/chat/session", {"session_id": "bad", "message": "One"})
    assert (reply.status, reply.json["session_id"], reply.json["completion"]) == (502, "bad", "Hel")
    model_server.script(broken)
    last = streamed(api, "/api/llm/chat/session/stream", {"session_id": "bad", "message": "Two"})[-1]
    assert (set(last), last["session_id"]) == ({"error", "code", "state", "timings", "session_id"}, "bad")
    assert last["state"] == "upstream_error"
    model_server.script([["status", 500, {}, {"error": {"message": "no"}}]])
    refused = api.post("/api/llm/chat/session/stream", {"session_id": "bad", "message": "Three"})
    assert (refused.status, refused.json["session_id"]) == (502, "bad")


@pytest.mark.parametrize("name", ["s", "s/", "s//", "a/b", "stream", "ü ö", "x" * 200])
def test_a_session_is_deleted(api: Api, name: str) -> None:
    path = f"/api/llm/chat/session/{quote(name, safe='')}"
    api.post("/api/llm/chat/session", {"session_id": name, "message": "One"})
    assert api.get(path).json["session_id"] == name
    assert [api.call("DELETE", path).status for _ in range(2)] == [204, 204]
    assert api.get(path).status == 404


def test_a_running_answer_is_stopped_before_its_session_goes(
    api: Api, server: ChatStream, model_server: ModelServer
) -> None:
    model_server.script([["text", "Hel"], ["gate", "never"]])
    running = api.open("POST", "/api/llm/chat/session/stream", {"session_id": "gone", "message": "One"})
    assert api.call("DELETE", "/api/llm/chat/session/gone").status == 204
    (entry,) = model_server.wait_ended()
    assert entry["ended"] in ("client_closed", "client_reset")
    last = values(running.text())[-1]
    assert last["code"] == "stopped"
