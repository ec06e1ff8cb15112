"""What is kept. Ids are 24 lower-case hex digits (BSON ObjectIds) on every store; times are UTC in milliseconds."""

import re
import time
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from bson import ObjectId

from chatstream.errors import LeafMoved, NotFound
from chatstream.wire.events import RunEvent, State, joined, size, tool_calls

_ID = re.compile("[0-9a-f]{24}")


def new_id() -> str:
    """A new id, ordered by the second it was made in."""
    return str(ObjectId())


def is_id(value: str) -> bool:
    return _ID.fullmatch(value) is not None


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Chat(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation: a tree of messages, and the leaf whose branch is shown."""

    id: str
    owner: str
    title: str
    leaf_id: str | None
    created_at: int
    updated_at: int
    system: str | None = None
    """What the model is told before the conversation."""
    tools: list[str] = []
    """Names of this server's tools that the model may call here."""
    params: dict[str, Any] = {}
    """What is chosen for its answers: any field of `chatstream.chats.params.Params`."""
    pinned: bool = False
    archived: bool = False
    """No chat is both."""
    titled: Literal["words", "model", "user"] = "words"
    """Who gave the title: the question's first words, the model, or a person, whom nobody overrules."""
    share: str | None = None
    """The token of its read-only page, if there is one."""


Shelf = Literal["pinned", "listed", "archived"]
"""Where a chat lies."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One question or answer. A root has no parent. An answer's `state` is its Run's."""

    id: str
    chat_id: str
    owner: str
    parent_id: str | None
    role: Literal["user", "assistant", "system"]
    content: str
    created_at: int
    state: State = "complete"
    reasoning: str = ""
    tool_calls: list[dict[str, Any]] | None = None
    """{id, name, arguments} each, the arguments JSON as the model wrote it; {result, failed} too, where it ran here."""
    run_id: str | None = None
    model: str | None = None
    error: dict[str, str] | None = None
    usage: dict[str, int] | None = None
    timings: dict[str, Any] | None = None
    files: list[dict[str, Any]] | None = None
    """{id, name, type, size} of each that a question carries; their bytes are records of their own."""


class File(msgspec.Struct, frozen=True, kw_only=True):
    """An image or a text that a question carries. One without a message was uploaded, and waits for its question."""

    id: str
    owner: str
    name: str
    type: str
    data: bytes
    created_at: int
    chat_id: str | None = None
    message_id: str | None = None

    @property
    def about(self) -> dict[str, Any]:
        """As its message names it."""
        return {"id": self.id, "name": self.name, "type": self.type, "size": len(self.data)}


UPLOAD_MS = 24 * 3_600_000
"""So long an upload waits for its question."""


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """A named choice for chats: what the model is told first, and what is chosen for its answers."""

    id: str
    owner: str
    name: str
    system: str
    params: dict[str, Any]
    """As a chat's."""
    is_default: bool = False
    """New chats of the page begin with it."""


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A Run as the store knows it. `seq` counts the events stored so far."""

    id: str
    owner: str
    chat_id: str
    message_id: str
    worker: str
    """Names the process that runs it; its lease is renewed there."""
    lease: int
    """Past this time without renewal the worker is taken for dead."""
    state: State = "running"
    seq: int = 0
    usage: dict[str, int] | None = None
    timings: dict[str, Any] | None = None
    request_id: str | None = None
    request_hash: str | None = None


def opening(run: RunRecord) -> RunEvent:
    """The first event of every Run."""
    return RunEvent("ids", {"runId": run.id, "chatId": run.chat_id, "messageId": run.message_id}, 0)


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored before upstream is called: all of it or nothing."""

    chat: Chat
    is_new: bool
    messages: list[Message]
    run: RunRecord
    leaf_before: str | None = None
    """The chat's leaf as it was, for taking the submission back."""
    follows_leaf: bool = False
    """Whether it belongs below the leaf: if that has moved, `begin` stores nothing and raises `LeafMoved`."""
    kept: "Batch | None" = None
    """The Run's first events, where it goes on with an earlier answer."""
    uploads: list[str] = []
    """Ids of uploads that become files of the question, and are no uploads any more."""
    copies: list[File] = []
    """Files of other questions, as this one's own."""
    chosen: dict[str, Any] = {}
    """Fields of the chat that the question changes for good: `system`, `tools`, `params`."""


def check_place(submission: Submission, leaf_id: str | None, there: bool) -> None:
    """Whether a submission still fits its chat, which is `there`, with this leaf.

    :raises NotFound, LeafMoved: if not
    """
    if submission.is_new and there:
        raise LeafMoved("This chat was begun by another question at the same moment. Send this one again.")
    if not submission.is_new and not there:
        raise NotFound("This chat was deleted in the meantime.")
    if submission.follows_leaf and not submission.is_new and leaf_id != submission.leaf_before:
        raise LeafMoved("Other questions were asked in this chat at the same moment. Send this one again.")


def check_uploads(submission: Submission, taken: int) -> None:
    """Whether all its uploads were still there to be taken.

    :raises LeafMoved: if another question took one first: asked again, this one gets a copy
    """
    if taken != len(submission.uploads):
        raise LeafMoved("Another question took one of these files at the same moment. Send this one again.")


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """Messages to be removed from a chat: one, the first, and all below it."""

    chat_id: str
    owner: str
    message_ids: list[str]
    leaf_before: str | None
    """The chat's leaf as it was when this was worked out: if that has moved, nothing is removed."""
    leaf_id: str | None
    """The chat's leaf without them."""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Neighbouring events of one Run; the first has the number `first`. Storing it again replaces it."""

    run_id: str
    first: int
    events: list[RunEvent]

    @property
    def last(self) -> int:
        return self.first + len(self.events) - 1


BATCH_SIZE = 1 << 20


def batches(run_id: str, first: int, events: Sequence[RunEvent]) -> list[Batch]:
    """The events in batches of about `BATCH_SIZE` characters, which every database takes in one piece.

    More events at the end change none of the batches but the last: storing them again replaces what was stored.
    """
    found: list[Batch] = []
    some: list[RunEvent] = []
    taken = 0
    for number, event in enumerate(events, first):
        some.append(event)
        taken += size(event)
        if taken >= BATCH_SIZE or number == first + len(events) - 1:
            found.append(Batch(run_id=run_id, first=number + 1 - len(some), events=some))
            some, taken = [], 0
    return found


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """How a Run ended, for its record and its message."""

    run_id: str
    message_id: str
    chat_id: str
    state: State
    seq: int
    content: str
    reasoning: str
    tool_calls: list[dict[str, Any]] | None
    error: dict[str, str] | None
    usage: dict[str, int] | None
    timings: dict[str, Any] | None
    at: int


def ending(run: RunRecord, events: Sequence[RunEvent]) -> Ending:
    """What all events of a Run, the last of them its `end`, say of how it ended."""
    end = events[-1].data
    return Ending(
        run_id=run.id,
        message_id=run.message_id,
        chat_id=run.chat_id,
        state=end["state"],
        seq=len(events),
        content=joined(events, "text"),
        reasoning=joined(events, "reasoning"),
        tool_calls=tool_calls(events),
        error=end.get("error"),
        usage=end["usage"],
        timings=end["timings"],
        at=now_ms(),
    )


class Order(msgspec.Struct, frozen=True):
    """What other workers ask of a Run's own: to stop it, or to write it out quickly because somebody follows."""

    run_id: str
    stop: bool


class Passage(msgspec.Struct, frozen=True):
    """A message in which a searched word stands."""

    message_id: str
    text: str


class Page(msgspec.Struct, frozen=True):
    """Some chats, newest first, and the cursor to those before them, if there are any."""

    chats: list[Chat]
    before: str | None
