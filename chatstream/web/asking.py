"""From a checked body to a running answer: the way of every route that asks."""

import functools
from typing import TypeVar

from flask import request

from chatstream.access import OWNER
from chatstream.chats.service import Question, fingerprint
from chatstream.store.records import RunRecord
from chatstream.upstream.client import Ask
from chatstream.web.bodies import ChatBody, check_chat
from chatstream.web.services import services

T = TypeVar("T")


def start(body: ChatBody) -> RunRecord:
    """Check, store, call upstream. Nothing is stored if this raises.

    :raises BadRequest: for a body that cannot be answered
    :raises Busy: if too many answers are running
    """
    check_chat(body)
    s = services()
    s.desk.admit()
    provider, model = s.gateway.choose(body.model)
    question = Question(
        prompt=body.prompt,
        retry=body.retry,
        chat_id=body.chat_id,
        parent_id=body.parent_id,
        system=body.system,
        model=model,
        request_id=body.request_id,
        fingerprint=fingerprint(request.get_data()) if body.request_id else "",
    )
    composed = s.chats.compose(OWNER, question, s.desk.worker, s.desk.lease())
    ask = Ask(
        model=model,
        messages=list(composed.messages),
        temperature=_chosen(body.temperature, s.settings.llm_temperature),
        top_p=body.top_p,
        max_tokens=_chosen(body.max_tokens, s.settings.llm_max_tokens),
    )
    return s.desk.start(composed.submission, functools.partial(s.gateway.open, provider, ask))


def _chosen(asked: T | None, default: T | None) -> T | None:
    return default if asked is None else asked
