"""Lists of chats: newest first, page by page, by shelf, and by the words in them."""

from typing import get_args

import pytest

from chatstream.errors import BadRequest
from chatstream.store.ports import Store
from chatstream.store.records import Batch, Passage, Shelf, Submission
from tests.store.conftest import ME, OTHER, ending, submission, texts


def test_chats_newest_first_page_by_page(store: Store) -> None:
    begun = [submission(prompt=f"chat {i}", at=1000 + i // 2) for i in range(7)]  # times in pairs: ids decide
    for s in begun:
        store.begin(s)
    newest = sorted(begun, key=lambda s: (s.chat.updated_at, s.chat.id), reverse=True)
    found, before = [], None
    while True:
        page = store.chats(ME, "", before, 3)
        found += page.chats
        before = page.before
        if before is None:
            break
    assert found == [s.chat for s in newest]
    assert store.chats(ME, "", None, 7).before is None


def test_every_chat_lies_on_one_shelf_newest_first(store: Store) -> None:
    begun = [submission(prompt=f"chat {i}", at=1000 + i // 2) for i in range(12)]
    for s in begun:
        store.begin(s)
    for s in begun[::3]:
        assert store.change(ME, s.chat.id, {"pinned": True})
    for s in begun[1::3]:
        assert store.change(ME, s.chat.id, {"archived": True})
    newest = sorted(begun, key=lambda s: (s.chat.updated_at, s.chat.id), reverse=True)
    for at, shelf in enumerate(get_args(Shelf)):
        here = {s.chat.id for s in begun[(0, 2, 1)[at] :: 3]}
        found, before = [], None
        while True:
            page = store.shelf(ME, shelf, before, 3)
            found += page.chats
            before = page.before
            if before is None:
                break
        assert [chat.id for chat in found] == [s.chat.id for s in newest if s.chat.id in here]
        assert {(chat.pinned, chat.archived) for chat in found} == {(shelf == "pinned", shelf == "archived")}
        assert store.shelf(OTHER, shelf, None, 9).chats == []
    assert [chat.id for chat in store.chats(ME, "", None, 20).chats] == [s.chat.id for s in newest]


@pytest.mark.parametrize(
    "before", ["x", "1-2", "-", "1000-" + "g" * 24, "'; DROP TABLE chats; --", "9" * 30 + "-" + "a" * 24]
)
def test_a_cursor_that_is_none_is_refused(store: Store, before: str) -> None:
    with pytest.raises(BadRequest, match="cursor"):
        store.chats(ME, "", before, 3)


def test_search_finds_chats_by_all_words_in_title_or_message(store: Store) -> None:
    fish, bird = submission(prompt="Tell me of the Häring fish"), submission(prompt="And of birds?")
    for s, content in ((fish, "It swims in cold water"), (bird, "They fly, and swim on water")):
        store.begin(s)
        store.record("w1", [Batch(run_id=s.run.id, first=1, events=texts(1, 1))], [ending(s, 1, content)])
    store.change(ME, bird.chat.id, {"title": "Feathers"})

    def found(words: str) -> set[str]:
        return {chat.id for chat in store.chats(ME, words, None, 10).chats}

    assert found("water") == {fish.chat.id, bird.chat.id}
    assert found("WATER cold") == {fish.chat.id}
    assert found("häring") == {fish.chat.id}
    assert found("feathers") == {bird.chat.id}
    assert found("nothing") == set()
    assert found("  ") == {fish.chat.id, bird.chat.id}


@pytest.mark.parametrize(
    "words", ['"', "'", "*", "a AND", "NEAR(", "-water", "title:x", "\\", "{$ne: 1}", "(", '""', "^", "%"]
)
def test_search_words_are_never_a_query_language(store: Store, words: str) -> None:
    store.begin(submission())
    store.chats(ME, words, None, 10)


def passage(store: Store, owner: str, s: Submission, words: str) -> Passage | None:
    return store.passages(owner, [s.chat.id], words).get(s.chat.id)


def test_a_passage_is_a_message_in_which_a_searched_word_stands(store: Store) -> None:
    s = submission(prompt="Tell me of birds")
    store.begin(s)
    store.record("w1", [Batch(run_id=s.run.id, first=1, events=texts(1, 1))], [ending(s, 1, "The HÄRING is a fish")])
    question, answer = Passage(s.messages[0].id, "Tell me of birds"), Passage(s.messages[1].id, "The HÄRING is a fish")
    asked = ("birds", "haring", "fish birds", "of is fish", "bird", "bi", "*", "")
    found = {words: passage(store, ME, s, words) for words in asked}
    assert {found.pop("fish birds"), found.pop("of is fish")} <= {question, answer}
    assert found == {"birds": question, "haring": answer, "bird": question, "bi": None, "*": None, "": None}
    assert passage(store, OTHER, s, "birds") is None


def test_a_passage_has_all_the_words_where_one_message_does(store: Store) -> None:
    s = submission(prompt="Is a fish a bird?")
    store.begin(s)
    text = "No Fish swims as a HÄRING"
    store.record("w1", [Batch(run_id=s.run.id, first=1, events=texts(1, 1))], [ending(s, 1, text)])
    answer = Passage(s.messages[1].id, text)
    assert passage(store, ME, s, "haring fish") == passage(store, ME, s, "fish no") == answer


def test_passages_come_by_chat(store: Store) -> None:
    made = [submission(prompt=f"Tell me of {bird}") for bird in ("wrens", "owls", "wrens and owls")]
    for s in made:
        store.begin(s)
    one, two, both = (Passage(s.messages[0].id, s.messages[0].content) for s in made)
    ids = [s.chat.id for s in made]
    assert store.passages(ME, ids, "owls") == {ids[1]: two, ids[2]: both}
    assert store.passages(ME, ids, "owls wrens") == {ids[0]: one, ids[1]: two, ids[2]: both}
    many = {s.chat.id: Passage(s.messages[0].id, s.messages[0].content) for s in made}
    assert store.passages(ME, ids * 9, "of") == many
    assert store.passages(ME, ids[:1], "owls") == store.passages(ME, [], "owls") == {}
