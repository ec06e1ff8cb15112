"""LLMClient against a real model server, well-behaved and not, and against ChatStream's /v1."""

import contextlib
import gzip
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chatstream.client import LLMClient
from chatstream.errors import (
    ChatStreamError,
    UpstreamBroke,
    UpstreamError,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from tests.client.programs import run
from tests.servers.model_server import ModelServer, answer, failure
from tests.web.fault import Fault
from tests.web.upstream_faults import FAULTS

LEFT = {"client_closed", "client_reset"}
NEVER = ["gate", "never"]
KNOWN = {"state", "content", "reasoning", "tool_calls", "finish_reason", "model", "usage", "timings", "error"}
OF_SETTINGS = ("brief",)
"""Rows of the golden table about limits that are settings of the server."""
ROWS = [fault for fault in FAULTS if fault.server not in OF_SETTINGS and fault.name != "10⁵ tiny chunks"]


def url_for(fault: Fault, model_server: ModelServer) -> str:
    return "http://127.0.0.1:9/v1" if fault.server == "nowhere" else model_server.url


@pytest.mark.parametrize("fault", ROWS, ids=[fault.name for fault in ROWS])
def test_the_golden_table(fault: Fault, model_server: ModelServer) -> None:
    """Each row as ChatStream itself has it: text, reasoning, end, error, one call, and who ended it."""
    model_server.script(fault.script)
    known: dict[str, Any] = {}
    began = time.monotonic()
    with LLMClient(url_for(fault, model_server), model="m", timeout=0.4 if fault.slow else 30) as client:
        pieces: list[str] = []
        error = took(client, pieces, known)
        check_upstream(fault, model_server)
    assert time.monotonic() - began < 20  # whatever has no end was not read for ever
    assert ("".join(pieces), known["content"]) == (fault.joined("text"), fault.joined("text"))
    assert (known["reasoning"], known["state"], known["usage"]) == (fault.joined("reasoning"), fault.state, fault.usage)
    assert set(known) == KNOWN
    assert (error.code if error else None) == fault.code
    assert known["error"] == ({"message": str(error), "code": fault.code} if error else None)
    if error and not fault.slow:
        assert same_sentence(str(error), fault.sentence)


def took(client: LLMClient, pieces: list[str], known: dict[str, Any]) -> ChatStreamError | None:
    """The error behind the last piece, if there was one."""
    try:
        for piece in client.generate_stream("Hello", debug_info=known):
            pieces.append(piece)  # noqa: PERF402 – what came before an error counts
    except ChatStreamError as error:
        return error
    return None


def same_sentence(said: str, wanted: str) -> bool:
    return said.startswith(wanted[:-1]) if wanted.endswith("…") else said == wanted


def check_upstream(fault: Fault, model_server: ModelServer) -> None:
    """One call, and nobody was left waiting."""
    calls = 0 if fault.upstream == "none" else 1
    log = model_server.wait_ended(calls)
    assert len(log) == calls
    if fault.upstream == "left":
        assert {entry["ended"] for entry in log} <= LEFT


def test_a_whole_answer(llm: LLMClient, model_server: ModelServer) -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    model_server.script([["sleep", 0.05], *answer("one two three", pause=0.05)])
    found = llm.generate("Count")
    assert (found.content, found.tool_calls, found.usage, found.finish_reason) == ("one two three", [], usage, "stop")
    assert (found.state, found.model, found.reasoning) == ("complete", "test-model", "")
    assert found.message == {"role": "assistant", "content": "one two three"}
    first, total, rate = ((found.timings or {})[name] or 0 for name in ("firstTokenMs", "totalMs", "tokensPerSecond"))
    assert first >= 100
    assert total >= 200
    assert rate > 0


def test_text_comes_as_it_is_written(llm: LLMClient, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["gate", "more"], ["text", "lo"], ["finish", "stop"], ["done"], ["end"]])
    stream = llm.generate_stream("Hello")
    assert next(stream) == "Hel"
    model_server.release("more")
    assert list(stream) == ["lo"]


def test_what_is_sent(llm: LLMClient, model_server: ModelServer) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
    ]
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    sampling = {"temperature": 0, "top_p": 0.5, "max_tokens": 9}
    llm.generate(messages, model="other", tools=tools, tool_choice="required", extra_body={"seed": 3}, **sampling)
    (entry,) = model_server.requests()
    assert entry["body"] == {
        "messages": messages,
        "model": "other",
        "tools": tools,
        "tool_choice": "required",
        "seed": 3,
        "stream": True,
        "stream_options": {"include_usage": True},
        **sampling,
    }
    assert [name for name in entry["headers"] if name.startswith("x-stainless-os")] == []


