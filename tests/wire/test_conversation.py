"""What a model is told of its own tool calls."""

from typing import Any

import pytest

from chatstream.wire.conversation import answered, called, stretches
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


def test_calls_know_how_much_was_said_before_them() -> None:
    def piece(index: int) -> RunEvent:
        return RunEvent("toolCall", {"index": index, "id": "a", "name": "f", "arguments": ""}, 0)

    text = RunEvent("text", "Let me 😀 see.", 0)
    found = tool_calls([piece(0), text, RunEvent("reasoning", "hm", 0), piece(1), piece(2), text, piece(1)])
    assert found is not None
    assert [call.get("at") for call in found] == [None, 13, 13]


TEXT = "One. Two. Three."


@pytest.mark.parametrize(
    ("places", "parts"),
    [
        ([], [(0, TEXT)]),
        ([0, 0], [(2, TEXT)]),
        ([5], [(0, "One. "), (1, "Two. Three.")]),
        ([0, 5, 5, 10], [(1, "One. "), (2, "Two. "), (1, "Three.")]),
        ([16], [(0, TEXT), (1, "")]),
        ([99, 16, 5], [(0, "One. "), (1, "Two. Three."), (2, "")]),
    ],
)
def test_an_answer_is_told_in_its_order(places: list[int], parts: list[tuple[int, str]]) -> None:
    found = stretches(TEXT, [call(at=at) if at else call() for at in places])
    assert [(len(calls), text) for calls, text in found] == parts


def test_an_answer_without_text_is_its_calls_alone() -> None:
    assert stretches("", None) == [([], "")]
    assert stretches("", [call()]) == [([call()], "")]


def test_the_model_is_told_where_it_called() -> None:
    run, not_run = call(result="2", failed=False, at=5), call("c2", at=9)
    first, result, last = answered("One. \n\nTwo. Three.", [run, not_run])
    assert (first["content"], result["content"], last["content"]) == ("One. ", "2", "Two. Three.")
    assert answered("One.", [not_run]) == [{"role": "assistant", "content": "One."}]
    (only, _) = answered("One.", [call(result="2", at=4)])
    assert only["content"] == "One."
    assert answered("", None) == []
