"""What a search shows: the words it found, marked, whatever else the text holds."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstream.chats import marks
from chatstream.store.records import Passage
from chatstream.store.words import folded, pattern, sought

LETTERS = st.text("aäÄeéÉnñoßsİıi 1_-.\u0308\u0301ж", max_size=12)


def shown(pieces: list[marks.Piece]) -> str:
    return "".join(f"[{piece.text}]" if piece.found else piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("The Häring swims", "haring", "The [Häring] swims"),
        ("HA\u0308RING haringe", "häring fish", "[HA\u0308RING] haringe"),
        ("HA\u0308RING haringe\u0301 shärin", "härin", "[HA\u0308RING] [haringe\u0301] shärin"),
        ("fisher of fish", "fish of", "fisher [of] [fish]"),
        ("fisher of fish", "of fi", "fisher [of] fish"),
        ("潮の満ち引き", "潮の", "[潮の満ち引き]"),
        ("学生 がくせい 한국어", "がく", "学生 [がくせい] 한국어"),
        ("学生 がくせい 한국어", "한국", "学生 がくせい [한국어]"),
        ("a-b_c", "b c", "a-[b]_[c]"),
        ("<b>fish</b> & <script>", "fish script", "<b>[fish]</b> & <[script]>"),
        ("nothing here", "fish", "nothing here"),
        ("nothing here", "", "nothing here"),
        ("(.*) \\d", "d", "(.*) \\[d]"),
        ("Эскимо И эскимо", "эскимо", "[Эскимо] И [эскимо]"),
    ],
)
def test_found_words_are_marked(text: str, words: str, expected: str) -> None:
    assert shown(marks.pieces(text, pattern(sought(words)))) == expected


@given(LETTERS, LETTERS)
def test_marking_changes_no_letter(text: str, words: str) -> None:
    assert "".join(piece.text for piece in marks.pieces(text, pattern(sought(words)))) == text


@given(st.text("aäÄeéÉnño \u0308\u0301", max_size=12))
def test_what_the_index_finds_is_marked(text: str) -> None:
    for word in folded(text):
        assert pattern(sought(word)).search(text), word


def test_a_snippet_is_a_line_around_the_first_found_word() -> None:
    text = "word " * 100 + "A limpet\n\nclings " + "tail " * 100
    line = shown(marks.snippet(text, pattern(sought("clings limpet"))))
    assert re.fullmatch(r"…(word )+A \[limpet\] \[clings\] (tail )+tail…", line)
    assert len(line) <= marks.AROUND + 10


def test_a_snippet_of_a_short_text_is_the_text() -> None:
    assert shown(marks.snippet("A limpet", pattern(sought("limpet")))) == "A [limpet]"
    assert marks.snippet("A limpet", pattern(sought("fish"))) == marks.snippet("", pattern(sought("fish"))) == []


def test_a_text_without_gaps_is_cut_all_the_same() -> None:
    line = shown(marks.snippet("x" * 500 + " limpet " + "y" * 500, pattern(sought("limpet"))))
    assert "[limpet]" in line
    assert len(line) <= marks.AROUND + 10
    cjk = "潮" * 50 + "limpet" + "潮" * 500
    assert marks.snippet(cjk, pattern(sought("limpet"))) == []  # no word of its own there, as the index sees it


def marked(title: str, text: str, words: str) -> marks.Marked:
    return marks.marked(title, Passage("m1", text), words)


def test_a_snippet_does_not_say_the_title_again() -> None:
    asked = "Tell me  of\nthe limpet, which clings to every rock"
    for title in ("Tell me of the limpet, which…", "Tell me of the limpet, which clings to every rock"):
        again = marked(title, asked, "limpet")
        assert (again.snippet, again.message_id) == ([], None)
    found = marked("Tell me of the limpet, which…", asked, "limpet rock")
    assert (shown(found.snippet).endswith("every [rock]"), found.message_id) == (True, "m1")
    twice = "Tell me of the limpet. Does the limpet sleep?"
    assert "Does the [limpet] sleep?" in shown(marked("Tell me of the limpet.…", twice, "limpet").snippet)
    assert shown(marked("Limpets (of rocks", asked, "limpet").snippet).startswith("Tell me of the [limpet]")


def test_where_the_title_alone_has_the_words_there_is_no_message() -> None:
    found = marks.marked("Of limpets", None, "limpets")
    assert (shown(found.title), found.snippet, found.message_id) == ("Of [limpets]", [], None)