def test_what_is_left_out_is_not_sent(llm: LLMClient, model_server: ModelServer) -> None:
    llm.generate("Hi", temperature=None)
    (entry,) = model_server.requests()
    assert set(entry["body"]) == {"messages", "model", "stream", "stream_options"}


def test_an_option_that_is_none_is_refused(llm: LLMClient, model_server: ModelServer) -> None:
    with pytest.raises(TypeError, match="There is no option 'temprature'"):
        llm.generate("Hi", temprature=1)  # type: ignore[call-arg]
    assert model_server.log() == []


def test_only_the_given_key_is_sent(model_server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "of-somebody")
    for key in (None, "mine"):
        with LLMClient(model_server.url, api_key=key, model="m") as client:
            client.generate("Hi")
    sent = [entry["headers"]["authorization"] for entry in model_server.requests()]
    assert sent == ["Bearer none", "Bearer mine"]


def test_no_proxy_of_the_environment(model_server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with LLMClient(model_server.url, model="m") as client:
        assert client.generate("Hi").content == "Hello world"


def test_without_a_model_the_first_listed_is_asked_for(model_server: ModelServer) -> None:
    with LLMClient(model_server.url) as client:
        assert client.models() == ["test-model"]
        client.generate("Hi")
        client.generate("Hi")
    assert [entry["body"]["model"] for entry in model_server.requests()] == ["test-model", "test-model"]
    assert len(model_server.log()) == 4  # the list was asked for twice: by name, and once for both questions


@pytest.mark.parametrize("listed", [failure(404, "no"), [["status", 200, {}, {"object": "list", "data": []}]]])
def test_a_server_that_lists_no_models_judges_for_itself(listed: list[Any], model_server: ModelServer) -> None:
    model_server.models(listed)
    with LLMClient(model_server.url) as client:
        client.generate("Hi")
    assert model_server.requests()[0]["body"]["model"] == "default"


def test_the_model_that_writes_is_told(llm: LLMClient, model_server: ModelServer) -> None:
    chunk = {"model": "the-real-one", "choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]}
    model_server.script([["chunk", chunk], ["done"], ["end"]])
    assert llm.generate("Hi", model="alias").model == "the-real-one"


def test_tool_calls_are_put_together_by_index(llm: LLMClient, model_server: ModelServer) -> None:
    pieces = [
        {"index": 0, "id": "a", "function": {"name": "add", "arguments": '{"x"'}},
        {"index": 1, "id": "b", "function": {"name": "clock", "arguments": ""}},
        {"index": 0, "function": {"arguments": ": 1}"}},
        {"index": 1, "function": {"arguments": "{}"}},
    ]
    deltas = [["delta", {"tool_calls": [piece]}] for piece in pieces]
    model_server.default([["text", "Let me see."], *deltas, ["finish", "tool_calls"], ["done"], ["end"]])
    found, known = llm.generate("Add"), dict[str, Any]()
    add, clock = {"id": "a", "name": "add", "arguments": '{"x": 1}'}, {"id": "b", "name": "clock", "arguments": "{}"}
    calls = [{**add, "at": 11}, {**clock, "at": 11}]
    assert (found.content, found.tool_calls, found.finish_reason) == ("Let me see.", calls, "tool_calls")
    assert list(llm.generate_stream("Add", debug_info=known)) == ["Let me see."]
    assert known["tool_calls"] == calls
    assert found.message["tool_calls"][0] == {
        "id": "a",
        "type": "function",
        "function": {"name": "add", "arguments": '{"x": 1}'},
    }
    kinds = [(kind, data) for kind, data in llm.deltas("Add") if kind == "toolCall"]
    assert [data["arguments"] for _, data in kinds] == ['{"x"', "", ": 1}", "{}"]


def test_leaving_early_closes_the_connection(llm: LLMClient, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["gate", "never"]])
    known: dict[str, Any] = {}
    stream = llm.generate_stream("Hello", debug_info=known)
    assert next(stream) == "Hel"
    assert known == {}
    stream.close()  # type: ignore[attr-defined]
    assert model_server.wait_ended(1)[0]["ended"] in LEFT
    assert (known["state"], known["content"], known["error"]) == ("stopped", "Hel", None)


def test_leaving_by_break_closes_the_connection(llm: LLMClient, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["gate", "never"]])
    for _ in llm.generate_stream("Hello"):
        break
    assert model_server.wait_ended(1)[0]["ended"] in LEFT


def test_what_was_known_of_a_failed_answer(llm: LLMClient, model_server: ModelServer) -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}
    model_server.script([["reasoning", "hm"], ["text", "Hel"], ["usage", usage], ["sleep", 0.05], ["rst"]])
    known: dict[str, Any] = {}
    with pytest.raises(UpstreamBroke, match="broke after 2 tokens"):
        llm.generate("Hello", debug_info=known)
    assert (known["content"], known["reasoning"], known["usage"]) == ("Hel", "hm", usage)
    assert (known["state"], known["finish_reason"], known["model"]) == ("upstream_error", None, "test-model")
    assert known["timings"]["firstTokenMs"] is not None


