"""Section 3 of docs/api.md: a request in OpenAI's form goes to the provider of its model, and its chunks come back.

Nothing is recorded. One request makes one upstream call, which ends when its reader leaves.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from flask import Blueprint, Response, jsonify, stream_with_context

from chatstream.errors import BadRequest, ChatStreamError, TooLarge
from chatstream.upstream.deadlines import Deadlines
from chatstream.upstream.relay import Relay
from chatstream.web import bodies, departures, streams
from chatstream.web.services import services
from chatstream.wire.completion import Completion
from chatstream.wire.formats import openai
from chatstream.wire.sse import HEARTBEAT

blueprint = Blueprint("relay", __name__, url_prefix="/v1")

BODY_MAX = 32 << 20
"""Bytes of a request; images come inside it."""
VALUES_MAX = 200_000
"""Lists and objects in it: more would take the server's time from everybody else."""
DROPPED = {
    *("api_key", "api_base", "base_url", "api_version", "organization", "project", "user_config"),
    *("provider", "providers", "route", "models", "fallbacks"),
    *("headers", "extra_headers", "extra_body", "extra_query", "timeout"),
}
"""Fields by which some routers let a request choose where it goes, or with whose credentials."""


@blueprint.get("/models")
def models() -> Response:
    gateway = services().gateway
    found = [(model, provider.name) for provider in gateway.providers.all for model in gateway.models(provider)]
    listed = [{"id": model, "object": "model", "created": 0, "owned_by": owner} for model, owner in found]
    return jsonify(object="list", data=listed)


@blueprint.post("/chat/completions")
def chat_completions() -> Response:
    services().desk.admit()
    asked = _asked()
    relay = _relay(asked)
    detach = services().desk.attach(relay)
    try:
        if not asked.get("stream"):
            return jsonify(_whole(relay))
        streamed = _streamed(relay)
    except BaseException:
        detach()
        raise
    streamed.call_on_close(detach)
    return streamed


def _asked() -> dict[str, Any]:
    body = bodies.content(BODY_MAX)
    if body.count(b"[") + body.count(b"{") > VALUES_MAX:
        raise TooLarge(f"The body has more than {VALUES_MAX} lists and objects. Send less at once.")
    try:
        asked = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadRequest(f"The body is not JSON: {error}. Send a JSON object in UTF-8.") from error
    if not isinstance(asked, dict) or not isinstance(asked.get("messages"), list):
        raise BadRequest("The body must be a JSON object with a list of messages.")
    if not isinstance(asked.get("model"), str | None) or not isinstance(asked.get("stream"), bool | None):
        raise BadRequest("model must be a string, and stream true or false.")
    return asked


def _relay(asked: dict[str, Any]) -> Relay:
    """Upstream is asked to stream in any case: a server that does not would go on for a reader who left."""
    s = services()
    provider, model = s.gateway.choose(asked.get("model"))
    fields = {name: value for name, value in asked.items() if name not in DROPPED}
    fields |= {"model": model, "stream": True}
    if not asked.get("stream"):
        fields["stream_options"] = {"include_usage": True}
    return Relay(lambda: s.gateway.events(provider, fields), Deadlines(s.settings), s.settings.heartbeat_s)


def _streamed(relay: Relay) -> Response:
    with departures.attended():
        relay.wait(services().settings.status_wait_s)
    streamed = Response(stream_with_context(_frames(relay)), headers=streams.HEADERS)
    departures.attend(streamed)
    return streamed


def _frames(relay: Relay) -> Iterator[bytes]:
    try:
        for events in relay:
            yield openai.frames(events) if events else HEARTBEAT
        yield openai.DONE
    except ChatStreamError as error:
        yield openai.failed(error)


def _whole(relay: Relay) -> dict[str, Any]:
    whole = Completion()
    with departures.attended():
        for events in relay:
            for event in events:
                whole.add(event.data)
    return whole.value()
