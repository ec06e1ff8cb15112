"""MongoDB: collections `chats`, `messages`, `runs` and `run_events`. Works on a replica set and on a single server.

Nothing here needs a transaction: ids are made by the client, a submission becomes visible with its last write, and the
recorder's writes are upserts that can be repeated.
"""

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
import pymongo
from pymongo import ASCENDING, DESCENDING, InsertOne, ReturnDocument, UpdateOne
from pymongo.collection import Collection
from pymongo.errors import ConfigurationError, InvalidURI

from chatstream.errors import SettingsError
from chatstream.store import cursors, mongo_indexes, mongo_pruning, mongo_search
from chatstream.store.mongo_documents import (
    END,
    Document,
    R,
    changed,
    finished_message,
    finished_run,
    moved,
    to_document,
    to_record,
    told,
    upsert,
    with_end_apart,
)
from chatstream.store.mongo_errors import translated
from chatstream.store.mongo_search import NEWEST, Search, older_than
from chatstream.store.mongo_submissions import PATIENCE_S, Submissions
from chatstream.store.records import (
    UPLOAD_MS,
    Batch,
    Chat,
    Cut,
    Ending,
    File,
    Message,
    Order,
    Page,
    Passage,
    Preset,
    RunRecord,
    Shelf,
    Submission,
)
from chatstream.store.words import sought
from chatstream.wire.events import RunEvent

IMPORT_S, INDEXING_S = 60.0, 3600.0
SLICE = 200
"""Messages read in one piece: decoding them keeps the other greenlets waiting for about 2 ms."""


