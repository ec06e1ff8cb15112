"""The chat domain: trees, titles, files."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstream.chats import titles, transfer
from chatstream.chats.tree import branch, families, leaf_below, subtree
from chatstream.errors import BadRequest
from chatstream.store.records import Chat, Message


def message(id_: str, parent: str | None, **fields: Any) -> Message:
    known = {"chat_id": "c", "owner": "o", "role": "user", "content": id_, "created_at": 5}
    return Message(id=id_, parent_id=parent, **{**known, **fields})


def test_a_branch_runs_from_the_root_to_its_leaf() -> None:
    tree = [message("a", None), message("b", "a"), message("c", "a"), message("d", "c"), message("e", "b")]
    assert [m.id for m in branch(tree, "d")] == ["a", "c", "d"]
    assert [m.id for m in branch(tree, "e")] == ["a", "b", "e"]
    assert branch(tree, None) == branch(tree, "x") == []


@given(st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 12)), max_size=15), st.integers(0, 12))
def test_a_branch_ends_whatever_the_parents_are(edges: list[tuple[int, int | None]], leaf: int) -> None:
    tree = [message(str(a), None if b is None else str(b)) for a, b in edges]
    assert leaf_below(tree, str(leaf)) in subtree(tree, str(leaf))
    found = branch(tree, str(leaf))
    assert len({m.id for m in found}) == len(found)


@given(st.text())
def test_a_title_is_one_short_line(prompt: str) -> None:
    title = titles.first_words(prompt)
    assert len(title) <= titles.LONGEST
    assert title == " ".join(title.split())


def test_a_title_is_cut_between_words() -> None:
    assert titles.first_words("  Why is\nthe sky blue? ") == "Why is the sky blue?"
    assert titles.first_words("word " * 30) == "word word word word word word word word word word word…"
    assert titles.first_words("x" * 100) == "x" * 59 + "…"


CHAT = Chat(id="0" * 24, owner="o", title="Häuser 😀", leaf_id="b", created_at=1, updated_at=2)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def test_a_place_is_shared_by_all_below_one_parent() -> None:
    tree = [message("a", None), message("b", "a"), message("c", "a"), message("d", "c"), message("e", None)]
    assert families(tree) == {None: ["a", "e"], "a": ["b", "c"], "c": ["d"]}
    assert [leaf_below(tree, id_) for id_ in "abce"] == ["d", "b", "d", "e"]
    assert sorted(subtree(tree, "a")) == ["a", "b", "c", "d"]
    assert (subtree(tree, "a")[0], subtree(tree, "c"), subtree(tree, "x")) == ("a", ["c", "d"], ["x"])


@given(TEXT, TEXT, st.sampled_from(["complete", "stopped", "upstream_error"]))
def test_export_and_parse_keep_the_content(question: str, answer: str, state: Any) -> None:
    error = {"message": "broke", "code": "x"} if state == "upstream_error" else None
    tree = [
        message("a", None, content=question),
        message("b", "a", role="assistant", content=answer, state=state, error=error, usage={"total_tokens": 3}),
    ]
    chat, messages, _ = transfer.built(transfer.parse(transfer.export(CHAT, tree, lambda _: None)), "me")
    assert (chat.title, chat.owner, chat.created_at, chat.leaf_id) == (CHAT.title, "me", 1, messages[1].id)
    assert [(m.content, m.state, m.error, m.usage, m.owner) for m in messages] == [
        (m.content, m.state, m.error, m.usage, "me") for m in tree
    ]
    assert messages[1].parent_id == messages[0].id


def test_an_answer_that_was_running_when_exported_is_interrupted() -> None:
    exported = transfer.parse(transfer.export(CHAT, [message("a", None, state="running")], lambda _: None))
    _, messages, _ = transfer.built(exported, "me")
    assert messages[0].state == "interrupted"


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"a":' * 100_000, b"\xff"])
def test_a_file_that_is_no_export(body: bytes) -> None:
    with pytest.raises(BadRequest, match="no chat exported"):
        transfer.parse(body)


def test_markdown_is_the_shown_branch() -> None:
    tree = [
        message("a", None, content="Why?"),
        message("x", "a", role="assistant", content="not shown"),
        message("b", "a", role="assistant", content="Because.", model="llama", state="stopped"),
    ]
    text = transfer.markdown(CHAT, tree)
    assert text == ("# Häuser 😀\n\n1970-01-01 00:00 UTC\n\n## You\n\nWhy?\n\n## llama (stopped)\n\nBecause.\n")


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Why Tides Come Twice", "Why Tides Come Twice"),
        ('\n"Why Tides Come Twice."\n', "Why Tides Come Twice"),
        ("**Title: Gezeiten zweimal am Tag**", "Gezeiten zweimal am Tag"),
        ("« Les marées »", "Les marées"),
        ("為什麼一天有兩次漲潮。", "為什麼一天有兩次漲潮"),
        ("", None),
        ("   \n", None),
        ('""', None),
        ("Sure, here is a title:\n\nTides", None),
        ("word " * 13, None),
        ("x" * 61, None),
        ("a\0b", "a b"),
    ],
)
def test_only_a_line_that_can_be_one_is_taken_for_a_title(said: str, title: str | None) -> None:
    assert titles.sensible(said) == title


def test_a_model_is_shown_the_beginnings_only() -> None:
    (asked,) = titles.task("q" * 10_000, "a" * 10_000)
    assert len(asked["content"]) < 2 * titles.EXCERPT + 1000
