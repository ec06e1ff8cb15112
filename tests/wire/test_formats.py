"""Every outgoing format, by the table in formats.py, and what is particular to some."""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatstream.errors import WasStopped
from chatstream.wire import formats
from chatstream.wire.events import RunEvent
from chatstream.wire.formats import Encoder, content, eventsource, ui_message
from chatstream.wire.sse import Decoder
from tests.wire.formats import FAILED, RESULT, ROWS, RUN, Row, call, end, event

each = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


def encoded(encoder: Encoder, *batches: list[RunEvent], first: int = 1) -> str:
    out = b""
    for batch in batches:
        out += encoder.frames(first, batch)
        first += len(batch)
    return out.decode()


def singly(events: list[RunEvent]) -> Iterator[list[RunEvent]]:
    return ([one] for one in events)


# -- all formats


def test_every_format_of_a_run_has_its_row() -> None:
    """Modules without an Encoder pass on the model server's own chunks: they encode no Run."""
    modules = {module.name for module in pkgutil.iter_modules(formats.__path__)}
    assert set(ROWS) == {
        name for name in modules if hasattr(importlib.import_module(f"{formats.__name__}.{name}"), "Encoder")
    }


@each
def test_a_run(row: Row) -> None:
    assert encoded(row.new(), RUN) == row.run


@each
def test_a_run_in_single_events(row: Row) -> None:
    assert encoded(row.new(), *singly(RUN)) == row.run


@each
@pytest.mark.parametrize("state", FAILED)
def test_a_failure_shows_no_success_mark(row: Row, state: str) -> None:
    shown = encoded(row.new(), [*RUN[:-1], end(state)])
    if row.success is None:
        assert (row.new().cuts, shown) == (True, row.run)
    else:
        assert row.success in row.run
        assert row.success not in shown
    if state == "upstream_error":
        assert row.failed in shown


@each
@pytest.mark.parametrize("state", ["length", "filtered"])
def test_other_whole_ends_are_no_failures(row: Row, state: str) -> None:
    shown = encoded(row.new(), [*RUN[:-1], end(state)])
    assert "error" not in shown.replace("tool-input-error", "").replace("tool-output-error", "").replace(
        "errorText", ""
    )
    assert row.success is None or row.success.replace("complete", state) in shown


@each
def test_its_head_and_its_heartbeat(row: Row) -> None:
    encoder = row.new()
    assert encoder.headers["Content-Type"]
    assert Decoder().feed(encoder.heartbeat) == []
    assert row.new() is not encoder


# -- content


def lines(encoder: Encoder, *events: RunEvent) -> list[Any]:
    """The JSON of each data line; no `[DONE]`."""
    shown = encoded(encoder, list(events)).replace("data: [DONE]\n\n", "")
    return [json.loads(line.removeprefix("data: ")) for line in shown.split("\n\n")[:-1]]


def test_content_gives_calls_without_results_at_the_end() -> None:
    calls = [call(0, "a", "f", "{"), event("text", "and"), call(0, "a", "f", "}")]
    assert lines(content.Encoder(), *calls, end("complete", finish_reason="tool_calls")) == [
        {"content": "and"},
        {"tool_call": {"id": "a", "name": "f", "arguments": "{}"}},
        {"done": True, "finish_reason": "tool_calls", "state": "complete"},
    ]


def test_content_gives_no_call_that_is_cut() -> None:
    assert lines(content.Encoder(), call(0, "a", "f", "{"), end("stopped")) == [
        {"error": str(WasStopped()), "code": "stopped", "state": "stopped"}
    ]


# -- eventsource

PIECES = st.lists(st.text("\r\n a", min_size=1, max_size=4), max_size=6)