class MongoStore:
    """Implements `chatstream.store.ports.Store`.

    :param uri: a connection string; the database is the one in its path, else `chatstream`
    :raises SettingsError: for one that is none
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri
        with _named():
            parsed = pymongo.uri_parser.parse_uri(uri)
        self._database = parsed["database"] or "chatstream"
        hosts = ",".join(f"{host}:{port}" for host, port in parsed["nodelist"])
        self.name = f"MongoDB at {hosts}/{self._database}"
        self._client: pymongo.MongoClient[Document] | None = None
        self._submissions = Submissions(self._collection)

    # -- the connection's life

    def _collection(self, name: str) -> Collection[Document]:
        if self._client is None:  # made at first use: a client must not cross a fork
            self._client = pymongo.MongoClient(
                self._uri,
                w="majority",
                journal=True,
                serverSelectionTimeoutMS=int(PATIENCE_S * 1000),
                timeoutMS=int(PATIENCE_S * 1000),
                connectTimeoutMS=int(PATIENCE_S * 1000),  # also how soon a frozen server is given up
                appname="chatstream",
            )
        return self._client[self._database][name]

    def prepare(self) -> None:
        others = set(threading.enumerate())
        self.ping()
        with translated(), pymongo.timeout(INDEXING_S):
            mongo_indexes.prepare(self._collection("chats").database)
        self.close()
        for thread in set(threading.enumerate()) - others:
            thread.join(2)  # the driver's own: a fork that came before their end would copy them half-way

    def ping(self) -> None:
        with translated():
            self._collection("chats").find_one({}, {"_id": 1})

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    # -- chats

    def chat(self, owner: str, chat_id: str) -> Chat | None:
        return self._one("chats", Chat, {"_id": chat_id, "owner": owner})

    def chats(self, owner: str, words: str, before: str | None, limit: int) -> Page:
        place = cursors.parse(before) if before is not None else None
        search = Search(self._collection("chats"), self._collection("messages"), owner, place)
        with translated():
            chats = search.with_words(words) if words.strip() else search.newest().limit(limit + 1)
            found = list(islice(chats, limit + 1))
        return cursors.page([to_record(Chat, document) for document in found], limit)

    def shelf(self, owner: str, shelf: Shelf, before: str | None, limit: int) -> Page:
        place = cursors.parse(before) if before is not None else None
        lying = {"archived": shelf == "archived", "pinned": shelf == "pinned"}
        with translated():
            found = self._collection("chats").find({**lying, **older_than(owner, place)}).sort(NEWEST).limit(limit + 1)
            return cursors.page([to_record(Chat, document) for document in found], limit)

    def shared(self, token: str) -> Chat | None:
        return self._one("chats", Chat, {"share": {"$eq": token, "$type": "string"}})  # as the index has them

    def passages(self, owner: str, chat_ids: Sequence[str], words: str) -> dict[str, Passage]:
        with translated():
            return mongo_search.passages(self._collection("messages"), owner, chat_ids, sought(words))

    def messages(self, owner: str, chat_id: str) -> list[Message]:
        where = {"chat_id": chat_id, "owner": owner}
        oldest = [("created_at", ASCENDING), ("_id", ASCENDING)]
        with translated():
            found = self._collection("messages").find(where, {"words": 0}).sort(oldest).batch_size(SLICE)
            return [to_record(Message, document) for document in found]

    def change(self, owner: str, chat_id: str, fields: Mapping[str, Any]) -> bool:
        with translated():
            where = {"_id": chat_id, "owner": owner}
            return self._collection("chats").update_one(where, {"$set": changed(fields)}).matched_count > 0

    def entitle(self, owner: str, chat_id: str, title: str) -> bool:
        untitled = {"_id": chat_id, "owner": owner, "titled": "words"}
        given = {"$set": changed({"title": title, "titled": "model"})}
        with translated():
            return self._collection("chats").update_one(untitled, given).matched_count > 0

    def delete(self, owner: str, chat_id: str) -> None:
        mine = {"chat_id": chat_id, "owner": owner}
        with translated():
            # The chat goes first: what is left if this breaks off is not visible any more.
            self._collection("chats").delete_one({"_id": chat_id, "owner": owner})
            runs = [run["_id"] for run in self._collection("runs").find(mine, {"_id": 1})]
            self._collection("runs").delete_many(mine)
            self._collection("messages").delete_many(mine)
            self._collection("files").delete_many(mine)
            self._collection("run_events").delete_many({"run_id": {"$in": runs}})

    def prune(self, cut: Cut) -> bool:
        with translated():
            return mongo_pruning.prune(self._collection("chats").database, cut)

    def append(self, message: Message) -> bool:
        """The parent may go while this is done: then all is taken back."""
        messages, chats = self._collection("messages"), self._collection("chats")
        above = {"_id": message.parent_id, "chat_id": message.chat_id, "owner": message.owner}
        shown = {"leaf_id": message.id, "updated_at": message.created_at}
        with translated():
            if messages.find_one(above, {"_id": 1}) is None:
                return False
            messages.insert_one(to_document(message))
            chat = chats.find_one_and_update({"_id": message.chat_id, "owner": message.owner}, {"$set": shown})
            if chat and messages.find_one(above, {"_id": 1}):
                return True
            messages.delete_one({"_id": message.id})
            if chat:
                chats.update_one({"_id": chat["_id"], "leaf_id": message.id}, {"$set": {"leaf_id": chat["leaf_id"]}})
        return False

    def add(self, chat: Chat, messages: Sequence[Message], files: Sequence[File] = ()) -> None:
        with translated(), pymongo.timeout(IMPORT_S):
            try:
                for file in files:
                    self._collection("files").insert_one(to_document(file))
                if messages:
                    self._collection("messages").insert_many([to_document(message) for message in messages])
                self._collection("chats").insert_one(to_document(chat))
            except BaseException:
                self._collection("messages").delete_many({"chat_id": chat.id})
                self._collection("files").delete_many({"chat_id": chat.id})
                raise

    # -- Runs

    def begin(self, submission: Submission) -> RunRecord | None:
        return self._submissions.begin(submission)

    def withdraw(self, submission: Submission) -> None:
        self._submissions.withdraw(submission)

    def run(self, owner: str, run_id: str) -> RunRecord | None:
        found = self._one("runs", RunRecord, {"_id": run_id, "owner": owner})
        if found is None or found.state != "running":
            return found
        return msgspec.structs.replace(found, seq=max(found.seq, self._last(run_id)))

    def _last(self, run_id: str) -> int:
        """The number of the last event stored: to note it in the Run's record too would double what is written."""
        with translated():
            newest = [("first", DESCENDING)]
            found = self._collection("run_events").find_one({"run_id": run_id}, {"last": 1}, sort=newest)
        return found["last"] if found else 0

    def running(self, owner: str, chat_id: str) -> list[str]:
        where = {"chat_id": chat_id, "owner": owner, "state": "running"}
        with translated():
            return [document["_id"] for document in self._collection("runs").find(where, {"_id": 1})]

    def events(self, run_id: str, after: int) -> list[RunEvent]:
        with translated():
            where = {"run_id": run_id, "$or": [{"last": {"$gt": after}}, {"_id": run_id + END}]}
            documents = list(self._collection("run_events").find(where).sort("first", ASCENDING))
        return told(documents, after)

    def record(self, worker: str, batches: Sequence[Batch], endings: Sequence[Ending]) -> set[str]:
        asked = {batch.run_id for batch in batches} | {ending.run_id for ending in endings}
        with translated():
            mine = {"worker": worker, "state": "running"}
            ours = asked & {run["_id"] for run in self._collection("runs").find(mine, {"_id": 1})}
            kept = [batch for batch in batches if batch.run_id in ours]
            ended = [ending for ending in endings if ending.run_id in ours]
            self._bulk("run_events", [upsert(part) for batch in kept for part in with_end_apart(batch)])
            self._bulk("messages", [finished_message(ending) for ending in ended])
            self._bulk("chats", [moved(ending) for ending in ended])
            # The state comes last: whatever broke off before it is done again.
            self._bulk("runs", [finished_run(ending, mine) for ending in ended])
        return asked - ours

    def order_stop(self, run_id: str) -> None:
        self._order(run_id, {"$set": {"stop": True}})

    def order_watch(self, run_id: str, until: int) -> None:
        self._order(run_id, {"$max": {"watched_until": until}})

    def orders(self, worker: str, now: int) -> list[Order]:
        where = {"worker": worker, "state": "running", "$or": [{"stop": True}, {"watched_until": {"$gt": now}}]}
        with translated():
            found = self._collection("runs").find(where, {"stop": 1})
            return [Order(document["_id"], document.get("stop", False)) for document in found]

    def renew(self, worker: str, lease: int) -> None:
        with translated():
            where = {"worker": worker, "state": "running"}
            self._collection("runs").update_many(where, {"$set": {"lease": lease}})

    def runs_of(self, worker: str) -> list[RunRecord]:
        with translated():
            found = list(self._collection("runs").find({"worker": worker, "state": "running"}))
        return [to_record(RunRecord, document) for document in found]

    def orphans(self, now: int) -> list[RunRecord]:
        with translated():
            found = list(self._collection("runs").find({"state": "running", "lease": {"$lt": now}}))
        return [to_record(RunRecord, document) for document in found]

    def take_over(self, run_id: str, worker: str, now: int, lease: int) -> bool:
        where = {"_id": run_id, "state": "running", "lease": {"$lt": now}}
        with translated():
            change = {"$set": {"worker": worker, "lease": lease}}
            return self._collection("runs").update_one(where, change).matched_count > 0

    # -- presets

    def presets(self, owner: str) -> list[Preset]:
        with translated():
            found = list(self._collection("presets").find({"owner": owner}).sort("name"))
        return [to_record(Preset, document) for document in found]

    def keep(self, preset: Preset) -> None:
        fields = to_document(preset)
        fresh = {"is_default": fields.pop("is_default")}
        mine = {"_id": fields.pop("_id"), "owner": preset.owner}
        with translated():
            self._collection("presets").update_one(mine, {"$set": fields, "$setOnInsert": fresh}, upsert=True)

    def default(self, owner: str) -> Preset | None:
        with translated():
            found = self._collection("presets").find_one({"owner": owner, "is_default": True}, sort=["name"])
        return to_record(Preset, found) if found else None

    def make_default(self, owner: str, preset_id: str, is_default: bool) -> Preset | None:
        mine, set_ = {"_id": preset_id, "owner": owner}, {"$set": {"is_default": is_default}}
        others = {"_id": {"$ne": preset_id}, "owner": owner, "is_default": True}
        with translated():
            found = self._collection("presets").find_one_and_update(mine, set_, return_document=ReturnDocument.AFTER)
            if found and is_default:
                self._collection("presets").update_many(others, {"$set": {"is_default": False}})
        return to_record(Preset, found) if found else None

    def drop(self, owner: str, preset_id: str) -> None:
        with translated():
            self._collection("presets").delete_one({"_id": preset_id, "owner": owner})

    # -- files

    def upload(self, file: File) -> None:
        with translated():
            late = {"chat_id": None, "created_at": {"$lt": file.created_at - UPLOAD_MS}}
            self._collection("files").delete_many(late)
            self._collection("files").insert_one(to_document(file))

    def file(self, owner: str, file_id: str) -> File | None:
        return self._one("files", File, {"_id": file_id, "owner": owner})

    def discard(self, owner: str, file_id: str) -> None:
        with translated():
            self._collection("files").delete_one({"_id": file_id, "owner": owner, "chat_id": None})

    # -- documents

    def _one(self, collection: str, kind: type[R], where: Document) -> R | None:
        with translated():
            document = self._collection(collection).find_one(where)
        return to_record(kind, document) if document else None

    def _order(self, run_id: str, change: Mapping[str, Any]) -> None:
        with translated():
            self._collection("runs").update_one({"_id": run_id}, change)

    def _bulk(self, collection: str, writes: Sequence[InsertOne[Document] | UpdateOne]) -> None:
        if writes:
            self._collection(collection).bulk_write(list(writes), ordered=False)


@contextlib.contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except (InvalidURI, ConfigurationError, ValueError) as error:
        raise SettingsError(f"MONGODB_URI cannot be used: {error}") from error