def test_a_refusal_keeps_its_status(llm: LLMClient, model_server: ModelServer) -> None:
    model_server.script(failure(404, "no such model"))
    with pytest.raises(UpstreamRejected, match="no such model") as raised:
        llm.generate("Hello")
    assert raised.value.upstream_status == 404


def test_what_is_packed_unasked_is_not_unpacked(llm: LLMClient, model_server: ModelServer) -> None:
    packed = gzip.compress(b'{"error": {"message": "from a small parcel"}}').decode("latin-1")
    model_server.script([["headers", {"Content-Encoding": "gzip"}, 500], ["raw", packed], ["end"]])
    with pytest.raises(UpstreamError) as raised:
        llm.generate("Hello")
    assert "parcel" not in str(raised.value)


def test_comments_do_not_make_a_silent_server_patient(model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["repeat", 999, [["raw", ": hm\n\n"], ["sleep", 0.05]]]])
    silent = pytest.raises(UpstreamTimeout, match=r"silent for 0\.3 s in the middle")
    with LLMClient(model_server.url, model="m", timeout=0.3) as client, silent:
        client.generate("Hello")
    assert model_server.wait_ended(1)[0]["ended"] in LEFT


def test_a_list_of_models_that_does_not_come(model_server: ModelServer) -> None:
    model_server.models(failure(500, "no memory"))
    with LLMClient(model_server.url) as client, pytest.raises(UpstreamError, match="no memory"):
        client.models()
    with LLMClient("http://127.0.0.1:9/v1") as client, pytest.raises(UpstreamUnreachable):
        client.generate("Hello")


def test_many_threads_share_a_client(llm: LLMClient, model_server: ModelServer) -> None:
    model_server.default([["gate", "all"], *answer("one two")])
    with ThreadPoolExecutor(120) as threads:
        answers = [threads.submit(llm.generate, "Hello") for _ in range(120)]
        model_server.wait(lambda log: len(log) == 120)  # none waits for another's connection
        model_server.release("all")
        assert {found.result().content for found in answers} == {"one two"}


def test_a_server_that_does_not_end_a_whole_answer_is_not_waited_for(
    llm: LLMClient, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatstream.client.llm.REST_S", 0.3)
    model_server.script([["text", "Hel"], ["finish", "stop"], NEVER])
    assert llm.generate("Hello").state == "complete"  # well before the client's timeout of two minutes
    assert model_server.wait_ended(1)[0]["ended"] in LEFT


# -- ChatStream's own /v1


def test_chatstream_answers(relayed: LLMClient, model_server: ModelServer) -> None:
    model_server.script([["reasoning", "hm"], *answer("one two three")])
    known: dict[str, Any] = {}
    assert "".join(relayed.generate_stream("Hello", debug_info=known)) == "one two three"
    assert (known["reasoning"], known["usage"]["completion_tokens"], known["state"]) == ("hm", 3, "complete")
    assert known["model"] == "test-model"


@pytest.mark.parametrize(
    ("script", "text", "sentence"),
    [
        ([["text", "Hel"], ["end"]], "Hel", "without saying that it was whole"),
        ([["text", "Hel"], ["sleep", 0.1], ["rst"]], "Hel", "broke"),
        ([["text", "Hel"], ["chunk", {"error": "no memory"}]], "Hel", "no memory"),
        (failure(429, "slow down"), "", "slow down"),
    ],
)
def test_chatstream_passes_failures_on(
    script: list[Any], text: str, sentence: str, relayed: LLMClient, model_server: ModelServer
) -> None:
    model_server.script(script)
    known: dict[str, Any] = {}
    with pytest.raises(UpstreamError, match=sentence):
        relayed.generate("Hello", debug_info=known)
    assert (known["content"], known["state"]) == (text, "upstream_error")
    assert len(model_server.requests()) == 1


def test_leaving_chatstream_leaves_the_model_server(relayed: LLMClient, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], NEVER])
    with contextlib.closing(relayed.generate_stream("Hello")) as stream:  # type: ignore[type-var]
        assert next(stream) == "Hel"
    assert model_server.wait_ended(1)[0]["ended"] in LEFT


# -- a program of its own

PROGRAM = """
import sys
from chatstream.client import LLMClient
with LLMClient(sys.argv[1], model="m", timeout=5) as client:
    print("".join(client.generate_stream("Hello")))
strange = {"gevent", "flask", "pymongo", "gunicorn"} & set(sys.modules)
assert not strange, strange
"""


def test_a_plain_program_needs_neither_gevent_nor_the_server(model_server: ModelServer) -> None:
    assert run(PROGRAM, model_server.url) == "Hello world"
