"""Submissions into MongoDB: those that come while others are being stored go together, in one write per collection.

Each becomes visible with its last write, that of its chat; whatever broke off before it is withdrawn.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pymongo
from pymongo import InsertOne, UpdateOne
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, ServerSelectionTimeoutError

from chatstream.errors import BadRequest, ChatStreamError, StoreError, StoreUnavailable, StoreUncertain
from chatstream.store.mongo_documents import Document, to_document, to_record, upsert
from chatstream.store.mongo_errors import translated
from chatstream.store.records import RunRecord, Submission, check_place, check_uploads, now_ms

PATIENCE_S = 2.5
"""How long one operation may take, with looking for the server."""
_DUPLICATE = 11000


class _Turn:
    """One submission, and what became of it."""

    def __init__(self, submission: Submission) -> None:
        self.submission = submission
        self.over = False
        self.taken = False
        """Whether its request id belongs to another Run."""
        self.error: BaseException | None = None

    def fail(self, error: BaseException) -> None:
        self.error = self.error or error


class Submissions:
    """One per store.

    :param collection: gives one by its name
    """

    def __init__(self, collection: Callable[[str], Collection[Document]]) -> None:
        self._collection = collection
        self._waiting: list[_Turn] = []
        self._storing = threading.Lock()

    def begin(self, submission: Submission) -> RunRecord | None:
        """Store it; the Run that has its request id, if that is another one. As `ports.RunStore`."""
        give_up = time.monotonic() + PATIENCE_S / 2
        while self._took(submission):
            used = self._using(submission.run)
            if used is not None and self._collection_has("messages", used.message_id):
                return used
            self._wait_for_claimed(used, give_up)
        return None

    def _took(self, submission: Submission) -> bool:
        """Store it, with all that wait; whether its request id was taken."""
        turn = _Turn(submission)
        self._waiting.append(turn)
        with self._storing:
            if not turn.over:
                turns, self._waiting = self._waiting, []
                self._store(turns)
        if turn.error is not None:
            raise turn.error
        return turn.taken

    def _store(self, turns: Sequence[_Turn]) -> None:
        try:
            with pymongo.timeout(PATIENCE_S):
                self._claim(turns)
                if claimed := [turn for turn in turns if not turn.taken]:
                    self._fill(claimed)
        except BaseException as error:
            known = isinstance(error, ChatStreamError)
            for turn in turns:
                turn.fail(error if known else StoreUncertain(str(error)))
            if not known:
                raise
        finally:
            for turn in turns:
                turn.over = True

    def _claim(self, turns: Sequence[_Turn]) -> None:
        """Store the Runs, and with them take their request ids.

        :raises StoreUnavailable: and nothing was sent; or `StoreUncertain`
        """
        try:
            with translated():
                self._insert("runs", [to_document(turn.submission.run) for turn in turns])
        except StoreUnavailable as error:
            if isinstance(error.__cause__, ServerSelectionTimeoutError):
                raise
            raise StoreUncertain(str(error)) from error
        except StoreError as error:
            for index in _duplicates(error):
                turns[index].taken = True

    def _fill(self, turns: Sequence[_Turn]) -> None:
        """The rest of submissions whose Runs are stored. One that is refused is withdrawn, and the others stay."""
        try:
            with translated():
                self._add_messages([turn.submission for turn in turns])
                self._show(turns)
        except StoreUnavailable as error:
            raise StoreUncertain(str(error)) from error
        except (BadRequest, StoreError) as error:
            if len(turns) > 1:
                return self._fill_one_by_one(turns)
            turns[0].fail(error)
        for turn in turns:
            if turn.error is not None:
                with _uncertain():
                    self.withdraw(turn.submission)
        return None

    def _fill_one_by_one(self, turns: Sequence[_Turn]) -> None:
        """The database refuses something of one: it shall be that one's alone."""
        with translated():
            self._remove_messages([turn.submission for turn in turns])
        for turn in turns:
            self._fill([turn])

    def _add_messages(self, submissions: Sequence[Submission]) -> None:
        if kept := [upsert(submission.kept) for submission in submissions if submission.kept]:
            self._collection("run_events").bulk_write(kept, ordered=False)
        self._insert("messages", [to_document(m) for submission in submissions for m in submission.messages])
        for submission in submissions:
            self._add_files(submission)

    def _add_files(self, submission: Submission) -> None:
        """:raises LeafMoved: if one of its uploads is none any more"""
        for copy in submission.copies:  # one by one: each is a large write by itself
            self._collection("files").insert_one(to_document(copy))
        if submission.uploads:
            place = {"chat_id": submission.chat.id, "message_id": submission.messages[0].id}
            mine = {"_id": {"$in": submission.uploads}, "owner": submission.chat.owner, "chat_id": None}
            check_uploads(submission, self._collection("files").update_many(mine, {"$set": place}).modified_count)

    def _remove_messages(self, submissions: Sequence[Submission]) -> None:
        ids = [message.id for submission in submissions for message in submission.messages]
        self._collection("messages").delete_many({"_id": {"$in": ids}})
        if copied := [copy.id for submission in submissions for copy in submission.copies]:
            self._collection("files").delete_many({"_id": {"$in": copied}})
        if taken := [upload for submission in submissions for upload in submission.uploads]:
            # They wait again: whoever sends the question once more has them.
            back = {"$set": {"chat_id": None, "message_id": None}}
            self._collection("files").update_many({"_id": {"$in": taken}, "message_id": {"$in": ids}}, back)

    def _insert(self, collection: str, documents: list[Document]) -> None:
        self._collection(collection).insert_many(documents, ordered=False)

    def _show(self, turns: Sequence[_Turn]) -> None:
        """Put them into their chats, or set why that is not possible."""
        if self._write_chats([turn.submission for turn in turns]):
            return
        for turn in turns:
            try:
                self._show_alone(turn.submission)
            except BadRequest as error:
                turn.fail(error)

    def _write_chats(self, submissions: Sequence[Submission]) -> bool:
        """Whether every one of them found its place."""
        try:
            done = self._collection("chats").bulk_write([_shown(each) for each in submissions], ordered=False)
        except BulkWriteError as error:
            _duplicates(error)
            return False
        return done.inserted_count + done.matched_count == len(submissions)

    def _show_alone(self, submission: Submission) -> None:
        chat = submission.chat
        there = self._collection("chats").find_one({"_id": chat.id}, {"owner": 1, "leaf_id": 1})
        if there is not None and there["leaf_id"] == chat.leaf_id:
            return  # it was one of those that found their place
        mine = there is not None and (submission.is_new or there["owner"] == chat.owner)
        check_place(submission, there["leaf_id"] if there else None, there=mine)
        if not self._write_chats([submission]):
            self._show_alone(submission)  # the leaf moved away and back again

    def withdraw(self, submission: Submission) -> None:
        """Take back whatever is stored of it. As `ports.RunStore`."""
        chat = submission.chat
        with translated(), pymongo.timeout(PATIENCE_S):
            shown = {"_id": chat.id, "leaf_id": chat.leaf_id}
            if submission.is_new:
                self._collection("chats").delete_one(shown)  # another question may have begun a chat of this id
            else:
                self._collection("chats").update_one(shown, {"$set": {"leaf_id": submission.leaf_before}})
            self._remove_messages([submission])
            self._collection("run_events").delete_many({"run_id": submission.run.id})
            # The Run comes last: with it the request id is free again.
            self._collection("runs").delete_one({"_id": submission.run.id})

    # -- a request id that is used already

    def _using(self, run: RunRecord) -> RunRecord | None:
        with translated(), pymongo.timeout(PATIENCE_S):
            found = self._collection("runs").find_one({"owner": run.owner, "request_id": run.request_id})
        return to_record(RunRecord, found) if found else None

    def _collection_has(self, collection: str, key: str) -> bool:
        with translated(), pymongo.timeout(PATIENCE_S):
            return self._collection(collection).find_one({"_id": key}, {"_id": 1}) is not None

    def _wait_for_claimed(self, used: RunRecord | None, give_up: float) -> None:
        """That submission is being stored at this moment; or it was broken off, and its Run is all that is left."""
        if used is not None and (used.state != "running" or used.lease < now_ms()):
            with translated(), pymongo.timeout(PATIENCE_S):
                self._collection("runs").delete_one({"_id": used.id})
        elif time.monotonic() > give_up:
            raise StoreUnavailable("The same request is being stored at this moment. Try again.")
        else:
            time.sleep(0.05)


def _shown(submission: Submission) -> InsertOne[Document] | UpdateOne:
    """The write with which a submission becomes visible: of a new chat, or where the chat's leaf is as it was."""
    chat = submission.chat
    if submission.is_new:
        return InsertOne(to_document(chat))
    place = {"leaf_id": submission.leaf_before} if submission.follows_leaf else {}
    change = {"leaf_id": chat.leaf_id, "updated_at": chat.updated_at, **submission.chosen}
    return UpdateOne({"_id": chat.id, "owner": chat.owner, **place}, {"$set": change})


def _duplicates(error: Exception) -> list[int]:
    """Which writes of a bulk were refused for a key that is there already.

    :raises Exception: the same error, if anything else is wrong
    """
    cause = error.__cause__ if isinstance(error, StoreError) else error
    details = cause.details if isinstance(cause, BulkWriteError) else {}
    wrong = details.get("writeErrors", [])
    if not wrong or details.get("writeConcernErrors") or any(each["code"] != _DUPLICATE for each in wrong):
        raise error
    return [each["index"] for each in wrong]


@contextlib.contextmanager
def _uncertain() -> Iterator[None]:
    try:
        yield
    except StoreUnavailable as error:
        raise StoreUncertain(str(error)) from error
