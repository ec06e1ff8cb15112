"""Searching, for every store: which words a chat has, however it got and lost them."""

import unicodedata
from collections.abc import Callable

import msgspec
import pytest

from chatstream.store.ports import Store
from chatstream.store.records import Submission
from chatstream.store.words import MOST, folded
from tests.store.conftest import ME, ending, submission

Found = Callable[[str], list[str]]


@pytest.fixture
def found(store: Store) -> Found:
    return lambda words: [chat.id for chat in store.chats(ME, words, None, 10).chats]


def answered(store: Store, prompt: str, answer: str) -> Submission:
    s = submission(prompt=prompt)
    store.begin(s)
    store.record("w1", [], [ending(s, 1, answer)])
    return s


def test_the_words_may_stand_in_different_messages_and_in_the_title(store: Store, found: Found) -> None:
    fish, bird = answered(store, "Of fish", "They swim."), answered(store, "Of birds", "They fly.")
    store.change(ME, bird.chat.id, {"title": "Feathers"})
    second = submission(chat=fish.chat, prompt="And at night?")
    store.begin(second)
    assert found("fish swim night") == [fish.chat.id]
    assert found("they feathers birds") == [bird.chat.id]
    assert found("fish fly") == []


def test_a_new_title_takes_away_the_words_of_the_old_one_only(store: Store, found: Found) -> None:
    s = answered(store, "Of fish and birds", "Nothing.")
    store.change(ME, s.chat.id, {"title": "Only in titles"})
    store.change(ME, s.chat.id, {"title": "Fish"})
    assert found("titles") == []
    store.change(ME, s.chat.id, {"title": "Nothing new"})
    assert found("fish") == found("nothing") == found("birds new") == [s.chat.id]


def test_an_answer_that_went_on_has_its_last_words_only(store: Store, found: Found) -> None:
    s = submission(prompt="Go on")
    question, answer = s.messages
    begun = msgspec.structs.replace(answer, content="The question was bro")
    store.begin(msgspec.structs.replace(s, messages=[question, begun]))
    assert found("bro") == [s.chat.id]
    store.record("w1", [], [ending(s, 1, "The question was broken off")])
    assert found("bro question") == []
    assert found("go was broken question") == [s.chat.id]


def test_a_deleted_chat_leaves_no_words_to_the_next(store: Store, found: Found) -> None:
    s = answered(store, "Of fish", "They swim.")
    store.change(ME, s.chat.id, {"title": "Renamed"})
    store.delete(ME, s.chat.id)
    later = answered(store, "Of birds", "They fly.")
    assert found("fish") == found("swim") == found("renamed") == []
    assert found("birds") == [later.chat.id]
    store.delete(ME, later.chat.id)
    assert found("birds") == []


def test_an_imported_chat_is_found_and_deleted_like_another(store: Store, found: Found) -> None:
    s = submission(prompt="Of fish")
    fields = {"role": "assistant", "parent_id": None, "state": "complete"}
    said = [msgspec.structs.replace(s.messages[1], id=f"{n:024x}", content=f"word{n}", **fields) for n in range(70)]
    store.add(s.chat, [*s.messages, *said])
    assert found("word0 word33 word69 fish") == [s.chat.id]
    store.delete(ME, s.chat.id)
    assert found("word33") == found("fish") == []


def test_case_and_accents_make_no_difference(store: Store, found: Found) -> None:
    s = answered(store, "Über die École", "ΑΘΗΝΑ, Москва, 東京 und snake_case, ½ 42, ka\u19b0la")
    decomposed = unicodedata.normalize("NFD", "école")
    for words in ("uber", "ÜBER", "ecole", decomposed, "αθηνα", "москва", "東京", "snake_case", "42", "ka\u19b0la"):
        assert found(words) == [s.chat.id], words
    assert found("_") == found("\u19b0") == []


def test_the_words_of_a_large_answer_are_found(store: Store, found: Found) -> None:
    text = f"first {'und so weiter ' * 5000}middle{' und so fort' * 5000} last"
    s = answered(store, "Tell me all", text)
    for words in ("first", "middle", "last", "weiter fort"):
        assert found(words) == [s.chat.id], words
    assert found("mid last") == found("ast") == []


EASTERN = "岩礁海岸. プログラム がくせい 한국어"


def test_the_last_word_may_be_the_beginning_of_one(store: Store, found: Found) -> None:
    """A search goes on while it is typed."""
    fish = answered(store, "Of fish", "They swim.")
    limpet = answered(store, "Of shores", f"LIMPÉTS cling to {EASTERN} foobar")
    store.change(ME, fish.chat.id, {"title": "Feathers and fins"})
    for words in ("lim", "limpet", "to limpé", "cling lim", "shor", "lim lim", "Lim lim", "Foo foo"):
        assert found(words) == [limpet.chat.id], words
    for words in ("岩礁", "岩礁海岸", "プロ", "がく", "한국"):
        assert found(words) == [limpet.chat.id], words
    assert found("feat") == found("swim feath") == [fish.chat.id]
    for words in ("li", "岩", "한", "かく", "impet", "lim cling", "swim lim", "lim fish"):
        assert found(words) == [], words


def test_large_texts_are_cut_between_words() -> None:
    said = [f"w{n}" for n in range(9000)]
    assert sorted(folded(" ".join(said))) == sorted(said)
    assert len(folded(" ".join(f"w{n}" for n in range(30_000)))) == MOST


def test_plain_letters_are_taken_as_all_letters_are() -> None:
    text = "".join(map(chr, range(128))) + "Don't re-use snake_case_42 " + "x" * 50
    assert set(folded(text)) == set(folded(f"{text} é")) - {"e"}


def test_a_text_without_any_gap_is_kept(store: Store) -> None:
    s = answered(store, "Data", "A" * 300_000)
    assert len(store.messages(ME, s.chat.id)[1].content) == 300_000
