"""MongoDB: collections `chats`, `messages`, `runs` and `run_events`. Works on a replica set and on a single server.

Nothing here needs a transaction: ids are made by the client, a submission becomes visible with its last write, and the
recorder's writes are upserts that can be repeated.
"""

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
import pymongo
from bson.errors import InvalidDocument
from pymongo import ASCENDING, DESCENDING, InsertOne, UpdateOne
from pymongo.collection import Collection
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    InvalidURI,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from chatstream.errors import (
    BadRequest,
    SettingsError,
    StoreError,
    StoreUnavailable,
    StoreUncertain,
    TooLarge,
)
from chatstream.store import cursors, mongo_indexes
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
from chatstream.store.mongo_search import Search
from chatstream.store.records import (
    Batch,
    Chat,
    Ending,
    Message,
    Order,
    Page,
    RunRecord,
    Submission,
    check_place,
    now_ms,
)
from chatstream.wire.events import RunEvent

PATIENCE_S = 2.5
"""How long one operation may take, with looking for the server."""
IMPORT_S, INDEXING_S = 60.0, 3600.0
SLICE = 200
"""Messages read in one piece: decoding them keeps the other greenlets waiting for about 2 ms."""
_MAJORITY_LOST = (64, 91, 11600, 11602)  # write concern timed out; shutting down; interrupted


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

    def delete(self, owner: str, chat_id: str) -> None:
        mine = {"chat_id": chat_id, "owner": owner}
        with translated():
            # The chat goes first: what is left if this breaks off is not visible any more.
            self._collection("chats").delete_one({"_id": chat_id, "owner": owner})
            runs = [run["_id"] for run in self._collection("runs").find(mine, {"_id": 1})]
            self._collection("runs").delete_many(mine)
            self._collection("messages").delete_many(mine)
            self._collection("run_events").delete_many({"run_id": {"$in": runs}})

    def add(self, chat: Chat, messages: Sequence[Message]) -> None:
        with translated(), pymongo.timeout(IMPORT_S):
            try:
                if messages:
                    self._collection("messages").insert_many([to_document(message) for message in messages])
                self._collection("chats").insert_one(to_document(chat))
            except BaseException:
                self._collection("messages").delete_many({"chat_id": chat.id})
                raise

    # -- Runs

    def begin(self, submission: Submission) -> RunRecord | None:
        with pymongo.timeout(PATIENCE_S):
            used = self._claim(submission.run)
            if used is None:
                self._fill(submission)
            return used

    def _claim(self, run: RunRecord) -> RunRecord | None:
        """Store the Run, and with it take its request id; the Run that has it, if that is another one."""
        give_up = time.monotonic() + PATIENCE_S / 2
        while True:
            try:
                with translated():
                    self._collection("runs").insert_one(to_document(run))
                return None
            except StoreUnavailable as error:
                if isinstance(error.__cause__, ServerSelectionTimeoutError):
                    raise  # nothing was sent
                raise StoreUncertain(str(error)) from error
            except StoreError as error:
                if not isinstance(error.__cause__, DuplicateKeyError):
                    raise
            used = self._one("runs", RunRecord, {"owner": run.owner, "request_id": run.request_id})
            if used is not None and self._one("messages", Message, {"_id": used.message_id}):
                return used
            self._wait_for_claimed(used, give_up)

    def _wait_for_claimed(self, used: RunRecord | None, give_up: float) -> None:
        """That submission is being stored at this moment; or it was broken off, and its Run is all that is left."""
        if used is not None and (used.state != "running" or used.lease < now_ms()):
            with translated():
                self._collection("runs").delete_one({"_id": used.id})
        elif time.monotonic() > give_up:
            raise StoreUnavailable("The same request is being stored at this moment. Try again.")
        else:
            time.sleep(0.05)

    def _fill(self, submission: Submission) -> None:
        try:
            with translated():
                self._bulk("run_events", [upsert(submission.kept)] if submission.kept else [])
                self._collection("messages").insert_many([to_document(message) for message in submission.messages])
                self._show(submission)
        except StoreUnavailable as error:
            raise StoreUncertain(str(error)) from error
        except (BadRequest, StoreError):
            with _uncertain():
                self.withdraw(submission)
            raise

    def _show(self, submission: Submission) -> None:
        chat = submission.chat
        if submission.is_new:
            try:
                self._collection("chats").insert_one(to_document(chat))
            except DuplicateKeyError:
                check_place(submission, None, there=True)
            return
        where = {"_id": chat.id, "owner": chat.owner}
        place = {"leaf_id": submission.leaf_before} if submission.follows_leaf else {}
        change = {"$set": {"leaf_id": chat.leaf_id, "updated_at": chat.updated_at, **submission.chosen}}
        if not self._collection("chats").update_one({**where, **place}, change).matched_count:
            present = self._collection("chats").find_one(where, {"leaf_id": 1})
            check_place(submission, present["leaf_id"] if present else None, there=present is not None)
            self._show(submission)  # the leaf moved away and back again

    def withdraw(self, submission: Submission) -> None:
        chat = submission.chat
        with translated(), pymongo.timeout(PATIENCE_S):
            shown = {"_id": chat.id, "leaf_id": chat.leaf_id}
            if submission.is_new:
                self._collection("chats").delete_one(shown)  # another question may have begun a chat of this id
            else:
                self._collection("chats").update_one(shown, {"$set": {"leaf_id": submission.leaf_before}})
            self._collection("messages").delete_many({"_id": {"$in": [m.id for m in submission.messages]}})
            self._collection("run_events").delete_many({"run_id": submission.run.id})
            # The Run comes last: with it the request id is free again.
            self._collection("runs").delete_one({"_id": submission.run.id})

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
def translated() -> Iterator[None]:
    """pymongo's exceptions as ours."""
    try:
        yield
    except InvalidDocument as error:  # raised before anything is sent, and no PyMongoError
        raise TooLarge("This is larger than the database takes in one piece (16 MiB).") from error
    except PyMongoError as error:
        raise _ours(error) from error


def _ours(error: PyMongoError) -> StoreError:
    code = getattr(error, "code", None)
    away = isinstance(error, ConnectionFailure | ExecutionTimeout) or error.timeout or code in _MAJORITY_LOST
    if away or (isinstance(error, BulkWriteError) and error.details.get("writeConcernErrors")):
        return StoreUnavailable("The database cannot be reached now. Try again in a moment.")
    return StoreError(f"The database refused: {error}.")


@contextlib.contextmanager
def _uncertain() -> Iterator[None]:
    try:
        yield
    except StoreUnavailable as error:
        raise StoreUncertain(str(error)) from error


@contextlib.contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except (InvalidURI, ConfigurationError, ValueError) as error:
        raise SettingsError(f"MONGODB_URI cannot be used: {error}") from error
