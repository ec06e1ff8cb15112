"""Section 4 of docs/api.md: a model asked with a whole conversation, or within a session that is kept here."""

import functools
import itertools
import time
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from flask import Blueprint, Response, jsonify
from msgspec import Meta

from chatstream.access import OWNER
from chatstream.chats import sessions
from chatstream.chats.params import Params
from chatstream.chats.tree import branch
from chatstream.errors import ChatStreamError
from chatstream.store.records import Message, RunRecord
from chatstream.upstream.deadlines import Deadlines
from chatstream.upstream.relay import Relay
from chatstream.web import asking, bodies, clearing, departures, passing, streams
from chatstream.web.services import services
from chatstream.wire.chunks import end_state
from chatstream.wire.events import RunEvent, joined, tool_calls
from chatstream.wire.formats import content, failure

blueprint = Blueprint("llm", __name__, url_prefix="/api/llm/chat")


class ConversationBody(Params, frozen=True, kw_only=True):
    """`messages` and `tools` are OpenAI's, and go to the model server as they are."""

    messages: Annotated[list[dict[str, Any]], Meta(min_length=1)]
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None


class SessionBody(Params, frozen=True, kw_only=True):
    """`tools` are names of this server's own."""

    message: str
    session_id: str | None = None
    system_prompt: bodies.System | None = None
    tools: bodies.ToolNames | None = None
    request_id: Annotated[str, Meta(min_length=1, max_length=64)] | None = msgspec.field(name="requestId", default=None)


# -- stateless


@blueprint.post("")
def whole() -> Response:
    return _relayed(_whole)


@blueprint.post("/stream")
def stream() -> Response:
    return _relayed(_streamed)


def _relayed(answer: Callable[[Relay], Response]) -> Response:
    body = bodies.read(ConversationBody, bodies.CONVERSATION_MAX)
    services().desk.admit()
    relay = _relay(body)
    return passing.passed_on(relay, functools.partial(answer, relay))


def _relay(body: ConversationBody) -> Relay:
    s = services()
    provider, model = s.gateway.choose(body.model)
    streamed = {"model": model, "stream": True, "stream_options": {"include_usage": True}}
    fields = asking.with_defaults(body) | streamed
    opened = functools.partial(s.gateway.events, provider, fields)
    return Relay(opened, Deadlines(s.settings), s.settings.heartbeat_s, s.desk.paces.relays)


def _whole(relay: Relay) -> Response:
    with departures.attended():
        events = [event for some in _events(relay) for event in some]
    return jsonify(**_said(events), finish_reason=relay.reader.finish_reason)


def _streamed(relay: Relay) -> Response:
    passing.wait_for_refusal(relay)
    return streams.stream(itertools.chain([[]], _to_the_end(relay)), 0, content.Encoder())


def _to_the_end(relay: Relay) -> streams.Events:
    """The answer's events, a failure among them."""
    try:
        yield from _events(relay)
    except ChatStreamError as error:
        reason = {"message": str(error), "code": error.code}
        yield [RunEvent("end", {"state": "upstream_error", "error": reason}, 0)]


def _events(relay: Relay) -> streams.Events:
    """The answer as events of a Run, which it is not; an empty list is a heartbeat, also where only such chunks came
    that show nothing.

    :raises ChatStreamError: if it is not whole
    """
    patience_s, shown_at = services().settings.heartbeat_s, time.monotonic()
    for portion in relay:
        events = [RunEvent(kind, data, 0) for kind, data in portion.deltas]
        if events or not portion.events or time.monotonic() - shown_at >= patience_s:
            shown_at = time.monotonic()
            yield events
    reason = relay.reader.finish_reason or ""
    yield [RunEvent("end", {"state": end_state(reason), "usage": relay.reader.usage, "finish_reason": reason}, 0)]


def _said(events: list[RunEvent]) -> dict[str, Any]:
    """What a whole answer holds, in either way of asking."""
    reasoning = joined(events, "reasoning")
    calls = tool_calls(events) or []
    return {
        "content": joined(events, "text"),
        **({"reasoning": reasoning} if reasoning else {}),
        "tool_calls": calls,
        "usage": events[-1].data["usage"],
    }


# -- sessions


@blueprint.post("/session")
def session_whole() -> Response:
    record, name = _asked()
    events, retry_after = streams.collected(record)
    if failure(events[-1].data):
        return streams.failure(record, events, retry_after, session_id=name)
    return _named(record, jsonify(**_said(events), session_id=name, state=events[-1].data["state"]))


@blueprint.post("/session/stream")
def session_stream() -> Response:
    record, name = _asked()
    if (failed := streams.early_failure(record, session_id=name)) is not None:
        return failed
    return streams.resumed(record, services().desk.follow(record, 0), 0, content.Encoder(session_id=name))


def _asked() -> tuple[RunRecord, str]:
    """The answer that was begun, and its session's name."""
    body = bodies.read(SessionBody)
    question = bodies.ChatBody(
        prompt=body.message,
        system=body.system_prompt,
        tools=body.tools,
        request_id=body.request_id,
        **{name: getattr(body, name) for name in Params.__struct_fields__},
    )
    record = asking.start(question, session=body.session_id)
    return record, body.session_id or record.chat_id


def _named(record: RunRecord, response: Response) -> Response:
    response.headers.update({"X-Run-Id": record.id, "X-Chat-Id": record.chat_id})
    return response


@blueprint.get("/session/<path:session_id>")
def session(session_id: str) -> Response:
    chats = services().chats
    found = chats.get(OWNER, sessions.chat_id(OWNER, session_id))
    messages = [_message(message) for message in branch(chats.history(found), found.leaf_id)]
    return jsonify(session_id=session_id, title=found.title, system_prompt=found.system, messages=messages)


@blueprint.delete("/session/<path:session_id>")
def delete(session_id: str) -> Response:
    clearing.remove(sessions.chat_id(OWNER, session_id))
    return Response(status=204)


def _message(message: Message) -> dict[str, Any]:
    calls = {"tool_calls": message.tool_calls} if message.tool_calls else {}
    state = {"state": message.state} if message.role == "assistant" else {}
    return {"role": message.role, "content": message.content, **calls, **state}
