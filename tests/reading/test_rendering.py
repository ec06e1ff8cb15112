"""Markdown on the server: in pieces, so that nobody waits, and with colours that change no letter."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from chatstream.reading import colours
from chatstream.reading.html import COLOURED, Way, render
from chatstream.reading.pieces import PIECE, pieces
from chatstream.web.kept import Kept
from tests.web.page import long_answer

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.md"))


def html(text: str) -> str:
    return "".join(render(text))


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_a_long_text_is_read_in_pieces_as_it_is_in_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = path.read_bytes().decode().replace("\r\n", "\n").replace("\r", "\n")
    closed = f"{text}\n```\n\n" if text.count("```") % 2 else f"{text}\n\n"
    often = "Begin\n\n".join([closed] * (2 + 4 * PIECE // len(closed)))
    cut = list(pieces(often))
    assert "".join(cut) == often
    assert len(cut) > 1
    in_pieces = html(often)
    monkeypatch.setattr("chatstream.reading.pieces.PIECE", len(often))
    assert html(often) == in_pieces


def test_a_megabyte_comes_in_many_small_pieces() -> None:
    text = long_answer.text(350_000)[:1_000_000]
    sizes = [len(piece) for piece in render(text)]
    assert len(sizes) > 300  # one for each block
    assert max(len(piece) for piece in pieces(text)) < 2 * PIECE + len(long_answer.DOCUMENT)


@pytest.mark.parametrize("language", ["python", "js", "html", "bash", "json", "diff", "rust", "c++", "none", ""])
@pytest.mark.parametrize(
    "code", ["", "\n", "  x\r\n", "def f(): # é😀\n\treturn '\\n'\n\n\n", "<b>&amp;</b>", "+a\n-b", "\ufeffx\0"]
)
def test_colours_change_no_letter(code: str, language: str) -> None:
    assert "".join(text for _, text in colours.words(code, colours.runs(code, language))) == code


def test_ranges_count_as_javascript_does() -> None:
    code = "# 😀😀\nx = 1"
    found = list(colours.ranges(code, colours.runs(code, "python")))
    assert found == [(0, 6, "comment"), (11, 12, "number")]
    assert all(a[1] <= b[0] for a, b in pairwise(found))


def test_long_code_is_plain() -> None:
    assert colours.runs("x = 1\n" * colours.MOST, "python") == []
    block = "```python\n" + "x = 1\n" * (COLOURED // 12) + "```\n\n"
    assert html(block * 3).count("code-number") == 2 * (COLOURED // 12)


def test_all_code_of_a_piece_is_coloured_at_once() -> None:
    asked = []

    class Asked(Way):
        def colour(self, blocks: Sequence[tuple[str, str]]) -> list[colours.Runs]:
            asked.append(blocks)
            return super().colour(blocks)

    text = "```c\n1\n```\n- item\n  ```c\n  2\n  ```\n\nText\n\n    3\n\n~~~\n4\n~~~\n~~~ go\n5"
    made = "".join(render(text, Asked()))
    assert asked == [[("1", "c"), ("2", "c"), ("5", "go")]]
    assert made.count("code-number") == 3


def test_what_was_unused_longest_is_forgotten_first() -> None:
    kept = Kept(10)
    kept.put(b"a", "12345")
    kept.put(b"b", "12345")
    assert kept.get(b"a") == "12345"
    kept.put(b"c", "123")
    assert (kept.get(b"a"), kept.get(b"b"), kept.get(b"c")) == ("12345", None, "123")
    kept.put(b"d", "x" * 11)
    assert [kept.get(key) for key in (b"a", b"c", b"d")] == [None, None, None]
