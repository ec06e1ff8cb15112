"""Request bodies: JSON into checked structures, or an error that says what to change."""

import json
from typing import Annotated, TypeVar

import msgspec
from flask import request
from msgspec import Meta
from werkzeug.exceptions import RequestEntityTooLarge

from chatstream.chats.files import FILES_MAX
from chatstream.chats.params import Params
from chatstream.errors import BadRequest, TooLarge
from chatstream.store.records import is_id
from chatstream.web.services import services

BODY_MAX = 1 << 20
CONVERSATION_MAX = 32 << 20
"""Of a body that holds a whole conversation, images and all."""
IMPORT_MAX = 64 << 20
VALUES_MAX = 200_000
"""Lists and objects in a body: more would take the server's time from everybody else."""

T = TypeVar("T", bound=msgspec.Struct)
System = Annotated[str, Meta(max_length=100_000)]
ToolNames = Annotated[list[Annotated[str, Meta(max_length=100)]], Meta(max_length=100)]


class ChatBody(Params, frozen=True, kw_only=True, rename="camel"):
    """The body of POST /chat: a `prompt`, or the id of the answer to be written anew (`retry`) or gone on with."""

    prompt: str | None = None
    retry: str | None = None
    continues: str | None = msgspec.field(name="continue", default=None)
    stream: bool = False
    chat_id: str | None = None
    parent_id: str | None = None
    """Empty for the chat's beginning."""
    system: System | None = None
    tools: ToolNames | None = None
    params: Params | None = None
    """What the chat keeps of them; those beside it are for this answer."""
    request_id: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    files: Annotated[list[str], Meta(max_length=FILES_MAX)] = []
    """Ids of uploads, or of files of other questions."""


class ChangeBody(msgspec.Struct, frozen=True, rename="camel"):
    """The body of PATCH /chat/<id>: what it leaves out stays."""

    title: str | None = None
    system: System | None = None
    tools: ToolNames | None = None
    params: Params | None = None
    pinned: bool | None = None
    archived: bool | None = None
    leaf_id: str | None = None


def read(kind: type[T], limit: int = BODY_MAX) -> T:
    """The request's body, of so many bytes at most, as this structure.

    :raises BadRequest: naming the field and what is allowed there
    """
    return parse(content(limit), kind)


def parse(body: bytes, kind: type[T]) -> T:
    """:raises BadRequest: as `read`"""
    check_values(body)
    try:
        value = msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise BadRequest(f"The body does not fit: {error}.".replace(" - at `$.", ", in the field `")) from error
    except RecursionError as error:
        raise BadRequest("The body is nested too deeply.") from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise BadRequest(_why_unreadable(body, error)) from error
    return value


def check_values(body: bytes) -> None:
    """:raises TooLarge: for JSON of so many parts that reading it would keep everybody else waiting"""
    if body.count(b"[") + body.count(b"{") > VALUES_MAX:
        raise TooLarge(f"The body has more than {VALUES_MAX} lists and objects. Send less at once.")


def content(limit: int) -> bytes:
    """The request's body, also one sent in chunks, of which Flask would cut off what is above its limit.

    :raises TooLarge: if it is larger
    :raises BadRequest: if its framing is broken
    """
    request.max_content_length = limit + 1
    too_large = TooLarge(f"The body is larger than {limit} bytes. Send less at once.")
    try:
        body = request.get_data(cache=False)  # a conversation of 32 MiB is not kept for as long as its answer lasts
    except RequestEntityTooLarge as error:
        raise too_large from error
    except Exception as error:  # each server has a parser with exceptions of its own
        raise BadRequest(f"The body could not be read: {error}.") from error
    if len(body) > limit:
        raise too_large
    return body


def check_chat(body: ChatBody) -> None:
    """What types cannot say.

    :raises BadRequest: with the sentence of docs/api.md
    """
    _no_nul(body)
    longest = services().settings.prompt_max
    named = (("files", file_id) for file_id in body.files)
    for name, value in (("chatId", body.chat_id), ("parentId", body.parent_id or None), *_again(body), *named):
        if value is not None and not is_id(value):
            raise BadRequest(f"{name} must be an id: 24 hexadecimal digits in lower case.")
    if _again(body):
        _check_again(body)
    elif not (body.prompt or "").strip():
        raise BadRequest("Prompt cannot be empty")
    elif len(body.prompt or "") > longest:
        raise BadRequest(f"Prompt cannot exceed {longest} characters")
    elif body.parent_id is not None and body.chat_id is None:
        raise BadRequest("parentId needs the chatId of its chat.")


def _again(body: ChatBody) -> list[tuple[str, str]]:
    """The fields that ask an earlier question again, which are given."""
    fields = (("retry", body.retry), ("continue", body.continues))
    return [(name, value) for name, value in fields if value is not None]


def _check_again(body: ChatBody) -> None:
    name, _ = _again(body)[0]
    if len(_again(body)) > 1 or body.prompt is not None or body.parent_id is not None or body.files:
        raise BadRequest(f"{name} belongs to an earlier question: send it without prompt, parentId and any other such.")
    if body.chat_id is None:
        raise BadRequest(f"{name} needs the chatId of its chat.")


def _why_unreadable(body: bytes, error: Exception) -> str:
    try:
        json.loads(body.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError):
        return f"The body is not JSON: {error}. Send a JSON object in UTF-8."
    return "A text in the body has half of a surrogate pair. Send whole characters."


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _no_nul(body: ChatBody) -> None:
    for name in body.__struct_fields__:
        text = getattr(body, name)
        if isinstance(text, str) and "\0" in text:
            raise BadRequest(f"{name} has a NUL character. Leave it out.")
