"""Chunks that differ in their text alone: read at once, and never otherwise than one by one."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstream.wire.chunk import parse
from chatstream.wire.chunks import ChunkReader, Delta
from chatstream.wire.formats import openai
from chatstream.wire.sse import Decoder, Event
from chatstream.wire.stencil import Blocks, Stencil, learnt

BESIDE = {"id": "chatcmpl-1", "created": 1, "model": "m", "usage": None}


def chunk(delta: dict[str, Any], **choice: Any) -> dict[str, Any]:
    return {**BESIDE, "choices": [{"index": 0, "delta": delta, "finish_reason": None, **choice}]}


def block(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"


def stencil(value: dict[str, Any]) -> Stencil | None:
    data = json.dumps(value, ensure_ascii=False)
    return learnt(data, parse(data)[0])


def read(blocks: list[str], at_once: bool) -> tuple[list[Delta], ChunkReader, int]:
    """The deltas of all buffers, the reader, and how many of them were read at once."""
    reader, decoder, deltas, hits = ChunkReader(), Decoder(), [], 0
    for buffer in blocks:
        alike = reader.alike(buffer) if at_once else None
        hits += alike is not None
        deltas += reader.feed(decoder.parse(buffer)) if alike is None else alike
    return deltas + reader.close(), reader, hits


@pytest.mark.parametrize("name", ["content", "reasoning_content", "reasoning"])
def test_the_pieces_of_chunks_that_are_alike(name: str) -> None:
    found = stencil(chunk({name: "The", "role": "assistant"}))
    assert found is not None
    assert found.field == ("content" if name == "content" else "reasoning")
    pieces = [" sea", "", " is ärgerlich 🌊", ' "wide"\n', "\\"]
    blocks = "".join(block(chunk({name: piece, "role": "assistant"})) for piece in pieces)
    assert found.cut(blocks) == pieces
    assert found.cut("") is None
    assert found.cut(blocks + ": a comment\n\n") is None
    assert found.cut(blocks.replace(" sea", ' sea"}, "x": {"y": "', 1)) is None
    assert found.cut(blocks.replace(" sea", "\\ud83d", 1)) is None
    assert found.cut(blocks.replace(" sea", " s\tea", 1)) is None  # no JSON
    assert found.cut(block(chunk({name: " sea"}))) is None
    assert found.cut(f"data: {{}}\n\n{blocks}") is None


def test_a_chunk_shorter_than_what_surrounds_a_piece_is_none() -> None:
    assert Stencil("content", '""', 1, 1).cut('data: "\n\n') is None


@pytest.mark.parametrize(
    "value",
    [
        chunk({"content": ""}),
        chunk({"content": "a", "reasoning": "b"}),
        chunk({"content": "a", "refusal": "b"}),
        chunk({"content": "a", "tool_calls": [{"index": 0}]}),
        chunk({"content": "a"}, index=1),
        chunk({"content": "a"}, text="b"),
        chunk({"content": "a"}, finish_reason="stop"),
        {**chunk({"content": "a"}), "usage": {"total_tokens": 1}},
        {**BESIDE, "choices": [chunk({"content": "a"})["choices"][0]] * 2},
        {**BESIDE, "choices": []},
        {**BESIDE, "choices": [{"index": 0}]},
        {"x": {"content": "a"}, **chunk({"content": "a"})},  # of the same name, but another one
    ],
    ids=str,
)
def test_a_chunk_that_says_anything_else_teaches_nothing(value: dict[str, Any]) -> None:
    assert stencil(value) is None


def test_a_large_chunk_teaches_nothing() -> None:
    assert stencil(chunk({"content": "é\n" * 100})) is not None
    assert stencil(chunk({"content": "é\n" * 2000})) is None


def test_a_name_that_is_written_in_another_way_teaches_nothing() -> None:
    data = json.dumps(chunk({"content": "a"})).replace('"content"', '"\\u0063ontent"')
    assert parse(data)[0].choices[0].delta.content == "a"  # type: ignore[index, union-attr]
    assert learnt(data, parse(data)[0]) is None


def test_what_only_looks_like_the_field_teaches_nothing() -> None:
    data = '{"a":"\\\\"content":"b","choices":[{"delta":{"content":"x"}}]}'
    assert learnt(data, msgspec.convert({"choices": [{"delta": {"content": "x"}}]}, type(parse("{}")[0]))) is None


PIECES = st.text(alphabet=st.sampled_from('ab <>/think"\\\n\u2028🌊é'), max_size=8)
DELTAS = st.one_of(
    st.builds(lambda name, piece: chunk({name: piece}), st.sampled_from(["content", "reasoning_content"]), PIECES),
    st.builds(lambda piece: chunk({"content": piece, "role": "assistant"}), PIECES),
    st.builds(lambda piece: chunk({"content": piece}), PIECES),
    st.builds(lambda piece, n: {**chunk({"content": piece}), "created": n}, PIECES, st.integers(1, 2)),
    st.sampled_from([chunk({}), chunk({"content": "end"}, finish_reason="stop"), {**BESIDE, "choices": []}]),
)


@given(st.lists(st.lists(DELTAS, max_size=6), max_size=8), st.booleans())
def test_reading_at_once_gives_what_reading_one_by_one_gives(buffers: list[list[dict[str, Any]]], ascii_: bool) -> None:
    blocks = ["".join(f"data: {json.dumps(value, ensure_ascii=ascii_)}\n\n" for value in buffer) for buffer in buffers]
    (fast, reader, _), (slow, plain, _) = read(blocks, True), read(blocks, False)
    assert [(delta.kind, delta.data) for delta in fast] == [(delta.kind, delta.data) for delta in slow]
    for fact in ("tokens", "finish_reason", "unfinished", "finished", "usage", "done"):
        assert getattr(reader, fact) == getattr(plain, fact)


def test_nearly_all_of_an_answer_is_read_at_once() -> None:
    first = block(chunk({"role": "assistant", "content": ""}))
    rest = [block(chunk({"content": f" word {n}"})) * 3 for n in range(50)]
    deltas, reader, hits = read([first, *rest], at_once=True)
    assert hits == 49
    assert reader.tokens == 150
    assert "".join(delta.data for delta in deltas).count("word 7") == 3


def test_a_server_that_writes_no_two_chunks_alike_is_given_up() -> None:
    unlike = [block({**chunk({"content": "a"}), "padding": "x" * n}) for n in range(20)]
    alike = [block(chunk({"content": "b"}))] * 5
    assert read([*unlike, *alike], at_once=True)[2] == 0
    assert read([*unlike[:2], *alike], at_once=True)[2] == 4


def test_half_of_a_character_waits_for_its_other() -> None:
    blocks = [
        block(chunk({"content": "a"})),
        'data: {"choices":[{"index":0,"delta":{"content":"\\ud83c"}}]}\n\n',
        block(chunk({"content": "b"})),
    ]
    deltas, _, _ = read(blocks, at_once=True)
    assert "".join(delta.data for delta in deltas) == "a\ufffdb"


def test_blocks_are_events_and_are_passed_on_as_they_came() -> None:
    text = block(chunk({"content": "a"})) + block(chunk({"content": "b"}))
    blocks = Blocks(text)
    assert len(blocks) == 2
    assert list(blocks) == Decoder().feed(text.encode())
    assert blocks[0:1] == [blocks[0]]
    assert openai.frames(blocks) == text.encode() == openai.frames(list(blocks))
    assert openai.frames([Event("x", "named", "7")]) == b"data: x\n\n"
