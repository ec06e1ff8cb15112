"""What a model is told of its own tool calls."""

from typing import Any

import pytest

from chatstream.wire.conversation import called
from chatstream.wire.events import RunEvent, tool_calls


def call(id_: str = "c1", arguments: str = '{"a":1}', **result: Any) -> dict[str, Any]:
    return {"id": id_, "name": "f", "arguments": arguments, **result}


def test_a_call_and_its_result() -> None:
    asked = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    assert called([call(result="2", failed=False)], "So:") == [
        {"role": "assistant", "content": "So:", "tool_calls": [asked]},
        {"role": "tool", "tool_call_id": "c1", "content": "2"},
    ]


def test_calls_that_were_not_run_are_no_part_of_it() -> None:
    assert called([call()]) == []
    first, result = called([call("a"), call("b", result="2")])
    assert ([c["id"] for c in first["tool_calls"]], result["tool_call_id"]) == (["b"], "b")
    assert first["content"] is None


def test_ids_that_are_missing_or_come_twice_are_made() -> None:
    first, *results = called([call("", result="1"), call("a", result="2"), call("a", result="3")])
    ids = [c["id"] for c in first["tool_calls"]]
    assert ids == [result["tool_call_id"] for result in results] == ["call_0", "a", "call_1"]
    first, *_ = called([call(id_, result="1") for id_ in ("call_0", "", "call_1", "call_1")])
    assert [c["id"] for c in first["tool_calls"]] == ["call_0", "call_2", "call_1", "call_3"]


@pytest.mark.parametrize("arguments", ["", "{", "[1]", "5", "null", '"\\ud800"', "[" * 100_000])
def test_arguments_that_are_no_object_are_left_out(arguments: str) -> None:
    (first, _) = called([call(arguments=arguments, result="1")])
    assert first["tool_calls"][0]["function"]["arguments"] == "{}"


def test_results_are_joined_with_their_calls() -> None:
    piece = {"index": 1, "id": "a", "name": "", "arguments": "{"}
    events = [
        RunEvent("toolCall", piece, 0),
        RunEvent("toolCall", {**piece, "name": "f", "arguments": "}"}, 1),
        RunEvent("toolCall", {**piece, "index": 4, "id": "b"}, 1),
        RunEvent("toolResult", {"index": 1, "id": "a", "name": "f", "content": "2", "failed": False}, 2),
        RunEvent("toolResult", {"index": 2, "id": "x", "name": "f", "content": "2", "failed": False}, 2),
    ]
    assert tool_calls(events) == [
        {"id": "a", "name": "f", "arguments": "{}", "result": "2", "failed": False},
        {"id": "b", "name": "", "arguments": "{"},
    ]
