"""Chunks put together: OpenAI's object of a whole answer, whatever the pieces."""

import json
from typing import Any

import pytest

from chatstream.errors import Busy, UpstreamInvalid
from chatstream.wire.completion import Completion, TextCompletion
from chatstream.wire.events import RunEvent, assembled, size
from chatstream.wire.formats import openai
from chatstream.wire.sse import Event


def put_together(*chunks: Any) -> dict[str, Any]:
    completion = Completion()
    for chunk in chunks:
        completion.add(chunk if isinstance(chunk, str) else json.dumps(chunk))
    return completion.value()


def delta(index: int = 0, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": index, "delta": fields, "finish_reason": finish}]}


def message(*chunks: Any) -> dict[str, Any]:
    found: dict[str, Any] = put_together(*chunks)["choices"][0]["message"]
    return found


def test_texts_are_joined_and_the_envelope_is_kept() -> None:
    usage = {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [], "usage": {"total_tokens": 3}}
    whole = put_together(
        delta(role="assistant"), delta(content="Hel"), delta(content="lo"), delta(finish="stop"), usage
    )
    assert whole == {
        "object": "chat.completion",
        "id": "c",
        "model": "m",
        "usage": {"total_tokens": 3},
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"},
        ],
    }


def test_choices_stand_by_their_index() -> None:
    whole = put_together(delta(1, content="b"), delta(content="a"), delta(1, "stop"), {"choices": None})
    assert [choice["message"]["content"] for choice in whole["choices"]] == ["a", "b"]


def test_tool_calls_are_joined_by_their_index() -> None:
    first = {"index": 0, "id": "x", "type": "function", "function": {"name": "clock", "arguments": '{"a'}}
    calls = [[first], [{"index": 0, "function": {"arguments": '":1}'}}], [{"id": "y", "function": None}]]
    found = message(*(delta(tool_calls=call) for call in calls))["tool_calls"]
    assert found == [
        {"id": "x", "type": "function", "function": {"name": "clock", "arguments": '{"a":1}'}},
        {"id": "y", "type": "function", "function": {"name": "", "arguments": ""}},
    ]


def test_fields_that_no_standard_names_are_kept() -> None:
    logprobs = [{"choices": [{"delta": {}, "logprobs": {"content": [n], "refusal": None}}]} for n in (1, 2)]
    whole = put_together(
        *logprobs, delta(reasoning_content="h"), delta(reasoning_content="m", score=1, role="assistant")
    )
    choice = whole["choices"][0]
    assert choice["logprobs"] == {"content": [1, 2], "refusal": None}
    assert (choice["message"]["reasoning_content"], choice["message"]["score"]) == ("hm", 1)


def test_halves_of_characters_are_joined() -> None:
    assert message(delta(content="a\ud83d"), delta(content="\ude00b\udc00"))["content"] == "a😀b\ufffd"


@pytest.mark.parametrize(
    "chunk",
    [
        "nonsense",
        "[]",
        '{"x": NaN}',
        '{"choices": 5}',
        '{"choices": [5]}',
        '{"choices": [{"index": "0"}]}',
        '{"choices": [{"index": 2048}]}',
        '{"choices": [{"delta": 5}]}',
        '{"choices": [{"delta": {"tool_calls": 5}}]}',
        '{"choices": [{"delta": {"tool_calls": [{"index": -1}]}}]}',
    ],
)
def test_what_is_no_chunk_is_named(chunk: str) -> None:
    with pytest.raises(UpstreamInvalid, match="no chunk of an answer"):
        put_together(chunk)


def test_frames_are_the_data_alone() -> None:
    events = [Event('{"a":1}', "odd", "7"), Event("two\nlines")]
    assert openai.frames(events) == b'data: {"a":1}\n\ndata: two\ndata: lines\n\n'
    error = json.loads(openai.failed(Busy("Later."))[6:])["error"]
    assert error == {"message": "Later.", "type": "api_error", "param": None, "code": "busy"}
    assert openai.problem(400, "No.", "bad_request")["error"]["type"] == "invalid_request_error"


def test_parts_of_a_run_are_put_together_up_to_a_hole() -> None:
    events = [RunEvent("text", str(n), n) for n in range(1, 10)]
    parts = [(1, events[:3]), (3, events[2:5]), (8, events[7:])]
    assert assembled(parts, 0) == events[:5]
    assert assembled(parts, 2) == events[2:5]
    assert assembled(parts[2:], 6) == []
    assert assembled(parts, 7) == events[7:]


def test_the_size_of_a_call_is_that_of_its_texts() -> None:
    assert size(RunEvent("text", "abc", 0)) == 3
    assert size(RunEvent("toolCall", {"index": 0, "id": "x" * 200, "name": "y", "arguments": ""}, 0)) == 301


def test_a_text_completion_has_its_own_form() -> None:
    whole = TextCompletion()
    logprobs = {"tokens": ["Hel"], "token_logprobs": [-0.1]}
    for choice in (
        {"index": 1, "text": "b", "logprobs": None, "finish_reason": None},
        {"index": 0, "text": "Hel", "logprobs": logprobs, "finish_reason": None},
        {"text": "lo", "logprobs": {"tokens": ["lo"], "token_logprobs": [-0.2]}, "finish_reason": "length"},
    ):
        whole.add(json.dumps({"id": "cmpl-1", "object": "text_completion", "choices": [choice]}))
    both = {"tokens": ["Hel", "lo"], "token_logprobs": [-0.1, -0.2]}
    assert whole.value() == {
        "object": "text_completion",
        "id": "cmpl-1",
        "choices": [
            {"text": "Hello", "index": 0, "logprobs": both, "finish_reason": "length"},
            {"text": "b", "index": 1, "logprobs": None, "finish_reason": None},
        ],
    }
