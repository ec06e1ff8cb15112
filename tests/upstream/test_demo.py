"""The demo model's server, in a process of its own, through the openai SDK."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import gevent.socket
import openai
import pytest

from chatstream.upstream import demo
from chatstream.upstream.demo_answers import answer, pieces

ROOT = Path(__file__).parents[2]
DEMO = [sys.executable, "-m", "chatstream.upstream.demo", "--port"]
WEATHER = {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
TOOL = {"type": "function", "function": WEATHER}


class Running(NamedTuple):
    process: subprocess.Popen[str]
    url: str

    def sockets(self) -> int:
        descriptors = Path(f"/proc/{self.process.pid}/fd")
        return sum(os.readlink(link).startswith("socket:") for link in descriptors.iterdir())


@contextlib.contextmanager
def running() -> Iterator[Running]:
    process = subprocess.Popen([*DEMO, "0"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        yield Running(process, process.stdout.readline().split()[-1])
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running() as server:
        yield server.url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=url, api_key="unused", max_retries=0) as client:
        yield client


def ask(client: openai.OpenAI, question: str, **more: Any) -> Any:
    request: dict[str, Any] = {"model": "demo-fast", "messages": [{"role": "user", "content": question}]}
    return client.chat.completions.create(**(request | more))


def text(completion: Any) -> Any:
    return completion.choices[0].message.content


def deltas(chunks: list[Any]) -> list[Any]:
    return [chunk.choices[0].delta for chunk in chunks if chunk.choices]


def post(url: str, body: bytes, path: str = "/chat/completions", method: str = "POST") -> tuple[int, Any, str | None]:
    """Status, JSON, and the Allow header."""
    request = urllib.request.Request(url + path, body or None, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.load(response), None
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)["error"], error.headers["Allow"]


def test_it_lists_its_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["demo", "demo-fast", "demo-slow"]


def test_a_stream_has_openais_form(client: openai.OpenAI) -> None:
    chunks = list(ask(client, "echo One, two", stream=True))
    assert [delta.content for delta in deltas(chunks)] == ["", "One", ",", " two", None]
    assert [delta.role for delta in deltas(chunks)] == ["assistant", None, None, None, None]
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * 4 + ["stop"]
    assert {(chunk.object, chunk.model, chunk.id, chunk.usage) for chunk in chunks} == {
        ("chat.completion.chunk", "demo-fast", chunks[0].id, None)
    }


def test_the_frames_are_single_data_lines_and_end_with_done(url: str) -> None:
    body = {"model": "demo-fast", "stream": True, "messages": [{"role": "user", "content": "echo a\r\nb\u2028c"}]}
    request = urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=10) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        *frames, done, rest = response.read().decode().split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    assert all(re.fullmatch(r"data: \{.*\}", frame) for frame in frames)
    assert "usage" not in frames[0]


def test_usage_comes_last_without_choices(client: openai.OpenAI) -> None:
    *before, last = ask(client, "echo One, two", stream=True, stream_options={"include_usage": True})
    assert last.choices == []
    assert (last.usage.prompt_tokens, last.usage.completion_tokens, last.usage.total_tokens) == (4, 3, 7)
    assert all(chunk.usage is None and "usage" in chunk.model_fields_set for chunk in before)


def test_one_json_object_without_stream(client: openai.OpenAI) -> None:
    parts = [{"type": "text", "text": "echo  One, "}, {"type": "text", "text": "two"}]
    completion = ask(client, "", messages=[{"role": "user", "content": parts}])
    assert completion.object == "chat.completion"
    assert text(completion) == " One, two"
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage.completion_tokens == len(pieces(" One, two"))


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_the_token_limit_is_kept(client: openai.OpenAI, name: str) -> None:
    limit: dict[str, Any] = {name: 3}
    completion = ask(client, "count to 10", **limit)
    assert text(completion) == "1 2 3"
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage.completion_tokens == 3
    chunks = list(ask(client, "count to 10", stream=True, **limit))
    assert "".join(delta.content or "" for delta in deltas(chunks)) == "1 2 3"
    assert chunks[-1].choices[0].finish_reason == "length"
    assert ask(client, "count to 3", **limit).choices[0].finish_reason == "stop"


def test_reasoning_precedes_content(client: openai.OpenAI) -> None:
    chunks = list(ask(client, "reasoning", stream=True))
    kinds = ["R" if getattr(delta, "reasoning_content", None) else "C" for delta in deltas(chunks)[1:-1]]
    assert re.fullmatch("R{20,}C{20,}", "".join(kinds))
    completion = ask(client, "reasoning")
    assert completion.choices[0].message.reasoning_content == answer("reasoning").reasoning
    assert "thinking phase" in text(completion)
    assert completion.usage.completion_tokens_details.reasoning_tokens == kinds.count("R")


def test_a_tool_call_streams_in_fragments_and_its_result_is_quoted(client: openai.OpenAI) -> None:
    chunks = list(ask(client, "use the tool", stream=True, tools=[TOOL]))
    calls = [delta.tool_calls[0] for delta in deltas(chunks) if delta.tool_calls]
    assert (calls[0].type, calls[0].function.name, calls[0].function.arguments) == ("function", "weather", "")
    assert {call.index for call in calls} == {0}
    assert [call.id for call in calls[1:]] == [None] * (len(calls) - 1)
    assert len(calls) > 3
    assert json.loads("".join(call.function.arguments for call in calls)) == {"city": "demo"}
    assert chunks[-1].choices[0].finish_reason == "tool_calls"

    assert "offered no tools" in text(ask(client, "use the tool", tools=[TOOL], tool_choice="none"))
    message = ask(client, "use the tool", tools=[TOOL]).choices[0].message
    assert (message.content, message.tool_calls[0].type) == (None, "function")
    assert json.loads(message.tool_calls[0].function.arguments) == {"city": "demo"}
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "21 °C"}
    followed = [{"role": "user", "content": "use the tool"}, message.model_dump(exclude_none=True), result]
    assert "> 21 °C" in text(ask(client, "", messages=followed, tools=[TOOL]))


def test_the_end_of_the_conversation_is_what_counts(client: openai.OpenAI) -> None:
    turns = [("user", "echo first"), ("assistant", None), ("user", "echo last"), ("assistant", "…")]
    messages = [{"role": role, "content": content} for role, content in turns]
    assert text(ask(client, "", messages=messages)) == "last"
    messages += [{"role": "tool", "tool_call_id": id, "content": id} for id in ("one", "two")]
    assert "> one\n\n> two" in text(ask(client, "", messages=messages))


@pytest.mark.alone
def test_words_come_at_their_own_time(client: openai.OpenAI) -> None:
    arrived = [time.monotonic() for _ in ask(client, "count to 11", model="demo", stream=True)]
    assert arrived[-1] - arrived[1] > 0.2  # ten tokens after the first, at forty a second, less what a client lags


def test_an_unknown_model_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        ask(client, "hello", model="gpt-none", stream=True)
    assert caught.value.code == "model_not_found"
    assert "gpt-none" in caught.value.message
    assert "demo-slow" in caught.value.message


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{", None),
        (b'{"model":"\xff"}', None),
        (b'{"a":' + b"[" * 100_000, None),
        (b'{"model":"demo","messages":[{"role":"user","content":"\\ud83d"}]}', None),
        (b"[]", None),
        (b'{"messages":[{"role":"user","content":"x"}]}', "model"),
        (b'{"model":"demo"}', "messages"),
        (b'{"model":"demo","messages":[]}', "messages"),
        (b'{"model":"demo","messages":[{"role":"king","content":"x"}]}', "messages[0].role"),
        (b'{"model":"demo","messages":[{"role":"user"}]}', "messages[0].content"),
        (b'{"model":"demo","messages":[{"role":"user","content":"x"}],"max_tokens":0}', "max_tokens"),
        (b'{"model":"demo","messages":[{"role":"user","content":"x"}],"n":2}', "n"),
    ],
)
def test_a_bad_body_is_refused_with_a_sentence(url: str, body: bytes, param: str | None) -> None:
    status, error, _ = post(url, body)
    assert status == 400
    assert len(error.pop("message")) > 20
    assert error == {"type": "invalid_request_error", "param": param, "code": None}


def test_paths_methods_and_sizes_are_checked(url: str) -> None:
    assert post(url, b"{}", "/embeddings")[0] == 404
    assert post(url, b"", method="GET")[::2] == (405, "POST")
    assert post(url, b"{}", "/models")[::2] == (405, "GET")
    assert post(url, b" " * demo.BODY_MAX)[0] == 400
    assert post(url, b" " * (demo.BODY_MAX + 1))[0] == 413


def test_a_departed_client_leaves_nothing_behind() -> None:
    with running() as server:
        before = server.sockets()
        with openai.OpenAI(base_url=server.url, api_key="unused", max_retries=0) as client:
            stream = ask(client, "a long answer", model="demo-slow", stream=True)
            next(iter(stream))
            assert server.sockets() == before + 1
            stream.close()
        deadline = time.monotonic() + 20
        while server.sockets() > before and time.monotonic() < deadline:
            time.sleep(0.05)
        assert server.sockets() == before


def test_ctrl_c_ends_it_without_a_word() -> None:
    with running() as server:
        assert post(server.url, b"", "/models", "GET")[0] == 200
        server.process.send_signal(signal.SIGINT)
        printed, complained = server.process.communicate(timeout=20)
        assert (server.process.returncode, printed, complained) == (0, "", "")


def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run([*DEMO, port], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 2
    assert f"cannot listen on port {port}" in ended.stderr


def test_it_serves_in_the_present_process_too() -> None:
    server = demo.serve()
    try:
        with gevent.socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as connection:
            connection.sendall(b"GET /v1/models HTTP/1.0\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 200 OK")
    finally:
        server.stop()
