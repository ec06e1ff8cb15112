"""MongoDB's indexes, and databases of older versions."""

import logging
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne
from pymongo.collection import Collection
from pymongo.database import Database

from chatstream.store.mongo_documents import Document
from chatstream.store.words import folded

_PORTION = 1000
_NEWS_S = 5.0
_TEXTS = {"chats": "title", "messages": "content"}
"""What the words of each collection's documents are taken from; older versions had MongoDB's text index on it."""
_LACKED = {"pinned": False, "archived": False, "titled": "user"}
"""What chats of older versions are given, so that indexes find them; their titles may be a person's."""
_NAMED = {"request_id": {"$type": "string"}}
_COMPOSED = "[\u0600-\u1dff\u3040-\ud7ff]"
"""Scripts of which older versions kept words in pieces: Arabic to Khmer, Kana, Hangul. Others change nothing."""
_WORDS = {"_id": "words", "version": 2}
_REPLACED = {"chats": ["title_text"], "messages": ["content_text", "chat_id_1_created_at_1"]}

_log = logging.getLogger(__name__)


def prepare(database: Database[Document]) -> None:
    present = {name: database[name].index_information() for name in _TEXTS}
    for name, text in _TEXTS.items():
        if f"{text}_text" in present[name]:
            _add_words(database[name], text)
    _compose_words(database)
    for field, value in _LACKED.items():
        database["chats"].update_many({field: {"$exists": False}}, {"$set": {field: value}})
    for name, models in _models().items():
        database[name].create_indexes(models)
    for name, replaced in _REPLACED.items():  # last: a start that is broken off goes on where it was
        for index in present[name].keys() & replaced:
            database[name].drop_index(index)


def _models() -> dict[str, list[IndexModel]]:
    return {
        "presets": [_index(owner=1, name=1)],
        "chats": [
            _index(owner=1, updated_at=-1, _id=-1),
            _index(owner=1, archived=1, pinned=1, updated_at=-1, _id=-1),
            _index({"unique": True, "partialFilterExpression": {"share": {"$type": "string"}}}, share=1),
            _index(owner=1, words=1, _id=1),
        ],
        "messages": [_index(chat_id=1, created_at=1, _id=1), _index(owner=1, words=1, chat_id=1)],
        "runs": [
            _index({"unique": True, "partialFilterExpression": _NAMED}, owner=1, request_id=1),
            _index(chat_id=1),
            _index(state=1, worker=1, lease=1),
        ],
        "files": [_index(chat_id=1, message_id=1), _index(chat_id=1, created_at=1)],
        "run_events": [_index(run_id=1, first=1)],
    }


def _index(options: dict[str, Any] | None = None, /, **directions: int) -> IndexModel:
    keys = [(field, ASCENDING if direction > 0 else DESCENDING) for field, direction in directions.items()]
    return IndexModel(keys, **options or {})


def _compose_words(database: Database[Document]) -> None:
    if database["versions"].count_documents(_WORDS):
        return
    for name, text in _TEXTS.items():
        if database[name].update_many({text: {"$regex": _COMPOSED}}, {"$unset": {"words": ""}}).modified_count:
            _add_words(database[name], text)
    database["versions"].replace_one({"_id": _WORDS["_id"]}, _WORDS, upsert=True)


def _add_words(collection: Collection[Document], text: str) -> None:
    """Give each document its words, before there is an index of them."""
    done, said = 0, time.monotonic()
    _log.warning("The words of all %s are kept anew, once: 100 000 take about half a minute.", collection.name)
    lacking = collection.find({"words": {"$exists": False}}, {text: 1}).batch_size(_PORTION)
    while writes := list(islice(_with_words(lacking, text), _PORTION)):
        collection.bulk_write(writes, ordered=False)
        done += len(writes)
        if time.monotonic() - said > _NEWS_S:
            said = time.monotonic()
            _log.warning("%d %s are done.", done, collection.name)


def _with_words(documents: Iterator[Document], text: str) -> Iterator[UpdateOne]:
    for document in documents:
        yield UpdateOne({"_id": document["_id"]}, {"$set": {"words": folded(document[text])}})
