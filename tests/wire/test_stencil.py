"""Chunks that differ in their text alone: read at once, and never otherwise than one by one."""

import itertools
import json
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstream.wire.chunk import parse
from chatstream.wire.chunks import ChunkReader, Delta
from chatstream.wire.formats import openai
from chatstream.wire.portions import portion
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


class Read(NamedTuple):
    deltas: list[Delta]
    reader: ChunkReader
    rows: list[int]
    """Of each buffer, how many of its chunks were read at once."""
    passed: bytes


def read(buffers: list[str]) -> Read:
    reader, decoder, deltas, rows, passed = ChunkReader(), Decoder(), [], [], b""
    for buffer in buffers:
        found = portion(reader, buffer, decoder.parse)
        deltas += found.deltas
        rows.append(sum(len(row) for row in found.events if isinstance(row, Blocks)))
        passed += b"".join(map(openai.frames, found.events))
    return Read(deltas + reader.close(), reader, rows, passed)


def read_singly(buffers: list[str]) -> Read:
    reader, decoder, deltas, passed = ChunkReader(), Decoder(), [], b""
    for event in decoder.parse("".join(buffers)):
        passed += openai.frames([event] * reader.take([event]))
        deltas += reader.deltas()
    return Read(deltas + reader.close(), reader, [], passed)


def joined(deltas: list[Delta]) -> list[tuple[str, Any]]:
    """Neighbouring pieces as one, wherever a read ended."""
    kinds = itertools.groupby(deltas, key=lambda delta: delta.kind)
    pieces = [(kind, [delta.data for delta in group]) for kind, group in kinds]
    return [(kind, found if kind == "toolCall" else "".join(found)) for kind, found in pieces]


@pytest.mark.parametrize("name", ["content", "reasoning_content", "reasoning"])
def test_the_pieces_of_chunks_that_are_alike(name: str) -> None:
    found = stencil(chunk({name: "The", "role": "assistant"}))
    assert found is not None
    assert found.field == ("content" if name == "content" else "reasoning")
    pieces = [" sea", "", " is ärgerlich 🌊", ' "wide"\n', "\\"]
    blocks = "".join(block(chunk({name: piece, "role": "assistant"})) for piece in pieces)
    assert found.row(blocks) == (pieces, len(blocks))
    assert found.row("") == ([], 0)
    assert found.row(blocks + ": a comment\n\n" + blocks) == (pieces, len(blocks))
    assert found.row(f"data: {{}}\n\n{blocks}") == ([], 0)
    assert found.row(block(chunk({name: " sea"}))) == ([], 0)


@pytest.mark.parametrize(
    ("odd", "kept"),
    [(' sea"}, "x": {"y": "', ["The"]), ("\\ud83d", []), (" s\tea", []), ("\\", [])],
    ids=["more than a piece", "half of a character", "a tab", "no end"],
)
def test_what_is_no_piece_ends_the_row_or_all_of_it(odd: str, kept: list[str]) -> None:
    found = stencil(chunk({"content": "The"}))
    assert found is not None
    first = block(chunk({"content": "The"}))
    assert found.row(block(chunk({"content": " sea"})).replace(" sea", odd)) == ([], 0)
    both = first + block(chunk({"content": " sea"})).replace(" sea", odd)
    assert found.row(both) == (kept, len(first) if kept else 0)


def test_a_chunk_shorter_than_what_surrounds_a_piece_is_none() -> None:
    assert Stencil("content", '""', 1, 1).row('data: "\n\n') == ([], 0)


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


ODD = [
    *("", "data: [DONE]\n\n", ": a comment\n\n", "\n", "id: 7\nevent: x\ndata: {}\n\n", "data: {}\ndata:\n\n"),
    *('data: {"error": "gone"}\n\n', "data: nonsense\n\n", "event: error\ndata: {}\n\n", "data: {}\n\n\n"),
    *(f"data: {json.dumps(chunk({'content': half}))}\n\n" for half in ("\ud83c", "\udf0a")),
    *(block(chunk({"content": "b"}, index=1)), block(chunk({"tool_calls": [{"index": 0, "id": "c"}]}))),
]


