"""The ports: what the rest of ChatStream asks of a store. tests/store holds every adapter to them.

Every method may wait for I/O without blocking other greenlets, and raises `StoreUnavailable` when the database cannot
be reached or written within about 3 seconds. A query for somebody else's record finds nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from chatstream.store.records import (
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
from chatstream.wire.events import RunEvent


class ChatStore(Protocol):
    """Chats and their messages."""

    def chat(self, owner: str, chat_id: str) -> Chat | None: ...

    def chats(self, owner: str, words: str, before: str | None, limit: int) -> Page:
        """All of them, newest first; with `words`, those in whose title and messages all of them stand.

        :raises BadRequest: if `before` is no cursor of ours
        """

    def shelf(self, owner: str, shelf: Shelf, before: str | None, limit: int) -> Page:
        """Those that lie there, newest first.

        :raises BadRequest: if `before` is no cursor of ours
        """

    def shared(self, token: str) -> Chat | None:
        """The chat, whosever it is, that is shared under this token."""

    def passages(self, owner: str, chat_ids: Sequence[str], words: str) -> dict[str, Passage]:
        """By chat a message in which one of the words stands, if there is one among its first thousand; one in which
        all stand, if there is one near."""

    def messages(self, owner: str, chat_id: str) -> list[Message]:
        """The whole tree, in the order of creation."""

    def change(self, owner: str, chat_id: str, fields: Mapping[str, Any]) -> bool:
        """Set fields of the chat that are its owner's to choose. Whether there was such a chat."""

    def entitle(self, owner: str, chat_id: str, title: str) -> bool:
        """Give it the model's title, if nobody has given it one. Whether that was so."""

    def delete(self, owner: str, chat_id: str) -> None:
        """Remove the chat with all that belongs to it; no error when it is gone already."""

    def prune(self, cut: Cut) -> bool:
        """Remove messages with their Runs, and move the chat's leaf. False, and nothing is removed, if that had moved
        already, or the chat is gone."""

    def append(self, message: Message) -> bool:
        """Store a message that is whole below its parent, and show it: the chat's leaf. False, and nothing is stored,
        if the parent is gone."""

    def add(self, chat: Chat, messages: Sequence[Message], files: Sequence[File] = ()) -> None:
        """Store an imported chat, all of it or nothing."""


class RunStore(Protocol):
    """Runs and their events. Methods without an owner serve the Run's own worker, or follow a `run` or `begin` that
    named the owner."""

    def begin(self, submission: Submission) -> RunRecord | None:
        """Store a submission. If its owner used its request id before, store nothing and return that Run.

        :raises NotFound: if the chat was deleted in the meantime
        :raises LeafMoved: if the chat went on in the meantime, and the question has to go on with it; or if the chat
            was to be a new one, and is there
        :raises StoreUncertain: if it is not known whether that was done
        """

    def withdraw(self, submission: Submission) -> None:
        """Take back what a `begin` that raised `StoreUncertain` may have left; no error when that is nothing."""

    def run(self, owner: str, run_id: str) -> RunRecord | None: ...

    def running(self, owner: str, chat_id: str) -> list[str]:
        """Ids of the chat's Runs that have not ended."""

    def events(self, run_id: str, after: int) -> list[RunEvent]:
        """The stored events with numbers above `after`, in order."""

    def record(self, worker: str, batches: Sequence[Batch], endings: Sequence[Ending]) -> set[str]:
        """The group commit of a worker. Doing it again, whole or in part, also late, changes nothing: a batch that is
        stored with more events stays.

        :return: the Runs of which nothing was written, because they are no longer this worker's running ones:
            ended (maybe by this very commit, done before), taken over, or deleted with their chat
        """

    def order_stop(self, run_id: str) -> None:
        """Ask the worker that has this Run to stop it."""

    def order_watch(self, run_id: str, until: int) -> None:
        """Ask the worker that has this Run to write it out quickly until then."""

    def orders(self, worker: str, now: int) -> list[Order]:
        """What was asked of this worker's running Runs and still holds."""

    def renew(self, worker: str, lease: int) -> None:
        """Extend the lease of all running Runs of this worker."""

    def runs_of(self, worker: str) -> list[RunRecord]:
        """This worker's running Runs."""

    def orphans(self, now: int) -> list[RunRecord]:
        """Running Runs whose lease is over."""

    def take_over(self, run_id: str, worker: str, now: int, lease: int) -> bool:
        """Make an orphan this worker's own. False if it is none any more: only one worker gets it."""


class PresetStore(Protocol):
    """Presets, which belong to no chat."""

    def presets(self, owner: str) -> list[Preset]:
        """By their names."""

    def keep(self, preset: Preset) -> None:
        """Store it, in the place of the one with its id, if there is one of this owner's: that stays the default, if
        it is."""

    def default(self, owner: str) -> Preset | None:
        """The one that new chats begin with."""

    def make_default(self, owner: str, preset_id: str, is_default: bool) -> Preset | None:
        """New chats begin with it, instead of any other one; or no more with it. None if it is not there."""

    def drop(self, owner: str, preset_id: str) -> None:
        """No error when it is gone already."""


class FileStore(Protocol):
    """Files of questions, which go with their message and their chat. One that is withdrawn leaves its uploads."""

    def upload(self, file: File) -> None:
        """Store a file that waits for its question. Uploads that have waited for `UPLOAD_MS` go."""

    def file(self, owner: str, file_id: str) -> File | None: ...

    def discard(self, owner: str, file_id: str) -> None:
        """Remove an upload; nothing where it is gone already, or belongs to a question."""


class Store(ChatStore, RunStore, PresetStore, FileStore, Protocol):
    """All of them, and the connection's own life."""

    name: str
    """For people: "SQLite in var/chatstream.db", "MongoDB at localhost:27017/chatstream"."""

    def prepare(self) -> None:
        """Make tables and indexes. :raises StoreUnavailable: with the reason, before anything is served"""

    def ping(self) -> None:
        """:raises StoreUnavailable: if reading does not work now"""

    def close(self) -> None: ...
