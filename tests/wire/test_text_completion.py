"""A text completion told from a chat: what is asked, and what comes back."""

import json
from typing import Any

import pytest

from chatstream.errors import BadRequest, UpstreamInvalid
from chatstream.wire.formats.text_completion import Retelling
from chatstream.wire.sse import Event


def as_chat(**fields: Any) -> dict[str, Any]:
    return Retelling({"model": "m", "prompt": "Hello", **fields}).as_chat()


def retold(*deltas: dict[str, Any], finish: str | None = None, **fields: Any) -> list[dict[str, Any]]:
    """The choices that come of chat chunks with these deltas, and of one with this finish reason."""
    retelling = Retelling({"model": "m", "prompt": "Hello", **fields})
    retelling.as_chat()
    choices = [{"index": delta.pop("index", 0), "delta": delta, "finish_reason": None} for delta in deltas]
    choices += [{"index": 0, "delta": {}, "finish_reason": finish}] if finish else []
    events = retelling.events([Event(json.dumps({"choices": [choice]})) for choice in choices])
    return [json.loads(event.data)["choices"][0] for event in events]


def text(*deltas: dict[str, Any], finish: str | None = "stop", **fields: Any) -> str:
    return "".join(choice["text"] for choice in retold(*deltas, finish=finish, **fields))


@pytest.mark.parametrize("prompt", ["Hello", ["Hello"]])
def test_the_prompt_becomes_a_message_and_the_rest_stays(prompt: Any) -> None:
    kept = {"model": "m", "max_tokens": 5, "n": 2, "stop": ["x"], "stream": True, "new": [1]}
    left_out = {"echo": True, "suffix": "", "best_of": 2, "logprobs": None}
    assert as_chat(prompt=prompt, **kept, **left_out) == {**kept, "messages": [{"role": "user", "content": "Hello"}]}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"prompt": ["a", "b"]}, "one prompt"),
        ({"prompt": [1, 2]}, "one prompt"),
        ({"prompt": [[1, 2]]}, "one prompt"),
        ({"suffix": "end"}, "suffix"),
        ({"logprobs": 0}, "logprobs"),
        ({"best_of": 2}, "best_of"),
        ({"best_of": 3, "n": 2}, "best_of"),
    ],
)
def test_what_a_chat_cannot_do_is_refused(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadRequest, match=sentence):
        as_chat(**fields)


def test_until_it_is_a_chat_everything_stays_as_it_is() -> None:
    events = [Event('{"choices": [{"delta": {"content": "a"}}], "x": 1.0}'), Event("nonsense")]
    assert Retelling({"prompt": "Hello"}).events(events) == events


def test_a_chunk_is_told_with_all_that_is_around_its_choices() -> None:
    retelling = Retelling({"prompt": "Hello"})
    retelling.as_chat()
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 5, "model": "m", "timings": {"x": 1}}
    choice = {"index": 1, "delta": {"role": "assistant", "content": "Hel"}, "logprobs": {"content": []}}
    (event,) = retelling.events([Event(json.dumps({**chunk, "choices": [choice], "usage": None}), id="7")])
    assert (event.event, event.id) == ("message", "")
    assert json.loads(event.data) == {
        **chunk,
        "object": "text_completion",
        "choices": [{"text": "Hel", "index": 1, "logprobs": None, "finish_reason": None}],
        "usage": None,
    }


def test_usage_comes_with_no_choices() -> None:
    retelling = Retelling({"prompt": "Hello"})
    retelling.as_chat()
    for choices in ([], None):
        (event,) = retelling.events([Event(json.dumps({"choices": choices, "usage": {"total_tokens": 3}}))])
        assert json.loads(event.data) == {
            "choices": [],
            "usage": {"total_tokens": 3},
            "object": "text_completion",
        }


def test_thoughts_are_no_text_in_whatever_form() -> None:
    assert text({"reasoning_content": "hm"}, {"reasoning": "hm"}, {"content": "Hello"}) == "Hello"
    assert text({"content": "<thi"}, {"content": "nk>hm</think>\n\nHel"}, {"content": "lo"}) == "Hello"
    assert [choice["text"] for choice in retold({"reasoning_content": "hm"})] == [""]


def test_what_was_held_back_comes_with_the_finish_reason() -> None:
    choices = retold({"content": "<thi"}, finish="length")
    assert [(choice["text"], choice["finish_reason"]) for choice in choices] == [("", None), ("<thi", "length")]


def test_a_refusal_is_text() -> None:
    assert text({"refusal": "No."}) == "No."


def test_each_choice_has_thoughts_of_its_own() -> None:
    choices = retold({"content": "<think>a"}, {"content": "b", "index": 1}, {"content": "</think>c"})
    assert [(choice["index"], choice["text"]) for choice in choices] == [(0, ""), (1, "b"), (0, "c")]


def test_echo_puts_the_prompt_before_each_choice_once() -> None:
    choices = retold({"role": "assistant"}, {"content": "a"}, {"content": "b", "index": 1}, echo=True, prompt=["Hi "])
    assert [choice["text"] for choice in choices] == ["Hi ", "a", "Hi b"]


def test_halves_of_a_character_go_on_as_they_came() -> None:
    assert text({"content": "a\ud83d"}, {"content": "\ude00b"}) == "a\ud83d\ude00b"


@pytest.mark.parametrize("data", ["nonsense", '{"x": NaN}', "[" * 100_000])
def test_what_is_no_chunk_is_named(data: str) -> None:
    retelling = Retelling({"prompt": "Hello"})
    retelling.as_chat()
    with pytest.raises(UpstreamInvalid, match="no chunk of an answer"):
        retelling.events([Event(data)])