@given(st.lists(st.lists(DELTAS, max_size=12), max_size=8), st.booleans(), st.sampled_from(ODD))
def test_reading_at_once_gives_what_reading_one_by_one_gives(
    buffers: list[list[dict[str, Any]]], ascii_: bool, odd: str
) -> None:
    blocks = ["".join(f"data: {json.dumps(value, ensure_ascii=ascii_)}\n\n" for value in buffer) for buffer in buffers]
    blocks.insert(len(blocks) // 2, odd)
    fast, slow = read(blocks), read_singly(blocks)
    assert joined(fast.deltas) == joined(slow.deltas)
    assert fast.passed == slow.passed
    for fact in ("tokens", "finish_reason", "unfinished", "finished", "usage", "done"):
        assert getattr(fast.reader, fact) == getattr(slow.reader, fact)
    assert repr(fast.reader.error) == repr(slow.reader.error)


FIRST, LAST = block(chunk({"role": "assistant", "content": ""})), block(chunk({}, finish_reason="stop"))


def test_nearly_all_of_an_answer_is_read_at_once() -> None:
    rest = [block(chunk({"content": f" word {n}"})) * 3 for n in range(50)]
    found = read([FIRST, *rest])
    assert found.rows == [0, 2, *[3] * 49]
    assert found.reader.tokens == 150
    assert "".join(delta.data for delta in found.deltas).count("word 7") == 3


def test_an_answer_that_comes_in_one_read_is_read_at_once() -> None:
    words = "".join(block(chunk({"content": f' "word" {n}'})) for n in range(200))
    found = read([f"{FIRST}{words}{LAST}data: [DONE]\n\n{words}"])
    assert found.rows == [199]
    assert (found.reader.tokens, found.reader.done) == (200, True)
    assert found.passed == f"{FIRST}{words}{LAST}".encode()


def test_a_large_piece_full_of_quotes_is_decoded_at_once() -> None:
    """Looked for one by one, half a million of them hold a worker up."""
    quotes = block(chunk({"content": '"' * 100_000}))
    found = read([FIRST, block(chunk({"content": "a"})) * 3 + quotes])
    assert found.rows == [0, 2]
    assert len(joined(found.deltas)[0][1]) == 100_003


def test_thoughts_and_answer_in_one_read_are_two_rows_at_most() -> None:
    thoughts, words = (block(chunk({name: " x"})) * 50 for name in ("reasoning_content", "content"))
    found = read([FIRST + thoughts, thoughts + words, words + thoughts])
    assert found.rows == [49, 50, 50]
    assert joined(found.deltas) == [("reasoning", " x" * 100), ("text", " x" * 100), ("reasoning", " x" * 50)]


def test_what_follows_an_error_is_not_read() -> None:
    words = block(chunk({"content": "a"})) * 5
    found = read([words, f'data: {{"error": "gone"}}\n\n{words}', words])
    assert found.rows == [4, 0, 0]
    assert (found.passed.decode(), joined(found.deltas)) == (words, [("text", "aaaaa")])


def test_a_server_that_writes_no_two_chunks_alike_is_given_up() -> None:
    unlike = [block({**chunk({"content": "a"}), "padding": "x" * n}) for n in range(20)]
    alike = [block(chunk({"content": "b"}))] * 5
    assert not any(read([*unlike, *alike]).rows)
    assert sum(read([*unlike[:2], *alike]).rows) == 4


def test_half_of_a_character_waits_for_its_other() -> None:
    blocks = [
        block(chunk({"content": "a"})),
        'data: {"choices":[{"index":0,"delta":{"content":"\\ud83c"}}]}\n\n',
        block(chunk({"content": "b"})),
    ]
    assert joined(read(blocks).deltas) == [("text", "a\ufffdb")]


def test_blocks_are_events_and_are_passed_on_as_they_came() -> None:
    text = block(chunk({"content": "a"})) + block(chunk({"content": "b"}))
    blocks = Blocks(text)
    assert len(blocks) == 2
    assert list(blocks) == Decoder().feed(text.encode())
    assert blocks[0:1] == [blocks[0]]
    assert openai.frames(blocks) == text.encode() == openai.frames(list(blocks))
    assert openai.frames([Event("x", "named", "7")]) == b"data: x\n\n"
