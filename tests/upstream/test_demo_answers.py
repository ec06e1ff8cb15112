"""The demo model: its answers and its cutter, without its server (test_demo.py)."""

import io
import json
import re
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstream.upstream import demo
from chatstream.upstream.demo_answers import SPEEDS, Tool, answer, pieces

FAMILY = "👨\u200d👩\u200d👧\u200d👦"
SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
TROUBLE = st.text("ae1 \t\r\n'’.`#-_\u0301\u200d\ufe0f\u20e3👩👧💻🇫🇷🏽한ก\u0e34नम\u094d\u2028\x00\ud7ff", max_size=60)
TOPICS = {
    "How does streaming work?": "finish_reason",
    "What is SSE?": "`retry`",
    "EventSource": "Last-Event-ID",
    "What happens on reconnecting?": "`204`",
    "What is backpressure?": "receive window",
    "Why does my proxy hold the words back? Buffering?": "proxy_buffering off",
    "What is a token?": "byte-pair encoding",
}


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
