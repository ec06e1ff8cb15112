"""From a checked body to a running answer: the way of every route that asks."""

import functools
import hashlib
from contextlib import suppress
from typing import Any

import msgspec

from chatstream.access import OWNER
from chatstream.chats import files
from chatstream.chats.params import Params, chosen
from chatstream.chats.questions import Question, compose
from chatstream.errors import LeafMoved, NotFound
from chatstream.runs.dialogue import Dialogue, Tools
from chatstream.store.records import RunRecord, is_id
from chatstream.upstream.client import Ask
from chatstream.web import images
from chatstream.web.bodies import ChatBody, check_chat
from chatstream.web.services import services

TRIES = 20
"""How often a question is given a new place, because the chat went on in the meantime."""


def start(body: ChatBody, session: str | None = None) -> RunRecord:
    """Check, store, call upstream. Nothing is stored if this raises.

    :param session: name of the chat, instead of its id; it is made at its first question
    :raises BadRequest: for a body that cannot be answered
    :raises Busy: if too many answers are running
    """
    check_chat(body)
    services().desk.admit()
    passing = (LeafMoved,) if session is None or is_id(session) else (LeafMoved, NotFound)  # it is made where it is not
    for _ in range(TRIES):
        with suppress(*passing):
            return _start(body, session)
    return _start(body, session)


def _start(body: ChatBody, session: str | None) -> RunRecord:
    s, question, read = services(), _question(body, session), functools.partial(services().store.file, OWNER)
    chat, earlier = s.chats.place(OWNER, body.chat_id, question)
    params = _params(body, chat.params if question.params is None else question.params)
    provider, model = s.gateway.choose(params.model)
    question = msgspec.structs.replace(question, model=model, files=files.found(body.files, read))
    images.check(provider, model, images.carried(question, earlier or ()))
    images_max = images.most(provider, model, earlier or ())
    composed = compose(chat, earlier, question, s.desk.worker, s.desk.lease(), read, images_max)
    tools = Tools(s.tools.only(composed.submission.chat.tools), s.settings.tool_s, s.settings.tool_rounds)
    ask = _ask(params, model, composed.messages)
    record = s.desk.start(composed.submission, Dialogue(functools.partial(s.gateway.open, provider), ask, tools))
    if record.id == composed.submission.run.id:  # else it was asked before
        s.titler.expect(composed, provider, model)
    return record


def _question(body: ChatBody, session: str | None) -> Question:
    tools = services().tools.check(body.tools) if body.tools is not None else None
    params = chosen(body.params) if body.params is not None else None
    return Question(
        session=session,
        tools=tools,
        params=params,
        prompt=body.prompt,
        retry=body.retry,
        continues=body.continues,
        parent_id=body.parent_id,
        system=body.system,
        request_id=body.request_id,
        fingerprint=fingerprint(body, session),
    )


def _params(body: ChatBody, kept: dict[str, Any]) -> Params:
    """What the request says, and else what its chat keeps."""
    said = {name: getattr(body, name) for name in Params.__struct_fields__}
    return Params(**kept | {name: value for name, value in said.items() if value is not None})


def _ask(params: Params, model: str, messages: list[dict[str, Any]]) -> Ask:
    return Ask(messages=list(messages), **with_defaults(params) | {"model": model})


def with_defaults(params: Params) -> dict[str, Any]:
    """What is chosen there, and else in the settings."""
    settings = services().settings
    usual = {"temperature": settings.llm_temperature, "max_tokens": settings.llm_max_tokens}
    return {name: value for name, value in usual.items() if value is not None} | chosen(params)


def fingerprint(body: ChatBody, session: str | None = None) -> str:
    """Tells two questions with one request id apart: by all that is asked, not by how the answer is taken."""
    asked = msgspec.structs.replace(body, stream=False, request_id=None)
    return hashlib.sha256(msgspec.json.encode((asked, session))).hexdigest()
