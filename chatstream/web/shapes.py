"""Section 5 of docs/api.md: answers for readers that take nothing but text, a terminal and a browser's EventSource."""

import re
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from chatstream.errors import BadRequest
from chatstream.web import asking, bodies, guard, runs, streams
from chatstream.web.services import services
from chatstream.wire.formats import eventsource, plain

blueprint = Blueprint("shapes", __name__)

_FIELDS = ("prompt", "chatId", "model", "system", "requestId")
_SEEN = re.compile("([0-9a-f]{24})[.]([0-9]{1,15})")


@blueprint.post("/ask")
def ask() -> Response:
    return streams.from_first_text(asking.start(bodies.read(bodies.ChatBody)), plain.Encoder())


@blueprint.get("/api/chat")
def event_source() -> Response:
    """What is wrong with the request is a status, which ends an EventSource's trying; it reads no body. Once there is a
    Run, all that becomes of it is told in the stream, and its reader comes back to that Run only.
    """
    runs.no_head()
    guard.refuse_cross_site_read()
    if seen := request.headers.get("Last-Event-ID"):
        return _resumed(seen)
    record = asking.start(_question())
    events = services().desk.follow(record, 0)
    return streams.response(record, events, 0, eventsource.Encoder(record.id, record.chat_id))


def _question() -> bodies.ChatBody:
    given: dict[str, Any] = {name: value for name in _FIELDS if (value := request.args.get(name))}
    if tools := request.args.get("tools"):
        given["tools"] = tools.split(",")
    try:
        return msgspec.convert(given, bodies.ChatBody)
    except msgspec.ValidationError as error:
        raise BadRequest(f"The query does not fit: {error}.".replace(" - at `$.", ", in the field `")) from error


def _resumed(seen: str) -> Response:
    """The rest of the Run that the reader has seen so much of. The event it saw last is looked at once more."""
    if not (found := _SEEN.fullmatch(seen)):
        raise BadRequest("Last-Event-ID must be an id that this server gave: <runId>.<number>.")
    record, number = runs.find(found[1]), int(found[2])
    before = max(number - 1, 0)
    events = runs.follow(record, before) if runs.follow(record, number) is not None else None
    if events is None:
        return Response(status=204)
    return streams.resumed(record, events, before, eventsource.Encoder(record.id, record.chat_id, number))
