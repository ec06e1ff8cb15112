"""From a checked body to a running answer: the way of every route that asks."""

import functools
import hashlib
from contextlib import suppress
from typing import TypeVar

import msgspec

from chatstream.access import OWNER
from chatstream.chats.questions import Question
from chatstream.errors import LeafMoved
from chatstream.store.records import RunRecord
from chatstream.upstream.client import Ask
from chatstream.web.bodies import ChatBody, check_chat
from chatstream.web.services import services

T = TypeVar("T")

TRIES = 20
"""How often a question is given a new place, because the chat went on in the meantime."""


def start(body: ChatBody) -> RunRecord:
    """Check, store, call upstream. Nothing is stored if this raises.

    :raises BadRequest: for a body that cannot be answered
    :raises Busy: if too many answers are running
    """
    check_chat(body)
    services().desk.admit()
    for _ in range(TRIES):
        with suppress(LeafMoved):
            return _start(body)
    return _start(body)


def _start(body: ChatBody) -> RunRecord:
    s = services()
    provider, model = s.gateway.choose(body.model)
    composed = s.chats.compose(OWNER, body.chat_id, _question(body, model), s.desk.worker, s.desk.lease())
    ask = _ask(body, model, composed.messages)
    return s.desk.start(composed.submission, functools.partial(s.gateway.open, provider, ask))


def _question(body: ChatBody, model: str) -> Question:
    return Question(
        prompt=body.prompt,
        retry=body.retry,
        continues=body.continues,
        parent_id=body.parent_id,
        system=body.system,
        model=model,
        request_id=body.request_id,
        fingerprint=fingerprint(body),
    )


def _ask(body: ChatBody, model: str, messages: list[dict[str, str]]) -> Ask:
    settings = services().settings
    return Ask(
        model=model,
        messages=list(messages),
        temperature=_chosen(body.temperature, settings.llm_temperature),
        top_p=body.top_p,
        max_tokens=_chosen(body.max_tokens, settings.llm_max_tokens),
    )


def fingerprint(body: ChatBody) -> str:
    """Tells two questions with one request id apart: by all that is asked, not by how the answer is taken."""
    asked = msgspec.structs.replace(body, stream=False, request_id=None)
    return hashlib.sha256(msgspec.json.encode(asked)).hexdigest()


def _chosen(asked: T | None, default: T | None) -> T | None:
    return default if asked is None else asked
