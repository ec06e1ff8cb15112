"""How an answer ended, by what was read of it."""

import json

import pytest

from chatstream.errors import UpstreamBroke, UpstreamError, UpstreamReported, UpstreamTimeout
from chatstream.wire.chunks import ChunkReader
from chatstream.wire.sse import Event
from chatstream.wire.verdict import broken, state_after, verdict

UNTOLD = "The model server ended the answer without saying that it was whole."
NO_MEMORY = "The model server reported: no memory."
GAVE_UP = "The model server gave up: its reason was 'abort'."


def read(*chunks: dict[str, object]) -> ChunkReader:
    reader = ChunkReader()
    reader.feed([Event(json.dumps(chunk)) for chunk in chunks])
    return reader


def piece(text: str = "", finish_reason: str | None = None) -> dict[str, object]:
    return {"choices": [{"delta": {"content": text}, "finish_reason": finish_reason}]}


@pytest.mark.parametrize(
    ("reader", "state", "kind", "sentence"),
    [
        (read(), "truncated", UpstreamError, UNTOLD),
        (read(piece("Hel")), "truncated", UpstreamError, UNTOLD),
        (read(piece("Hel"), {"error": "no memory"}), "upstream_error", UpstreamReported, NO_MEMORY),
        (read(piece("Hel", "stop"), {"error": "no memory"}), "upstream_error", UpstreamReported, NO_MEMORY),
        (read(piece("Hel", "abort")), "upstream_error", UpstreamReported, GAVE_UP),
    ],
)
def test_an_answer_that_is_not_whole(reader: ChunkReader, state: str, kind: type[UpstreamError], sentence: str) -> None:
    found, error = verdict(reader)
    assert (found, type(error), str(error)) == (state, kind, sentence)


@pytest.mark.parametrize(
    ("reason", "state"),
    [("stop", "complete"), ("tool_calls", "complete"), ("length", "length"), ("content_filter", "filtered")],
)
def test_a_whole_answer(reason: str, state: str) -> None:
    assert verdict(read(piece("Hel", reason))) == (state, None)


@pytest.mark.parametrize(("error", "state"), [(UpstreamTimeout(), "stalled"), (UpstreamBroke(), "upstream_error")])
def test_the_state_after_an_error(error: UpstreamError, state: str) -> None:
    assert state_after(error) == state


@pytest.mark.parametrize(
    ("tokens", "when"), [(0, "before the first token"), (1, "after 1 token"), (1200, "after 1,200 tokens")]
)
def test_a_connection_that_broke(tokens: int, when: str) -> None:
    error = broken(read(*[piece("a")] * tokens))
    assert (type(error), str(error)) == (UpstreamBroke, f"The connection to the model server broke {when}.")
