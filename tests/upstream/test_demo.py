"""The demo model: its answers and its cutter, pure; its server, in a process of its own, through the openai SDK."""

import contextlib
import io
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
from types import SimpleNamespace
from typing import Any, NamedTuple

import gevent.socket
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstream.upstream import demo
from chatstream.upstream.demo_answers import SPEEDS, Tool, answer, pieces

ROOT = Path(__file__).parents[2]
DEMO = [sys.executable, "-m", "chatstream.upstream.demo", "--port"]
FAMILY = "👨\u200d👩\u200d👧\u200d👦"
SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
TROUBLE = st.text("ae1 \t\r\n'’.`#-_\u0301\u200d\ufe0f\u20e3👩👧💻🇫🇷🏽한ก\u0e34नम\u094d\u2028\x00\ud7ff", max_size=60)
WEATHER = {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
TOOL = {"type": "function", "function": WEATHER}
TOPICS = {
    "How does streaming work?": "finish_reason",
    "What is SSE?": "`retry`",
    "EventSource": "Last-Event-ID",
    "What happens on reconnecting?": "`204`",
    "What is backpressure?": "receive window",
    "Why does my proxy hold the words back? Buffering?": "proxy_buffering off",
    "What is a token?": "byte-pair encoding",
}


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


@given(st.text() | TROUBLE)
def test_pieces_joined_are_the_text(text: str) -> None:
    cut = pieces(text)
    assert "".join(cut) == text
    assert all(cut)


@given(st.sampled_from(["a", "\u0301", "\u200d", "👩\u200d", "🇫", "-", "\n", "\r\n", " "]), st.integers(500, 3000))
def test_no_piece_is_long_however_uniform_the_text(unit: str, times: int) -> None:
    assert max(map(len, pieces(unit * times))) < 500


def test_pieces_are_words_with_their_space_marks_and_line_ends() -> None:
    cut = ["Yes", ",", " it's", "\n\n", "```", "py", "\r\n", "    ", "x", " =", " {", "}"]
    assert pieces("Yes, it's\n\n```py\r\n    x = {}") == cut


@pytest.mark.parametrize(
    "whole",
    ["👍🏽", "❤️", "1️⃣", "🇫🇷", FAMILY, "🏳️\u200d🌈", "👩\u200d💻", SCOTLAND, "e\u0302\u0323", "नमस\u094dत\u0947", "𠮷"],
)
def test_what_is_seen_as_one_stays_one(whole: str) -> None:
    assert pieces(whole) == [whole]
    assert pieces(f"so {whole}, {whole}\n{whole}") == ["so", f" {whole}", ",", f" {whole}", "\n", whole]
    assert pieces(f"{whole}🇯🇵") == [whole, "🇯🇵"]


@pytest.mark.parametrize(
    "text", ["plain", "  two  spaces ", "lines\n\n\tand tabs\n", FAMILY, "count to 3", "Echo x", ""]
)
def test_echo_keeps_everything(text: str) -> None:
    assert answer(f"ECHO {text}").content == text


def test_counting_within_bounds() -> None:
    assert answer("Please count to 12.").content == "1 2 3 4 5 6 7 8 9 10 11 12"
    assert answer("Count to 10,000").content.endswith(" 9999 10000")
    for number in ("10001", "0", "9" * 5000):
        assert re.search("smaller|nothing", answer(f"count to {number}").content)


def test_emoji_and_right_to_left_text() -> None:
    cut = [piece.strip() for piece in pieces(answer("Show me some EMOJI").content)]
    assert {FAMILY, "🇯🇵", SCOTLAND, "1️⃣", "e\u0301"} <= set(cut)
    for question in ("Write Arabic", "hebrew?", "some right-to-left text"):
        assert re.search("(?s)[\u0600-\u06ff]{4}.*[\u0590-\u05ff]{4}", answer(question).content)


@pytest.mark.parametrize(("question", "fact"), TOPICS.items())
def test_topics_are_explained_with_code_and_a_table(question: str, fact: str) -> None:
    content = answer(question).content
    assert fact in content
    assert content.count("\n```") % 2 == 0 < content.count("\n```")
    assert "\n|---|---|" in content
    assert len([block for block in content.split("\n\n") if len(block) > 150]) >= 3


def test_the_speeds_it_names_are_its_own() -> None:
    rows = [f"| `{name}` | {speed:g} | {300 / speed:g} s |" for name, speed in SPEEDS.items()]
    assert "\n".join(rows) in answer("tokens?").content


def test_markdown_has_each_construct() -> None:
    content = answer("Markdown with a table and code").content
    for start in ("# ", "- ", "  - ", "|", "```", "> "):
        assert re.search(f"^{re.escape(start)}", content, re.MULTILINE), start


def test_the_long_answer_is_long_and_structured() -> None:
    content = answer("Write something long").content
    assert 19_000 < len(pieces(content)) < 21_000
    assert content.count("\n## ") == content.count("|---|") == content.count("```python") > 100
    for question in ("How long does an answer take?", "Is long-polling old?", "As long as it works"):
        assert len(pieces(answer(question).content)) < 1000


@pytest.mark.parametrize("question", ["Hello", "hi there", "Who are you?", "How do I connect Ollama?", ""])
def test_hello_says_what_it_is_and_how_to_connect_a_model(question: str) -> None:
    content = answer(question).content
    for said in ("demo", "not a language model", "OPENAI_BASE_URL", "AI_MODEL", ".env", "11434", "1234", "8080"):
        assert said in content
    for suggested in re.findall("`([^`]+)`", content.partition("To connect")[0]):
        assert "gets no real answer" not in answer(suggested).content


@pytest.mark.parametrize("question", ["Why is the sky blue?", "x" * 30_000, "{braces} %s", "\x00", "word " * 9000])
def test_anything_else_gets_three_short_honest_paragraphs(question: str) -> None:
    content = answer(question).content
    assert "demo and not a language model" in content
    assert f"“{question[:10]}" in content
    assert len(content.split("\n\n")) == 3
    assert 80 <= len(pieces(content)) <= 250


def test_a_tool_call_fits_its_schema() -> None:
    kinds: dict[str, Any] = {"f": {"enum": ["x"], "default": 0}, "g": {"type": "string", "examples": ["6 * 7"]}}
    kinds |= {"a": {"type": "string"}, "b": {"type": "integer"}, "c": {"enum": ["x", "y"]}, "d": {}, "e": True}
    call = answer("use the clock tool", [Tool("weather", {}), Tool("clock", {"properties": kinds})]).tool_call
    assert call
    assert call.name == "clock"
    assert json.loads(call.arguments) == {"a": "demo", "b": 1, "c": "x", "d": "demo", "e": "demo", "f": 0, "g": "6 * 7"}


def test_it_says_that_there_are_no_tools_and_quotes_their_results() -> None:
    assert "offered no tools" in answer("use a tool").content
    assert "\n> 21 °C\n> and rain\n\n> 9:41\n" in answer("tools", [], ["21 °C\nand rain", "9:41"]).content


def test_delays_do_not_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that always sleeps too long."""
    clock = SimpleNamespace(now=0.0)

    def oversleep(seconds: float) -> None:
        clock.now += seconds + 0.01

    monkeypatch.setattr(demo, "time", SimpleNamespace(monotonic=lambda: clock.now, time=lambda: clock.now))
    monkeypatch.setattr(demo, "gevent", SimpleNamespace(sleep=oversleep))
    body = b'{"model":"demo","stream":true,"messages":[{"role":"user","content":"count to 100"}]}'
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/v1/chat/completions", "wsgi.input": io.BytesIO(body)}
    frames = list(demo.app(environ, lambda status, headers, exc_info=None: lambda data: None))
    assert len(frames) == 100 + 3
    assert 99 / 40 <= clock.now <= 99 / 40 + 0.02


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
