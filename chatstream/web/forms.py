"""The page's form, without JavaScript: a question as the body of POST /chat has it, with the files sent along."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
from flask import request
from werkzeug.datastructures import FileStorage

from chatstream.access import OWNER
from chatstream.chats import files
from chatstream.chats.params import Params
from chatstream.errors import BadRequest, StoreError, StoreUnavailable
from chatstream.store.records import File, Message, new_id
from chatstream.web import asking, bodies, presets
from chatstream.web.bodies import ChatBody
from chatstream.web.chat import checked
from chatstream.web.services import services


def question() -> ChatBody:
    """What the form asks. Its files are stored.

    :raises BadRequest: for files that cannot be sent, and for an edited message that is gone
    """
    request.max_content_length = files.TOGETHER_MAX + bodies.BODY_MAX
    chat_id, retry, continues = (request.form.get(name) or None for name in ("chatId", "retry", "continue"))
    body = ChatBody(chat_id=chat_id, retry=retry, continues=continues)
    asked = body if retry or continues else _asked(body)
    return msgspec.structs.replace(asked, request_id=_request_id(asked))


def prompt() -> str:
    return request.form.get("prompt", "").replace("\r\n", "\n")


def edited(chat_id: str | None, given: Mapping[str, str]) -> Message | None:
    """The question that is asked otherwise, in another branch.

    :raises NotFound: if it is not there
    """
    message_id = given.get("edit")
    return services().branches.message(OWNER, checked(chat_id), message_id) if chat_id and message_id else None


def _asked(body: ChatBody) -> ChatBody:
    old = edited(body.chat_id, request.form)
    kept = [about["id"] for about in old.files or ()] if old else []
    return msgspec.structs.replace(
        body,
        prompt=prompt(),
        parent_id=(old.parent_id or "") if old else None,
        **_settings(body.chat_id),
        files=[*kept, *_uploaded(files.FILES_MAX - len(kept))],
    )


def _settings(chat_id: str | None) -> dict[str, Any]:
    """What the chat keeps, with the model that was chosen; a new one begins with the default preset."""
    s, model = services(), request.form.get("model")
    usual = None if chat_id else presets.for_new()
    if usual is None and model is None:
        return {}  # all stays as it is
    kept = s.chats.get(OWNER, checked(chat_id)).params if chat_id else usual.params if usual else {}
    params = Params(**kept | ({} if model is None else {"model": model or None}))
    return {"system": usual.system, "params": params} if usual else {"params": params}


def _uploaded(most: int) -> list[str]:
    """The ids of the files sent along. All are looked at before the first is stored."""
    given = [file for file in request.files.getlist("files") if file.filename]
    if len(given) > most:
        raise BadRequest(f"A question can have {files.FILES_MAX} files. Send fewer of them.")
    made = [_made(at, file) for at, file in enumerate(given)]
    for file in made:
        _store(file)
    return [file.id for file in made]


def _made(at: int, given: FileStorage) -> File:
    """A form that is sent twice sends the same files: they have the same ids, and are the same question."""
    file, form_id = files.made(OWNER, given.filename or "", given.read()), request.form.get("requestId")
    if not form_id:
        return file
    digest = hashlib.sha256(f"{form_id} {at} {file.name}".encode() + file.data).hexdigest()
    return msgspec.structs.replace(file, id=digest[: len(new_id())])


def _store(file: File) -> None:
    try:
        services().store.upload(file)
    except StoreUnavailable:
        raise
    except StoreError:
        if services().store.file(OWNER, file.id) is None:  # else it came with the form's first sending
            raise


def _request_id(body: ChatBody) -> str | None:
    """The form's own id with its question's: a double click or a reload asks once, another question from the same
    page, reached by Back, is another one."""
    given = request.form.get("requestId")
    return f"{given[:24]}-{asking.fingerprint(body)[:32]}" if given else None
