"""Chunks of every dialect, in any cut."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstream.errors import UpstreamInvalid, UpstreamReported
from chatstream.wire.chunks import ChunkReader, Delta, end_state
from chatstream.wire.sse import Event
from chatstream.wire.surrogates import whole


def chunk(**delta: object) -> str:
    return json.dumps({"choices": [{"index": 0, "delta": delta}]})


def read(*datas: str) -> tuple[list[Delta], ChunkReader]:
    reader = ChunkReader()
    found = [delta for data in datas for delta in reader.feed([Event(data)])]
    return found + reader.close(), reader


def joined(deltas: list[Delta], kind: str) -> str:
    return "".join(delta.data for delta in deltas if delta.kind == kind)


def test_text_finish_reason_usage_and_done() -> None:
    finish = json.dumps({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    usage = json.dumps({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2, "x": {"y": 1}}})
    deltas, reader = read(
        chunk(role="assistant", content=""), chunk(content="Hel"), chunk(content="lo"), finish, usage, "[DONE]"
    )
    assert deltas == [Delta("text", "Hel"), Delta("text", "lo")]
    assert (reader.finish_reason, reader.done, reader.error) == ("stop", True, None)
    assert reader.usage == {"prompt_tokens": 3, "completion_tokens": 2}


def test_pieces_of_one_read_are_joined_in_order() -> None:
    reader = ChunkReader()
    events = [
        Event(chunk(content="a")),
        Event(chunk(reasoning="r")),
        Event(chunk(content="b")),
        Event(chunk(content="c")),
    ]
    assert reader.feed(events) == [Delta("text", "a"), Delta("reasoning", "r"), Delta("text", "bc")]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_fields(field: str) -> None:
    assert read(chunk(**{field: "hmm"}))[0] == [Delta("reasoning", "hmm")]


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("<think>\nhmm</think>\n\nyes", "hmm", "yes"),
        ("  <think>a<b</think>c", "a<b", "c"),
        ("<think></think>yes", "", "yes"),
        ("<think>no end </thin", "no end </thin", ""),
        ("Write <think>x</think>", "", "Write <think>x</think>"),
        ("<thinner>", "", "<thinner>"),
        ("\n\n", "", "\n\n"),
        ("<th", "", "<th"),
    ],
)
def test_think_tags_in_one_piece_and_in_single_characters(text: str, reasoning: str, answer: str) -> None:
    for pieces in ([text], list(text)):
        deltas, _ = read(*(chunk(content=piece) for piece in pieces))
        assert (joined(deltas, "reasoning"), joined(deltas, "text")) == (reasoning, answer)


@given(st.text(st.sampled_from("<think>/ ab\n"), max_size=40), st.data())
def test_think_tags_in_any_cut(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    pieces = [text[a:b] for a, b in itertools.pairwise([0, *cuts, len(text)])]
    one, many = read(chunk(content=text))[0], read(*(chunk(content=piece) for piece in pieces))[0]
    assert [joined(one, k) for k in ("text", "reasoning")] == [joined(many, k) for k in ("text", "reasoning")]


@given(st.text("a😀\ud83d\ude00é", max_size=12), st.data())
def test_surrogates_cut_anywhere_come_out_whole(text: str, data: st.DataObject) -> None:
    units = text.encode("utf-16-le", "surrogatepass")
    cuts = sorted(data.draw(st.sets(st.integers(0, len(units) // 2), max_size=6)))
    bounds = itertools.pairwise([0, *cuts, len(units) // 2])
    pieces = [units[2 * a : 2 * b].decode("utf-16-le", "surrogatepass") for a, b in bounds]
    found = joined(read(*(chunk(content=piece) for piece in pieces))[0], "text")
    assert found == whole(text)
    found.encode()


def test_tool_calls_are_joined_by_index() -> None:
    def call(index: int | None, id_: str | None = None, name: str | None = None, arguments: str | None = None) -> str:
        return chunk(tool_calls=[{"index": index, "id": id_, "function": {"name": name, "arguments": arguments}}])

    deltas, _ = read(
        call(0, "c0", "clock", ""), call(1, "c1", "sum", '{"a"'), call(0, None, None, "{}"), call(1, "", "", ":1}")
    )
    assert [d.data for d in deltas] == [
        {"index": 0, "id": "c0", "name": "clock", "arguments": ""},
        {"index": 1, "id": "c1", "name": "sum", "arguments": '{"a"'},
        {"index": 0, "id": "c0", "name": "clock", "arguments": "{}"},
        {"index": 1, "id": "c1", "name": "sum", "arguments": ":1}"},
    ]


def test_tool_calls_without_an_index_are_told_apart_by_id() -> None:
    calls = [chunk(tool_calls=[{"id": id_, "function": {"name": "f", "arguments": "{}"}}]) for id_ in ("a", "b", "a")]
    assert [d.data["index"] for d in read(*calls)[0]] == [0, 1, 0]


@pytest.mark.parametrize("index", [-1, 10**9])
def test_a_tool_call_with_an_absurd_index_is_refused(index: int) -> None:
    assert isinstance(read(chunk(tool_calls=[{"index": index}]))[1].error, UpstreamInvalid)


@pytest.mark.parametrize(
    "data",
    [
        '{"choices": null}',
        '{"choices": []}',
        "{}",
        '{"choices": [{}]}',
        '{"choices": [{"index": 1, "delta": {"content": "x"}}]}',
    ],
)
def test_chunks_that_say_nothing(data: str) -> None:
    deltas, reader = read(data)
    assert (deltas, reader.error) == ([], None)


@pytest.mark.parametrize(
    "event",
    [
        Event('{"error": {"message": "out of memory"}}'),
        Event('{"error": "out of memory"}'),
        Event('{"message": "out of memory"}', event="error"),
        Event('"out of memory"', event="error"),
        Event('{"choices": [], "error": {"code": 5, "detail": "out of memory"}}'),
    ],
)
def test_reported_errors_keep_what_came_before(event: Event) -> None:
    reader = ChunkReader()
    assert reader.feed([Event(chunk(content="kept")), event, Event(chunk(content="not read"))]) == [
        Delta("text", "kept")
    ]
    assert isinstance(reader.error, UpstreamReported)
    assert "out of memory" in str(reader.error)


@pytest.mark.parametrize(
    "data",
    ["{", "nonsense", "[1]", '"x"x', "[" * 100_000, '{"choices": 5}', '{"choices": [{"delta": {"content": 5}}]}'],
)
def test_malformed_data_is_an_error_of_ours(data: str) -> None:
    reader = read(data)[1]
    assert isinstance(reader.error, UpstreamInvalid)


def test_nothing_is_read_after_done() -> None:
    deltas, reader = read(chunk(content="a"), "[DONE]", chunk(content="b"), "[DONE]", "nonsense")
    assert (deltas, reader.error) == ([Delta("text", "a")], None)


def test_usage_beyond_64_bits_is_dropped() -> None:
    _, reader = read(json.dumps({"usage": {"prompt_tokens": 2**63, "completion_tokens": 5, "total_tokens": -1}}))
    assert reader.usage == {"completion_tokens": 5}


def test_finish_reasons() -> None:
    reasons = ["stop", "tool_calls", "eos", "length", "content_filter"]
    assert [end_state(r) for r in reasons] == ["complete", "complete", "complete", "length", "filtered"]
    assert {end_state(r) for r in ("error", "abort", "cancelled")} == {"upstream_error"}


def test_usage_takes_whole_numbers_only() -> None:
    _, reader = read(json.dumps({"usage": {"prompt_tokens": True, "completion_tokens": 1.5, "total_tokens": "3"}}))
    assert reader.usage is None


def test_a_tool_call_with_an_absurd_name_is_refused() -> None:
    call = {"index": 0, "id": "i", "function": {"name": "x" * 300}}
    assert isinstance(read(chunk(tool_calls=[call]))[1].error, UpstreamInvalid)


def test_choices_that_were_not_finished_are_known() -> None:
    reader = ChunkReader()
    for index, reason in ((0, None), (1, None), (0, "stop"), (0, None)):
        reader.feed([Event(json.dumps({"choices": [{"index": index, "delta": {}, "finish_reason": reason}]}))])
    assert (reader.finish_reason, reader.unfinished) == ("stop", {1})


def test_a_text_completion_has_deltas_too() -> None:
    pieces = [{"text": "Hel", "index": 0, "finish_reason": None}, {"text": "lo", "index": 0, "finish_reason": "stop"}]
    found, reader = read(*(json.dumps({"choices": [piece]}) for piece in pieces))
    assert (joined(found, "text"), reader.finish_reason, reader.finished) == ("Hello", "stop", 1)


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize(("reason", "gave_up"), [("error", "error"), ("abort", "abort"), ("length", None)])
def test_any_choice_may_say_that_the_model_gave_up(index: int, reason: str, gave_up: str | None) -> None:
    _, reader = read(json.dumps({"choices": [{"index": index, "delta": {}, "finish_reason": reason}]}))
    assert (reader.gave_up, reader.finished) == (gave_up, 1)
