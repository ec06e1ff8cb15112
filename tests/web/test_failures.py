"""Upstream's failures, from a real model server: their status, their frames, what is stored, and one call each."""

import gzip
from typing import Any

import pytest

from tests.api import Api, text_of
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer, failure
from tests.web.conftest import Serve

Steps = list[list[Any]]


@pytest.fixture(scope="module")
def impatient(serve: Serve) -> ChatStream:
    """A server with short deadlines and small bounds."""
    return serve(
        LLM_TIMEOUT="1", CHATSTREAM_ANSWER_S="3", CHATSTREAM_EVENT_BYTES="4096", CHATSTREAM_ANSWER_BYTES="65536"
    )


@pytest.fixture
def hasty(impatient: ChatStream, model_server: ModelServer) -> Api:
    return Api(impatient.address)


REFUSALS: list[tuple[Steps, int, str, str]] = [
    (failure(401, "bad key"), 502, "upstream_refused", "bad key"),
    (failure(403, "no"), 502, "upstream_refused", "403"),
    (failure(404, "no such model"), 400, "upstream_rejected", "no such model"),
    (failure(400, "too long"), 400, "upstream_rejected", "too long"),
    (failure(429, "slow down"), 429, "upstream_rate_limited", "slow down"),
    (failure(500, "out of memory"), 502, "upstream_refused", "out of memory"),
    (failure(503, "loading"), 502, "upstream_refused", "loading"),
    ([["status", 500, {}, "<html>nginx</html>"]], 502, "upstream_refused", "500"),
    ([["status", 302, {"Location": "http://127.0.0.1:1/"}, ""]], 502, "upstream_refused", "302"),
    ([["status", 200, {}, {"error": {"message": "no memory"}}]], 502, "upstream_reported", "no memory"),
    ([["status", 200, {}, {"error": "no memory"}]], 502, "upstream_reported", "no memory"),
    ([["status", 200, {}, {"object": "chat.completion", "choices": []}]], 502, "upstream_invalid", "application/json"),
    ([["status", 200, {"Content-Type": "text/html"}, "<html>Hello</html>"]], 502, "upstream_invalid", "text/html"),
    ([["status", 400, {}, '{"error": {"message": "half \\ud83d"}}']], 400, "upstream_rejected", "half \ufffd"),
    ([["status", 500, {}, "x" * 3_000_000]], 502, "upstream_refused", "500"),
    (
        [["headers", {"Content-Type": "text/plain"}], ["repeat", 100, [["raw", "x" * 50_000]]]],
        502,
        "upstream_invalid",
        "text/plain",
    ),
    ([["rst"]], 502, "upstream_unreachable", "cannot be reached"),
    ([["fin"]], 502, "upstream_unreachable", "cannot be reached"),
    ([["wire", "nonsense\r\n\r\n"]], 502, "upstream_unreachable", "HTTP"),
]


@pytest.mark.parametrize(("steps", "status", "code", "sentence"), REFUSALS)
@pytest.mark.parametrize("stream", [False, True])
def test_refused_before_the_stream(
    hasty: Api, model_server: ModelServer, steps: Steps, status: int, code: str, sentence: str, stream: bool
) -> None:
    model_server.script(steps)
    reply = hasty.post("/chat", {"prompt": "Hello", "stream": stream})
    assert (reply.status, reply.json["code"], reply.json["state"]) == (status, code, "upstream_error")
    assert sentence in reply.json["message"]
    assert len(model_server.requests()) == 1
    question, failed = hasty.history(reply.json["chatId"])
    assert (question["content"], failed["_id"], failed["state"]) == ("Hello", reply.json["messageId"], "upstream_error")
    assert failed["error"] == {"message": reply.json["message"], "code": code}


def test_retry_after_is_passed_on(hasty: Api, model_server: ModelServer) -> None:
    for stream in (False, True):
        model_server.script(failure(429, "slow down", {"Retry-After": "7"}))
        assert hasty.post("/chat", {"prompt": "Hello", "stream": stream}).headers["Retry-After"] == "7"


def test_nobody_listens(serve: Serve) -> None:
    api = Api(serve(OPENAI_BASE_URL="http://127.0.0.1:9/v1").address)
    reply = api.post("/chat", {"prompt": "Hello", "stream": True})
    assert (reply.status, reply.json["code"]) == (502, "upstream_unreachable")
    assert [m["content"] for m in api.history(reply.json["chatId"])] == ["Hello", ""]


