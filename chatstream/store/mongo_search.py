"""Chats of an owner, newest first, page by page; with words, those in whose title and messages all of them stand.

Each message and each chat keeps its own words (`words`), and an index leads from owner and word to the chats. No index
is ordered by the chats' times as well: every answer would have to write all words of its chat again. So the newest
chats are asked whether they have the words, a slice at a time, which fills a page quickly if the words are common. If
they are not, all their places are read instead, unless even those are too many. Either way indexes alone answer; of
documents only chats are read.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from pymongo import DESCENDING
from pymongo.collection import Collection
from pymongo.cursor import Cursor

from chatstream.store.mongo_documents import Document
from chatstream.store.records import Passage
from chatstream.store.words import Sought, sought

SLICE = 200
LOOKED_AT = 3 * SLICE
"""How many of the newest chats are asked before the words' own places are read: about 4 ms."""
PLACES = (1000, 20_000)
"""How many places of each word are read, to find those that have no more: first in about 1 ms, then in 20."""
MARKED = 5
"""So many words of a search are looked for where its hits are shown."""
NEWEST = [("updated_at", DESCENDING), ("_id", DESCENDING)]


class Search:
    """One page being looked for.

    :param before: time and id of the chat it stands before; None for the newest
    """

    def __init__(
        self, chats: Collection[Document], messages: Collection[Document], owner: str, before: tuple[int, str] | None
    ) -> None:
        self._chats = chats
        self._messages = messages
        self._owner = owner
        self._before = before

    def newest(self) -> Cursor[Document]:
        return self._chats.find(older_than(self._owner, self._before)).sort(NEWEST)

    def with_words(self, text: str) -> Iterator[Document]:
        """Found as they are asked for; none where the text has no word."""
        words, looked_at = sought(text), 0
        if not words:
            return
        for some in _slices(self.newest().batch_size(SLICE)):
            yield from self._having(words, some)
            looked_at += len(some)
            if looked_at == LOOKED_AT and (few := self._few(words)) is not None:
                yield from self._rest(words, few, some[-1])
                return

    def _rest(self, words: Sequence[Sought], chat_ids: set[str], last: Document) -> Iterator[Document]:
        """Those of these chats that are older than the last one looked at. They are few: the server sorts them."""
        where = {**older_than(self._owner, (last["updated_at"], last["_id"])), "_id": {"$in": list(chat_ids)}}
        for some in _slices(self._chats.find(where).hint("_id_").sort(NEWEST).batch_size(SLICE)):
            yield from self._having(words, some)

    def _having(self, words: Sequence[Sought], chats: list[Document]) -> list[Document]:
        """Those of these chats that have all the words."""
        for word in words:
            there = {chat["_id"] for chat in chats if word.found_in(chat.get("words", ()))}
            if asked := [chat["_id"] for chat in chats if chat["_id"] not in there]:
                where = {"owner": self._owner, "words": _alike(word), "chat_id": {"$in": asked}}
                there.update(self._messages.distinct("chat_id", where))
            chats = [chat for chat in chats if chat["_id"] in there]
        return chats

    def _few(self, words: Sequence[Sought]) -> set[str] | None:
        """The chats that have all those of the words which are rare enough; None if none is."""
        for most in PLACES if len(words) > 1 else PLACES[1:]:
            rare = [found for word in words if (found := self._with_word(word, most)) is not None]
            if rare:
                return set.intersection(*rare)
        return None

    def _with_word(self, word: Sought, most: int) -> set[str] | None:
        in_messages = self._places(self._messages, "chat_id", word, most)
        in_titles = self._places(self._chats, "_id", word, most) if in_messages is not None else None
        return in_messages | in_titles if in_messages is not None and in_titles is not None else None

    def _places(self, collection: Collection[Document], chat_id: str, word: Sought, most: int) -> set[str] | None:
        theirs: Document = {"$match": {"owner": self._owner, "words": _alike(word)}}
        counted: Document = {"$group": {"_id": None, "n": {"$sum": 1}, "ids": {"$addToSet": f"${chat_id}"}}}
        for found in collection.aggregate([theirs, {"$limit": most + 1}, counted]):
            return set(found["ids"]) if found["n"] <= most else None
        return set()


def older_than(owner: str, before: tuple[int, str] | None) -> Document:
    """The owner's chats behind that place in the list; None for all."""
    if before is None:
        return {"owner": owner}
    at, chat_id = before
    # The first condition bounds the index; for the same millisecond the ids decide.
    same = {"$or": [{"updated_at": {"$lt": at}}, {"_id": {"$lt": chat_id}}]}
    return {"owner": owner, "updated_at": {"$lte": at}, **same}


def _slices(cursor: Cursor[Document]) -> Iterator[list[Document]]:
    while some := list(islice(cursor, SLICE)):
        yield some


def passages(
    messages: Collection[Document], owner: str, chat_ids: Sequence[str], words: Sequence[Sought]
) -> dict[str, Passage]:
    """As `ports.ChatStore.passages`: of the messages that the index leads to, one by chat and word, those with the most
    of the words. Asking chat by chat took 0.4 ms for each; all at once takes 2 ms for a word, about 10 for the
    beginning of one."""
    first = [found for word in words[:MARKED] for found in _first_of_each(messages, owner, chat_ids, word)]
    fields = {"chat_id": 1, "content": 1, "words": 1}
    best: dict[str, tuple[int, Document]] = {}
    for each in messages.find({"_id": {"$in": list(dict.fromkeys(first))}}, fields) if first else ():
        rank = sum(word.found_in(each["words"]) for word in words)
        if rank > best.get(each["chat_id"], (0, each))[0]:
            best[each["chat_id"]] = rank, each
    return {chat_id: Passage(each["_id"], each["content"]) for chat_id, (_, each) in best.items()}


def _first_of_each(messages: Collection[Document], owner: str, chat_ids: Sequence[str], word: Sought) -> list[str]:
    """A message with this word of each chat, or else with one that begins so."""
    whole = _by_chat(messages, owner, chat_ids, word._replace(begun=False))
    left = [chat_id for chat_id in chat_ids if chat_id not in whole] if word.begun else []
    begun = _by_chat(messages, owner, left, word) if left else {}
    return [*whole.values(), *begun.values()]


def _by_chat(messages: Collection[Document], owner: str, chat_ids: Sequence[str], word: Sought) -> dict[str, str]:
    """A message of each chat. For a whole word, sorted as the index is, that is a distinct scan; for a beginning all
    messages are read that have it."""
    where = {"owner": owner, "words": _alike(word), "chat_id": {"$in": list(chat_ids)}}
    group = {"$group": {"_id": "$chat_id", "message": {"$first": "$_id"}}}
    found = messages.aggregate([{"$match": where}, {"$sort": {"chat_id": 1}}, group])
    return {each["_id"]: each["message"] for each in found}


def _alike(word: Sought) -> str | Document:
    """A word, or those that begin so: also for them the index has a range. Letters and digits are no signs of a
    pattern."""
    return {"$regex": f"^{word.word}"} if word.begun else word.word
