"""Export and import of chats. JSON carries everything, Markdown is for reading."""

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chatstream.chats.tree import branch
from chatstream.errors import BadRequest
from chatstream.store.records import Chat, Message, new_id, now_ms
from chatstream.wire.events import State

FORMAT: Literal["chatstream/1"] = "chatstream/1"

_Text = Annotated[str, Meta(max_length=4_000_000)]  # MongoDB takes 16 MiB
_Name = Annotated[str, Meta(pattern="^[A-Za-z_]{1,40}$")]  # a key that every store takes
_Count = Annotated[int, Meta(ge=0, le=2**53)]
_Time = Annotated[int, Meta(ge=0, le=253_402_300_799_999)]  # the year 9999


class ExportedMessage(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    id: Annotated[str, Meta(min_length=1, max_length=64)]
    parent_id: str | None = None
    role: Literal["user", "assistant", "system"]
    content: _Text
    reasoning: _Text = ""
    tool_calls: Annotated[list[dict[_Name, str | bool]], Meta(max_length=1000)] | None = None
    state: State = "complete"
    model: Annotated[str, Meta(max_length=200)] | None = None
    usage: dict[_Name, _Count] | None = None
    timings: dict[_Name, float | None] | None = None
    error: dict[_Name, str] | None = None
    created_at: _Time | None = None


class Exported(msgspec.Struct, kw_only=True, rename="camel"):
    """A chat in a file. Ids join its messages; importing gives them new ones."""

    format: Literal["chatstream/1"] = FORMAT
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    leaf_id: str | None = None
    created_at: _Time | None = None
    system: Annotated[str, Meta(max_length=100_000)] | None = None
    messages: Annotated[list[ExportedMessage], Meta(max_length=10_000)]


def export(chat: Chat, messages: list[Message]) -> bytes:
    """The chat as JSON, UTF-8, indented."""
    rows = [
        ExportedMessage(**{name: getattr(message, name) for name in ExportedMessage.__struct_fields__})
        for message in messages
    ]
    about = {name: getattr(chat, name) for name in ("title", "leaf_id", "created_at", "system")}
    exported = Exported(**about, messages=rows)
    return msgspec.json.format(msgspec.json.encode(exported), indent=1)


def markdown(chat: Chat, messages: list[Message]) -> str:
    """The shown branch for reading, questions and answers under headings of their own."""
    when = datetime.fromtimestamp(chat.created_at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    parts = [f"# {chat.title}\n\n{when}\n"]
    for message in branch(messages, chat.leaf_id):
        who = "You" if message.role == "user" else message.model or "Assistant"
        ended = "" if message.state == "complete" else f" ({message.state.replace('_', ' ')})"
        parts.append(f"## {who}{ended}\n\n{message.content}\n")
    return "\n".join(parts)


def parse(body: bytes, owner: str) -> tuple[Chat, list[Message]]:
    """The chat of an exported file, with new ids.

    :raises BadRequest: if it is none, naming the place
    """
    try:
        exported = msgspec.json.decode(body, type=Exported)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadRequest(f"This is no chat exported as JSON: {error}.") from error
    said = (text for message in exported.messages for text in (message.content, message.reasoning))
    texts = [exported.title, exported.system or "", *said]
    if not exported.title.strip() or any("\0" in text for text in texts):
        raise BadRequest("The title is empty, or a text has a NUL character. Leave it out.")
    ids = {message.id: new_id() for message in exported.messages}
    if len(ids) < len(exported.messages):
        raise BadRequest("Two messages of this file have the same id.")
    now = now_ms()
    chat = Chat(
        id=new_id(),
        owner=owner,
        title=exported.title,
        leaf_id=ids.get(exported.leaf_id or "", next(reversed(ids.values()), None)),
        created_at=exported.created_at or now,
        updated_at=now,
        system=exported.system,
    )
    return chat, [_message(message, ids, chat) for message in exported.messages]


def _message(exported: ExportedMessage, ids: dict[str, str], chat: Chat) -> Message:
    if exported.parent_id is not None and exported.parent_id not in ids:
        raise BadRequest(f"The message {exported.id} has a parentId that is not in this file.")
    fields = msgspec.structs.asdict(exported)
    fields.update(
        id=ids[exported.id],
        parent_id=ids[exported.parent_id] if exported.parent_id else None,
        created_at=exported.created_at or chat.created_at,
        state="interrupted" if exported.state == "running" else exported.state,
    )
    return Message(chat_id=chat.id, owner=chat.owner, **fields)