def test_a_model_server_that_never_answers_is_a_504(hasty: Api, model_server: ModelServer) -> None:
    for stream in (False, True):
        model_server.script([["gate", "never"]])
        reply = hasty.post("/chat", {"prompt": "Hello", "stream": stream})
        assert (reply.status, reply.json["code"], reply.json["state"]) == (504, "upstream_timeout", "stalled")
    log = model_server.wait_ended(2)
    assert {entry["ended"] for entry in log} <= {"client_closed", "client_reset"}


ONE = {"choices": [{"index": 0, "delta": {"content": "Hel"}}]}
BROKEN: list[tuple[Steps, str, str]] = [
    ([["fin"]], "upstream_error", "upstream_broke"),
    ([["rst"]], "upstream_error", "upstream_broke"),
    ([["wire", "zz\r\n"], ["fin"]], "upstream_error", "upstream_broke"),
    ([["done"], ["end"]], "truncated", "upstream_error"),
    ([["end"]], "truncated", "upstream_error"),
    ([["finish", None], ["done"], ["end"]], "truncated", "upstream_error"),
    ([["finish", "error"], ["done"], ["end"]], "upstream_error", "upstream_reported"),
    ([["event", "nonsense"], ["text", "lost"], ["end"]], "upstream_error", "upstream_invalid"),
    ([["chunk", {"error": {"message": "no memory"}}], ["end"]], "upstream_error", "upstream_reported"),
    ([["chunk", {"error": "no memory"}], ["end"]], "upstream_error", "upstream_reported"),
    ([["raw", 'event: error\ndata: "no memory"\n\n'], ["end"]], "upstream_error", "upstream_reported"),
    ([["gate", "never"]], "stalled", "upstream_timeout"),
    ([["repeat", 100, [["raw", ": comment\n\n"], ["sleep", 0.05]]]], "stalled", "upstream_timeout"),
    ([["repeat", 100, [["text", ""], ["sleep", 0.05]]]], "stalled", "upstream_timeout"),
    ([["raw", "data: " + "x" * 5000]], "upstream_error", "upstream_invalid"),
]


@pytest.mark.parametrize(("steps", "state", "code"), BROKEN)
@pytest.mark.parametrize("stream", [False, True])
def test_broken_in_the_middle(
    hasty: Api, model_server: ModelServer, steps: Steps, state: str, code: str, stream: bool
) -> None:
    model_server.script([["text", "Hel"], ["sleep", 0.05], *steps])
    if stream:
        ids, frames = hasty.answer("Hello")
        end = frames[-1][1]
        assert (text_of(frames), end["state"], end["error"]["code"]) == ("Hel", state, code)
    else:
        reply = hasty.post("/chat", {"prompt": "Hello"})
        ids = reply.json
        assert reply.status == (504 if code == "upstream_timeout" else 502)
        assert (ids["completion"], ids["state"], ids["code"]) == ("Hel", state, code)
    kept = hasty.history(ids["chatId"])[1]
    assert (kept["content"], kept["state"], kept["error"]["code"]) == ("Hel", state, code)
    assert len(model_server.requests()) == 1


def test_an_endless_answer_ends_at_its_bounds(hasty: Api, model_server: ModelServer) -> None:
    model_server.script([["repeat", 10_000, [["text", "x" * 1000]]]])
    end = hasty.answer("Hello")[1][-1][1]
    assert (end["state"], end["error"]["code"]) == ("upstream_error", "upstream_invalid")
    model_server.script([["repeat", 1000, [["text", "x"], ["sleep", 0.05]]]])
    end = hasty.answer("Hello")[1][-1][1]
    assert (end["state"], end["error"]["code"]) == ("stalled", "upstream_timeout")
    assert {entry["ended"] for entry in model_server.wait_ended(2)} <= {"client_closed", "client_reset"}


GOOD: list[tuple[Steps, str, str]] = [
    ([["text", "Hel"], ["finish", "length"], ["done"], ["end"]], "Hel", "length"),
    ([["text", "Hel"], ["finish", "content_filter"], ["done"], ["end"]], "Hel", "filtered"),
    ([["text", "Hel"], ["finish", "stop"], ["end"]], "Hel", "complete"),
    ([["text", "Hel"], ["finish", "stop"], ["done"], ["done"], ["text", "no"], ["end"]], "Hel", "complete"),
    ([["close_delimited"], ["text", "Hel"], ["finish", "stop"], ["done"], ["end"]], "Hel", "complete"),
    ([["raw", "\xef\xbb\xbf"], *answer("bom")], "bom", "complete"),
    ([["raw", ": hi\r\n\r\nid: 5\r\nretry: 1\r\nevent: x\r\n\r\n"], *answer("crlf")], "crlf", "complete"),
    ([["chunk", {"choices": None}], ["chunk", {"choices": []}], *answer("empty")], "empty", "complete"),
    (
        [["chunk", {"choices": [{"delta": {"content": c}}]}] for c in ("a\ud83d", "\ude00b")]  # type: ignore[misc]
        + [["finish", "stop"], ["end"]],
        "a😀b",
        "complete",
    ),
    ([["text", "a\0b"], ["finish", "stop"], ["end"]], "a\0b", "complete"),
    ([["text", "<think>hm</think>\n\nyes"], ["finish", "stop"], ["end"]], "yes", "complete"),
]


