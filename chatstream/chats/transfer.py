"""Our own form of a chat in a file. JSON carries everything, Markdown is for reading."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import msgspec
from msgspec import Meta

from chatstream.chats import files
from chatstream.chats.files import FILES_MAX
from chatstream.chats.params import Params, chosen
from chatstream.chats.tree import branch
from chatstream.errors import BadRequest
from chatstream.store.records import Chat, File, Message, new_id, now_ms
from chatstream.wire.events import State

FORMAT: Literal["chatstream/1"] = "chatstream/1"
MESSAGES_MAX = 10_000

_Text = Annotated[str, Meta(max_length=4_000_000)]  # MongoDB takes 16 MiB
_Name = Annotated[str, Meta(pattern="^[A-Za-z_]{1,40}$")]  # a key that every store takes
_Count = Annotated[int, Meta(ge=0, le=2**53)]
_Figure = Annotated[float, Meta(ge=0, le=1e15)]
_Time = Annotated[int, Meta(ge=0, le=253_402_300_799_999)]  # the year 9999


class ExportedFile(msgspec.Struct, kw_only=True):
    """A question's. In JSON its bytes are base64; what it is they say themselves."""

    name: Annotated[str, Meta(max_length=1000)]
    data: bytes


class ExportedCall(TypedDict):
    """Of a tool, as `wire.events.tool_calls` gives it."""

    id: str
    name: str
    arguments: str
    result: NotRequired[str]
    failed: NotRequired[bool]
    at: NotRequired[_Count]


class ExportedMessage(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    id: Annotated[str, Meta(min_length=1, max_length=64)]
    parent_id: str | None = None
    role: Literal["user", "assistant", "system"]
    content: _Text
    reasoning: _Text = ""
    tool_calls: Annotated[list[ExportedCall], Meta(max_length=1000)] | None = None
    state: State = "complete"
    model: Annotated[str, Meta(max_length=200)] | None = None
    usage: dict[_Name, _Count] | None = None
    timings: dict[_Name, _Figure | None] | None = None
    error: dict[_Name, str] | None = None
    created_at: _Time | None = None
    files: Annotated[list[ExportedFile], Meta(max_length=FILES_MAX)] = []


class ExportedParams(Params, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file says nothing that would be lost."""


class Exported(msgspec.Struct, kw_only=True, rename="camel"):
    """A chat in a file. Ids join its messages; importing gives them new ones."""

    format: Literal["chatstream/1"] = FORMAT
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    leaf_id: str | None = None
    created_at: _Time | None = None
    updated_at: _Time | None = None
    system: Annotated[str, Meta(max_length=100_000)] | None = None
    params: ExportedParams = ExportedParams()
    pinned: bool = False
    archived: bool = False
    messages: Annotated[list[ExportedMessage], Meta(max_length=MESSAGES_MAX)]


_KEPT = ("title", "leaf_id", "created_at", "updated_at", "system", "params", "pinned", "archived")


def export(chat: Chat, messages: list[Message], read: files.Read) -> bytes:
    """The chat as JSON, UTF-8, indented. `read` gives its files."""
    return msgspec.json.format(_encoded(chat, messages, read), indent=1)


def lines(
    chats: Iterable[Chat], history: Callable[[Chat], list[Message]], read: files.Read
) -> Iterator[bytes]:
    """Many chats, each in a line of its own: so a file of any size is written and read chat by chat."""
    for chat in chats:
        yield _encoded(chat, history(chat), read) + b"\n"


def _encoded(chat: Chat, messages: list[Message], read: files.Read) -> bytes:
    about: dict[str, Any] = {name: getattr(chat, name) for name in _KEPT} | {"params": ExportedParams(**chat.params)}
    return msgspec.json.encode(Exported(**about, messages=[_exported(message, read) for message in messages]))


def _exported(message: Message, read: files.Read) -> ExportedMessage:
    fields = {name: getattr(message, name) for name in ExportedMessage.__struct_fields__}
    found = filter(None, (read(about["id"]) for about in message.files or ()))
    return ExportedMessage(**fields | {"files": [ExportedFile(name=file.name, data=file.data) for file in found]})


def markdown(chat: Chat, messages: list[Message]) -> str:
    """The shown branch for reading, questions and answers under headings of their own."""
    when = datetime.fromtimestamp(chat.created_at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    parts = [f"# {chat.title}\n\n{when}\n"]
    for message in branch(messages, chat.leaf_id):
        who = "You" if message.role == "user" else message.model or "Assistant"
        ended = "" if message.state == "complete" else f" ({message.state.replace('_', ' ')})"
        names = "".join(f"- {about['name']} ({about['size']} bytes)\n" for about in message.files or ())
        parts.append(f"## {who}{ended}\n\n{message.content}\n" + (f"\nFiles:\n\n{names}" if names else ""))
    return "\n".join(parts)


def texts(chats: Iterable[Chat], history: Callable[[Chat], list[Message]]) -> Iterator[bytes]:
    """Many chats for reading, one below the other."""
    between = ""
    for chat in chats:
        yield f"{between}{markdown(chat, history(chat))}".encode()
        between = "\n---\n\n"


def parse(body: bytes) -> Exported:
    """:raises BadRequest: if it is no chat of ours, naming the place"""
    try:
        return msgspec.json.decode(body, type=Exported)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadRequest(f"This is no chat exported as JSON: {error}.") from error


def built(exported: Exported, owner: str) -> tuple[Chat, list[Message], list[File]]:
    """The chat of a file, with new ids, and the files of its questions.

    :raises BadRequest: if it cannot be kept, naming the place
    """
    said = (text for message in exported.messages for text in (message.content, message.reasoning))
    if not exported.title.strip() or any("\0" in text for text in (exported.title, exported.system or "", *said)):
        raise BadRequest("The title is empty, or a text has a NUL character. Leave it out.")
    ids = {message.id: new_id() for message in exported.messages}
    if len(ids) < len(exported.messages):
        raise BadRequest("Two messages of this file have the same id.")
    chat = _chat(exported, owner, ids)
    built = [_message(message, ids, chat) for message in exported.messages]
    return chat, [message for message, _ in built], [file for _, mine in built for file in mine]


def _chat(exported: Exported, owner: str, ids: dict[str, str]) -> Chat:
    now = now_ms()
    created = exported.created_at or exported.updated_at or now
    return Chat(
        id=new_id(),
        owner=owner,
        title=exported.title,
        titled="user",
        leaf_id=ids.get(exported.leaf_id or "", next(reversed(ids.values()), None)),
        created_at=created,
        updated_at=exported.updated_at or now,
        system=exported.system,
        params=chosen(exported.params),
        pinned=exported.pinned and not exported.archived,
        archived=exported.archived,
    )


def _message(exported: ExportedMessage, ids: dict[str, str], chat: Chat) -> tuple[Message, list[File]]:
    if exported.parent_id is not None and exported.parent_id not in ids:
        raise BadRequest(f"The message {exported.id} has a parentId that is not in this file.")
    fields = msgspec.structs.asdict(exported)
    carried = [files.made(chat.owner, file.name, file.data) for file in fields.pop("files")]
    fields.update(
        id=ids[exported.id],
        parent_id=ids[exported.parent_id] if exported.parent_id else None,
        created_at=exported.created_at or chat.created_at,
        state="interrupted" if exported.state == "running" else exported.state,
    )
    message = Message(chat_id=chat.id, owner=chat.owner, **fields)
    mine = [files.copy(file, message) for file in carried]
    return msgspec.structs.replace(message, files=[file.about for file in mine] or None), mine
