"""Files of other programs, and our own: what of them becomes which message, and what does not."""

import base64
import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstream.chats import elements, grafting, imports, transfer
from chatstream.chats.grafting import Node, Tree
from chatstream.chats.imports import Read, Unread
from chatstream.store.records import Chat, Message
from tests.chats import files

Shape = list[tuple[str | None, str, str]]


def read(body: bytes) -> list[Read | Unread]:
    return list(imports.read(body, "me"))


def one(chat: files.Json) -> Read:
    (found,) = read(files.as_file(chat))
    assert isinstance(found, Read), found
    return found


def shape(found: Read) -> Shape:
    """Of each message the text that it follows, who wrote it, and its own."""
    texts = {message.id: message.content for message in found.messages}
    return [(texts.get(m.parent_id or ""), m.role, m.content) for m in found.messages]


VALUES = st.recursive(
    st.none() | st.integers() | st.text('[]{}"\\,é😀\n', max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('[]{}"\\', max_size=3), inner, max_size=3),
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=3), VALUES, max_size=3), max_size=5)


@given(OBJECTS, st.sampled_from([None, 1]), st.booleans())
def test_a_file_is_cut_into_its_objects_and_nothing_else(made: list[Any], indent: int | None, ascii_: bool) -> None:
    texts = [json.dumps(each, indent=indent, ensure_ascii=ascii_) for each in made]
    for body in (
        "\n".join(texts),
        "\ufeff[" + ",".join(texts) + "]",
        " [ " + " , ".join([*texts, '"x{"', "[{}]"]) + "]",
    ):
        assert [json.loads(cut) for cut in elements.objects(body.encode())] == made


@given(st.binary(max_size=60) | st.text('[]{}"\\', max_size=40).map(str.encode))
def test_whatever_a_file_holds_reading_it_ends(body: bytes) -> None:
    assert all(isinstance(each, Unread) for each in read(body))


def test_a_conversation_of_chatgpt_becomes_what_its_page_showed() -> None:
    found = one(files.tides())
    assert shape(found) == [
        (None, "user", "[Image]\n\nWhy twice?"),
        ("[Image]\n\nWhy twice?", "assistant", "Two bulges."),
        ("[Image]\n\nWhy twice?", "assistant", "The moon pulls the sea.\n\nEvery 12.4 hours."),
        ("The moon pulls the sea.\n\nEvery 12.4 hours.", "user", "And later?"),
        ("And later?", "assistant", "Fifty min"),
    ]
    chat, messages, _ = found
    assert (chat.title, chat.titled, chat.created_at, chat.updated_at) == (
        "Tides",
        "user",
        1700000000250,
        1700000100000,
    )
    assert [m.reasoning for m in messages] == ["", "", "Moon\n\nIt pulls.", "", ""]
    assert [m.model for m in messages] == [None, "gpt-4o", "gpt-4o", None, "o3"]
    assert (chat.leaf_id, messages[4].state, messages[4].created_at) == (messages[4].id, "length", 1700000000500)


def test_an_answer_that_forks_in_its_middle_keeps_both_ways() -> None:
    node = files.chatgpt_node
    found = one(
        files.chatgpt(
            node("q", None, "user", "Q"),
            node("a", "q", "assistant", "begun"),
            node("b", "a", "assistant", "one"),
            node("c", "a", "assistant", "other"),
            current="b",
        )
    )
    assert shape(found)[1:] == [
        ("Q", "assistant", "begun"),
        ("begun", "assistant", "one"),
        ("begun", "assistant", "other"),
    ]


def test_a_leaf_that_is_not_kept_shows_what_comes_before_it() -> None:
    node = files.chatgpt_node
    question, hidden = node("q", None, "user", "Why?"), node("t", "q", "tool", "nothing to see")
    for title in (None, "", "  ", "New chat"):
        found = one(files.chatgpt(question, hidden, current="t", title=title))
        assert found.chat.leaf_id == found.messages[0].id
        assert found.chat.title == ("New chat" if title == "New chat" else "Why?")


def test_a_chat_of_open_webui_keeps_branches_reasoning_and_errors() -> None:
    found = one(files.reasoned())
    assert shape(found) == [
        (None, "user", "Why twice?"),
        ("Why twice?", "assistant", "Two bulges."),
        ("Why twice?", "assistant", ""),
        ("Two bulges.", "user", "And later?\n\n[Image]"),
    ]
    chat, messages, _ = found
    assert (chat.system, chat.pinned, chat.archived, chat.leaf_id) == ("Be brief.", True, False, messages[3].id)
    assert messages[1].reasoning == "The moon & the sea.\nBoth."
    assert (messages[2].state, messages[2].error) == (
        "upstream_error",
        {"message": "The model is not loaded.", "code": "imported"},
    )
    assert (messages[1].model, messages[1].created_at, chat.updated_at) == ("llama3.2", 1700000000000, 1700000100000)


PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def test_what_questions_of_open_webui_brought_along_is_kept_or_named() -> None:
    data = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    begin = "data:image/png;base64,"
    broken = [f"{begin}!", f"{begin}é", "data:image/svg+xml;base64,PHN2Zz4=", "/api/files/7", None]
    attached = [
        {"type": "image", "url": data},
        *({"type": "image", "url": url} for url in broken),
        {"type": "file", "name": "tides.pdf"},
        "odd",
    ]
    parts = [{"type": "text", "text": "And this?"}, {"type": "image_url", "image_url": {"url": data}}]
    found = one(
        files.open_webui(
            files.open_webui_message("1", None, "user", "", files=attached[:1]),
            files.open_webui_message("2", "1", "assistant", "A png.", files=attached),
            files.open_webui_message("3", "2", "user", "Look", files=attached),
            files.open_webui_message("4", "3", "user", parts),
            files.open_webui_message("5", "4", "user", "Many", files=attached[:1] * 9),
            current="5",
            title="",
        )
    )
    image = "[Image]"
    assert [m.content for m in found.messages] == [
        "",
        "\n\n".join(["A png.", *[image] * 5, "[tides.pdf]", image]),
        "\n\n".join(["Look", *[image] * 5, "[tides.pdf]"]),
        "And this?",
        f"Many\n\n{image}",
    ]
    assert [len(m.files or []) for m in found.messages] == [1, 0, 1, 1, 8]
    assert {(file.name, file.type, file.data) for file in found.files} >= {("image 1", "image/png", PNG)}
    assert found.chat.title


def test_parameters_of_open_webui_that_are_ours_are_kept() -> None:
    row = files.reasoned()
    for theirs, kept in (
        ({"temperature": 0.5, "top_p": 3, "max_tokens": True, "seed": 7}, {"temperature": 0.5, "seed": 7}),
        ({"stop": ["a"], "frequency_penalty": 2, "top_k": 4, "model": "m"}, {"stop": ["a"], "frequency_penalty": 2}),
        ({"stop": "a", "presence_penalty": "1", "reasoning_effort": "vast"}, {"stop": ["a"]}),
        ({"temperature": 0, "top_p": 0, "max_tokens": 0}, {"temperature": 0}),
        ({"top_p": 1, "max_tokens": 100}, {"top_p": 1, "max_tokens": 100}),
        ({"temperature": None, "max_tokens": 1.5}, {}),
    ):
        row["chat"]["params"] = theirs
        assert one(row).chat.params == kept