@pytest.mark.parametrize(("steps", "text", "state"), GOOD)
def test_dialects_that_are_whole_answers(
    api: Api, model_server: ModelServer, steps: Steps, text: str, state: str
) -> None:
    model_server.script(steps)
    ids, frames = api.answer("Hello")
    assert (text_of(frames), frames[-1][1]["state"]) == (text, state)
    assert api.history(ids["chatId"])[1]["content"] == text


def test_every_byte_in_a_segment_of_its_own(api: Api, model_server: ModelServer) -> None:
    event = 'data: {"choices":[{"delta":{"content":"é😀"},"finish_reason":"stop"}]}\r\n\r\n'.encode().decode("latin-1")
    model_server.script([["drip", event, 0.001], ["end"]])
    _, frames = api.answer("Hello")
    assert (text_of(frames), frames[-1][1]["state"]) == ("é😀", "complete")


def test_a_refusal_after_the_stream_began_is_a_frame(serve: Serve, model_server: ModelServer) -> None:
    api = Api(serve(CHATSTREAM_STATUS_WAIT_S="0.2", CHATSTREAM_HEARTBEAT_S="0.1").address)
    model_server.script([["gate", "later"], *failure(429, "slow down")])
    streamed = api.ask("Hello")
    lines = streamed.lines()
    heard = [next(lines) for _ in range(8)]
    assert (streamed.status, heard.count(": ping") > 0) == (200, True)
    model_server.release("later")
    end = [line for line in lines if line.startswith("data: ")][-1]
    assert '"state":"upstream_error"' in end
    assert '"code":"upstream_rate_limited"' in end


def test_odd_usage_keeps_the_chat_readable(api: Api, model_server: ModelServer) -> None:
    model_server.script(
        [["text", "Hel"], ["finish", "stop"], ["usage", {"completion_tokens": True}], ["done"], ["end"]]
    )
    ids, frames = api.answer("Hello")
    assert (frames[-1][1]["state"], frames[-1][1]["usage"]) == ("complete", None)
    assert api.history(ids["chatId"])[1]["content"] == "Hel"


def test_an_odd_retry_after_is_not_passed_on(api: Api, model_server: ModelServer) -> None:
    for odd in ("€".encode().decode("latin-1"), "soon", "-1"):
        model_server.script(failure(429, "slow down", {"Retry-After": odd}))
        reply = api.post("/chat", {"prompt": "Hello"})
        assert (reply.status, "Retry-After" in reply.headers) == (429, False)
    date = "Wed, 21 Oct 2026 07:28:00 GMT"
    model_server.script(failure(429, "slow down", {"Retry-After": date}))
    assert api.post("/chat", {"prompt": "Hello"}).headers["Retry-After"] == date


def test_what_was_packed_unasked_is_not_unpacked(api: Api, model_server: ModelServer) -> None:
    model_server.script([["headers", {"Content-Encoding": "gzip"}], ["raw", "\x1f\x8b"], ["end"]])
    reply = api.post("/chat", {"prompt": "Hello"})
    assert (reply.status, reply.json["code"]) == (502, "upstream_invalid")
    assert "gzip" in reply.json["message"]
    bomb = gzip.compress(b"\0" * 50_000_000).decode("latin-1")
    model_server.script([["headers", {"Content-Encoding": "gzip"}, 500], ["raw", bomb], ["end"]])
    reply = api.post("/chat", {"prompt": "Hello"})
    assert (reply.status, len(reply.body) < 1000) == (502, True)


@pytest.mark.parametrize("endless", [["wire", "0\r\n" + "X: y\r\n" * 400_000], ["wire", "1;" + "x" * 3_000_000]])
def test_framing_without_an_end_is_cut(api: Api, model_server: ModelServer, endless: list[Any]) -> None:
    model_server.script([["text", "Hel"], ["sleep", 0.05], endless])
    _, frames = api.answer("Hello")
    assert (text_of(frames), frames[-1][1]["state"]) == ("Hel", "upstream_error")