def normal(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(PIECES)
@example(["\r", "\n", "\n"])
@example(["a\r", "\na"])
def test_eventsource_keeps_text_in_any_cut(pieces: list[str]) -> None:
    events = [event("text", piece) for piece in pieces]
    received = Decoder().feed(encoded(eventsource.Encoder("r", "c"), *singly(events)).encode())
    assert "".join(one.data for one in received) == normal("".join(pieces))


@given(PIECES, st.integers(1, 6))
@example(["a\r", "\na"], 1)
@example(["a\r", "\n", "b"], 2)
def test_eventsource_resumes_behind_any_event(pieces: list[str], seen: int) -> None:
    events = [event("text", piece) for piece in pieces]
    before = encoded(eventsource.Encoder("r", "c"), events[:seen])
    behind = encoded(eventsource.Encoder("r", "c", seen), events[seen - 1 :], first=seen)
    received = Decoder().feed((before + behind).encode())
    assert "".join(one.data for one in received) == normal("".join(pieces))


def test_eventsource_names_run_and_number_before_the_first_text() -> None:
    decoder = Decoder()
    assert decoder.feed(encoded(eventsource.Encoder("r", "c"), RUN[:1]).encode()) == []
    assert decoder.last_id == "r.1"


def test_eventsource_counts_a_line_feed_that_was_said_already() -> None:
    assert encoded(eventsource.Encoder("r", "c"), [event("text", "a\r"), event("text", "\n")]) == (
        "id: r.1\ndata: a\ndata: \n\nid: r.2\n\n"
    )


# -- ui_message


def parts(*events: RunEvent) -> list[dict[str, Any]]:
    return lines(ui_message.Encoder(), *events)


def kinds(*events: RunEvent) -> list[str]:
    return [part["type"] for part in parts(*events)]


def test_ui_message_says_stopped_with_abort() -> None:
    assert kinds(event("text", "Hel"), end("stopped"))[-2:] == ["text-end", "abort"]


def test_ui_message_hands_unanswered_calls_to_the_caller() -> None:
    found = parts(call(0, "", "f", ""), end("complete"))
    assert [part["type"] for part in found] == ["tool-input-start", "tool-input-available", "finish-step", "finish"]
    assert (found[0]["toolCallId"], found[1]["input"]) == ("call-0", {})


@pytest.mark.parametrize(("state", "reason"), [("complete", "tool-calls"), ("length", "length")])
def test_ui_message_tells_why_it_ended(state: str, reason: str) -> None:
    shown = encoded(ui_message.Encoder(), [call(0, "a", "f", "{}"), end(state)])
    assert f'"finishReason":"{reason}"' in shown


def test_ui_message_gives_each_call_an_id_of_its_own() -> None:
    again = {**RESULT, "index": 1}
    found = parts(
        call(0, "a", "f", "1"), event("toolResult", RESULT), call(1, "a", "f", "2"), event("toolResult", again)
    )
    assert {part["toolCallId"] for part in found if "toolCallId" in part} == {"a", "a-1"}
    assert [part["toolCallId"] for part in found if part["type"] == "tool-output-available"] == ["a", "a-1"]


@pytest.mark.parametrize(
    ("arguments", "wire"),
    [
        ('{"n": 123456789012345678901234567890}', '{"n": 123456789012345678901234567890}'),
        ('{\n\r\n"a": "\\ud83d"}', '{   "a": "\\ud83d"}'),
        ("", "{}"),
    ],
)
def test_ui_message_passes_arguments_on_as_they_are(arguments: str, wire: str) -> None:
    shown = encoded(ui_message.Encoder(), [call(0, "a", "f", arguments), event("toolResult", RESULT)])
    assert f'"tool-input-available","input":{wire},' in shown


@pytest.mark.parametrize("arguments", ["{", "NaN", "[" * 100_000, '"\x01"', "{} {}"])
def test_ui_message_says_what_is_no_json(arguments: str) -> None:
    (found,) = (part for part in parts(call(0, "a", "f", arguments), event("toolResult", RESULT)) if "input" in part)
    assert (found["type"], found["input"]) == ("tool-input-error", arguments)
    assert found["errorText"].startswith("The arguments are no JSON: ")


def test_ui_message_is_well_formed_wherever_it_ends() -> None:
    """Each block and call is begun before it goes on, and blocks are ended before others begin."""
    for n in range(2, len(RUN)):
        begun: list[str] = []
        for part in parts(*RUN[:n], end("stalled")):
            kind, _, step = part["type"].partition("-")
            if kind in ("text", "reasoning"):
                assert (begun == []) == (step == "start")
                begun = [] if step == "end" else [part["id"]]
        assert begun == []


def test_ui_message_keeps_text_of_one_kind_in_one_block() -> None:
    pieces = [event("text", word) for word in ("a", "b", "c")]
    assert kinds(*pieces)[:4] == ["text-start", *["text-delta"] * 3]