def test_older_chats_of_open_webui_are_read_too() -> None:
    row = files.reasoned()
    assert shape(one(row["chat"])) == shape(one(row))
    linear = {"title": "Old", "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    assert shape(one({"chat": linear})) == [(None, "user", "a"), ("a", "assistant", "b")]


def test_each_chat_is_read_by_itself() -> None:
    broken = files.chatgpt(files.chatgpt_node("q", None, "user", "Q"), current="q", title="Broken")
    broken["mapping"]["q"]["message"]["author"] = 7
    empty = files.chatgpt(files.chatgpt_node("root", None), current="root", title="Empty")
    found = read(files.as_file(files.tides(), broken, files.reasoned(), empty, {"strange": 1}))
    assert [type(each) for each in found] == [Read, Unread, Read, Unread, Unread]
    unread = [each for each in found if isinstance(each, Unread)]
    assert [each.name for each in unread] == ["Broken", "Empty", "number 5"]
    for each, word in zip(unread, ("author", "no messages", "title"), strict=True):
        assert word in each.why


def test_circles_and_lost_parents_are_no_trouble() -> None:
    node = files.chatgpt_node
    circle = files.chatgpt(
        node("a", "b", "user", "A"), node("b", "a", "assistant", "B"), node("x", "gone", "user", "X"), current="b"
    )
    found = one(circle)
    assert {m.content for m in found.messages} == {"A", "B", "X"}
    hidden = files.chatgpt(node("h", "i"), node("i", "h"), node("a", "i", "user", "A"), current="a")
    assert shape(one(hidden)) == [(None, "user", "A")]


def test_a_circle_of_answers_begins_somewhere() -> None:
    node = files.chatgpt_node
    nodes = [node(name, before, "assistant", name) for name, before in ("ab", "bc", "ca", "dd")]
    found = one(files.chatgpt(*nodes, current="b"))
    assert sorted(word for message in found.messages for word in message.content.split()) == ["a", "b", "c", "d"]
    assert all(message.parent_id is None for message in found.messages)


def answers(n: int) -> list[Node]:
    return [Node(str(at - 1) if at else None, "assistant", "x") for at in range(n)]


def answers_from_the_end(n: int) -> list[Node]:
    return [Node(str(at + 1), "assistant", "x") for at in range(n)]


def all_far_below_one(n: int) -> list[Node]:
    return [Node(str(at - 1)) for at in range(n)] + [Node(str(n - 1), "user", "x") for _ in range(n)]


def a_circle(n: int) -> list[Node]:
    return [Node(str((at + 1) % n)) for at in range(n)] + [Node(str(at), "user", "x") for at in range(n)]


def lines_run(work: Callable[[], object]) -> int:
    """In grafting.py."""
    lines = 0

    def traced(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return traced if frame.f_code.co_filename == grafting.__file__ else None

    sys.settrace(traced)
    try:
        work()
    finally:
        sys.settrace(None)
    return lines


def graft(nodes: list[Node]) -> None:
    tree = Tree({str(at): node for at, node in enumerate(nodes)})
    tree.messages()
    for at in range(len(nodes)):
        tree.place(str(at))


@pytest.mark.parametrize("shaped", [answers, answers_from_the_end, all_far_below_one, a_circle])
def test_a_chat_costs_what_it_has_in_messages(shaped: Callable[[int], list[Node]]) -> None:
    short, long = (lines_run(lambda n=n: graft(shaped(n))) for n in (500, 2000))
    assert long < 5 * short  # four times; sixteen times where each walks through all others


def test_a_chat_with_too_many_messages_is_refused() -> None:
    nodes = [files.chatgpt_node(str(n), "root", "user", "x") for n in range(transfer.MESSAGES_MAX + 1)]
    (found,) = read(files.as_file(files.chatgpt(*nodes, current="0")))
    assert isinstance(found, Unread)
    assert found.why == "It has more than 10000 messages."


DETAILS = '<details type="reasoning">'


MARKS = ["\ue200", "【1†", "【1", "1", DETAILS, DETAILS[:-1], f"{DETAILS}\n<summary>"]


@pytest.mark.parametrize("text", MARKS)
def test_marks_without_an_end_cost_no_more_than_their_length(text: str) -> None:
    """Many of them, which a test would time out on if each were looked for to the end."""
    often = f"【{text * 300_000}"
    one(files.chatgpt(files.chatgpt_node("a", None, "assistant", often[:4_000_000]), current="a"))
    one(files.open_webui(files.open_webui_message("a", None, "assistant", often), current="a"))


@pytest.mark.parametrize("end", ["", "\\", '\\"'])
def test_a_string_without_an_end_is_looked_for_once(end: str) -> None:
    assert read(b'{"' + rb"\"" * 2_000_000 + end.encode()) == []


def test_all_our_chats_in_one_file_come_back_as_they_were() -> None:
    chats = [
        Chat(
            id=f"{n:024x}",
            owner="o",
            title=f"Chat {n}",
            leaf_id="m",
            created_at=5,
            updated_at=7 + n,
            system="Be kind.",
            params={"temperature": 0.5, "max_tokens": 7, "model": "m"},
            pinned=n == 1,
            archived=n == 2,
        )
        for n in range(3)
    ]

    def history(chat: Chat) -> list[Message]:
        return [
            Message(id="m", chat_id=chat.id, owner="o", parent_id=None, role="user", content=chat.title, created_at=6)
        ]

    found = read(b"".join(transfer.lines(chats, history, lambda _: None)))
    assert [each.chat.id for each in found if isinstance(each, Read)] != [chat.id for chat in chats]
    kept = ("title", "created_at", "updated_at", "system", "params", "pinned", "archived")
    for before, after in zip(chats, found, strict=True):
        assert isinstance(after, Read)
        assert [getattr(after.chat, name) for name in kept] == [getattr(before, name) for name in kept]
        assert (after.messages[0].content, after.chat.leaf_id) == (before.title, after.messages[0].id)


@pytest.mark.parametrize("params", [{"n": 2}, {"temperature": []}])
def test_choices_that_are_none_of_ours_are_refused(params: dict[str, Any]) -> None:
    body = {"format": "chatstream/1", "title": "T", "messages": [], "params": params}
    (found,) = read(json.dumps(body).encode())
    assert isinstance(found, Unread)
    assert "params" in found.why
