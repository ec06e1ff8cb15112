"""Section 5 of docs/api.md: the chat that a front end made with Vercel's AI SDK (`useChat`) talks to.

It sends its whole conversation each time. What counts is the chat that is kept here; the conversation tells where in it
a question belongs.
"""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from flask import Blueprint, Response
from msgspec import Meta

from chatstream.access import OWNER
from chatstream.chats import sessions
from chatstream.chats.params import Params
from chatstream.errors import BadRequest
from chatstream.store.records import Chat, Message
from chatstream.web import asking, bodies, runs, streams
from chatstream.web.services import services
from chatstream.wire.formats import ui_message

blueprint = Blueprint("ui", __name__, url_prefix="/api/ui/chat")


class Part(msgspec.Struct, frozen=True):
    type: str
    text: Any = None


class UiMessage(msgspec.Struct, frozen=True):
    role: Literal["system", "user", "assistant"]
    id: str = ""
    parts: list[Part] = []


class UiBody(Params, frozen=True, kw_only=True, rename="camel"):
    """What the SDK's DefaultChatTransport sends; the fields of a question may stand in its `body`.

    `messageId` is the question that was changed, or the answer that is wanted anew.
    """

    id: Annotated[str, Meta(min_length=1, max_length=sessions.NAME_MAX)]
    messages: Annotated[list[UiMessage], Meta(min_length=1)]
    trigger: Literal["submit-message", "regenerate-message"] = "submit-message"
    message_id: str | None = None
    system: bodies.System | None = None
    tools: bodies.ToolNames | None = None


@blueprint.post("")
def ask() -> Response:
    body = bodies.read(UiBody, bodies.CONVERSATION_MAX)
    question = _question(body)
    record = asking.start(question, session=None if question.chat_id else body.id)
    if (failed := streams.early_failure(record)) is not None:
        return failed
    return streams.response(record, services().desk.follow(record, 0), 0, ui_message.Encoder())


@blueprint.get("/<path:name>/stream")
def resume(name: str) -> Response:
    """The answer that is being written, from its beginning."""
    runs.no_head()
    s = services()
    running = s.store.running(OWNER, sessions.chat_id(OWNER, name))
    if not running:
        return Response(status=204)
    record = s.desk.find(OWNER, max(running))
    return streams.resumed(record, s.desk.follow(record, 0), 0, ui_message.Encoder())


def _question(body: UiBody) -> bodies.ChatBody:
    """A new question in its place, or an earlier one again."""
    s = services()
    prompt = _prompt(body.messages[-1])
    chat = s.store.chat(OWNER, sessions.chat_id(OWNER, body.id))
    kept = s.store.messages(OWNER, chat.id) if chat else []
    if chat and body.trigger == "regenerate-message" and (answer := _answer(body.message_id, chat, kept, prompt)):
        return _with_choices(body, chat_id=chat.id, retry=answer)
    parent = _parent(body, kept)
    return _with_choices(
        body,
        prompt=prompt,
        parent_id=parent,
        chat_id=chat.id if chat and parent is not None else None,
        request_id=_request_id(body, prompt) if body.trigger == "submit-message" and body.messages[-1].id else None,
    )


def _prompt(last: UiMessage) -> str:
    if last.role != "user":
        raise BadRequest("The last of the messages must be the user's. Results of tools are not taken: they run here.")
    if any(part.type == "file" for part in last.parts):
        raise BadRequest("Files are not taken yet. Send text only.")
    return "\n".join(part.text for part in last.parts if part.type == "text" and isinstance(part.text, str))


def _answer(named: str | None, chat: Chat, kept: Sequence[Message], prompt: str) -> str | None:
    """The id of the answer that is wanted anew: the one that is named, or the chat's last if it answers this prompt."""
    by_id = {message.id: message for message in kept}
    answer = by_id.get(named or "") or by_id.get(chat.leaf_id or "")
    if answer is None or answer.role != "assistant":
        return None
    asked = by_id.get(answer.parent_id or "")
    return answer.id if asked and (named == answer.id or asked.content == prompt) else None


def _parent(body: UiBody, kept: Sequence[Message]) -> str | None:
    """The message that the question follows, by the conversation as its front end has it; None for the chat's leaf.

    Front ends give ids of their own to questions, ours to answers. A changed first question follows nothing ("").
    """
    known = {message.id for message in kept if message.role == "assistant"}
    if len(body.messages) > 1:
        return before if (before := body.messages[-2].id) in known else None
    return "" if known and body.message_id == body.messages[-1].id else None


def _request_id(body: UiBody, prompt: str) -> str:
    """The same for a question that is sent twice; another one for a question that was changed."""
    asked = (body.id, body.message_id, [message.id for message in body.messages], prompt)
    return f"ui-{hashlib.sha256(msgspec.json.encode(asked)).hexdigest()[:32]}"


def _with_choices(body: UiBody, **asked: Any) -> bodies.ChatBody:
    names = (*Params.__struct_fields__, "system", "tools")
    return bodies.ChatBody(**asked, **{name: getattr(body, name) for name in names})
