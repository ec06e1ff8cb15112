"""Section 3 of docs/api.md: a request in OpenAI's form goes to the provider of its model, and its chunks come back.

Nothing is recorded. One request makes one upstream call, which ends when its reader leaves. A text completion is told
from a chat where the model has only that.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import msgspec
from flask import Blueprint, Response, jsonify, stream_with_context

from chatstream.errors import BadRequest, ChatStreamError
from chatstream.upstream.deadlines import Deadlines
from chatstream.upstream.providers import Provider
from chatstream.upstream.relay import Relay
from chatstream.upstream.stream import EventStream
from chatstream.web import bodies, departures, passing, streams
from chatstream.web.services import services
from chatstream.wire.completion import CHOICES_MAX, Completion, TextCompletion
from chatstream.wire.formats import openai
from chatstream.wire.formats.text_completion import Retelling
from chatstream.wire.portions import Portion
from chatstream.wire.sse import HEARTBEAT, Event

blueprint = Blueprint("relay", __name__, url_prefix="/v1")

DROPPED_PREFIXES = ("aws_", "azure_", "vertex_", "watsonx_")
DROPPED = {
    *("api_type", "custom_llm_provider", "deployment_id", "model_list", "num_retries", "context_window_fallbacks"),
    *("api_key", "api_base", "base_url", "api_version", "organization", "project", "user_config"),
    *("provider", "providers", "route", "models", "fallbacks"),
    *("headers", "extra_headers", "extra_body", "extra_query", "timeout"),
}
"""Fields by which some routers let a request choose where it goes, or with whose credentials."""


class Passage(NamedTuple):
    """How one answer is passed on: what becomes of its events, and of all of them."""

    tell: Callable[[Sequence[Event]], Sequence[Event]]
    whole: type[Completion]
    choices: int
    stream: bool


@blueprint.get("/models")
def models() -> Response:
    found = services().gateway.listed()
    listed = [{"id": name, "object": "model", "created": 0, "owned_by": provider.name} for name, provider in found]
    return jsonify(object="list", data=listed)


@blueprint.post("/chat/completions")
def chat_completions() -> Response:
    services().desk.admit()
    asked = _asked()
    if not isinstance(asked.get("messages"), list):
        raise BadRequest("The body must be a JSON object with a list of messages.")
    provider, fields = _directed(asked)
    open_stream = functools.partial(services().gateway.events, provider, fields)
    return _passed_on(open_stream, Passage(_unchanged, Completion, _count(asked.get("n")), bool(asked.get("stream"))))


@blueprint.post("/completions")
def completions() -> Response:
    services().desk.admit()
    asked = _asked()
    prompt = asked.get("prompt")
    if not isinstance(prompt, str | list) or prompt == []:
        raise BadRequest("The body must be a JSON object with a prompt: a text, or a list of them.")
    provider, fields = _directed(asked)
    retelling = Retelling(fields)
    open_stream = functools.partial(services().gateway.texts, provider, fields, retelling.as_chat)
    choices = _count(asked.get("n")) * _prompts(prompt)
    return _passed_on(open_stream, Passage(retelling.events, TextCompletion, choices, bool(asked.get("stream"))))


def _asked() -> dict[str, Any]:
    body = bodies.content(bodies.CONVERSATION_MAX)
    bodies.check_values(body)
    try:
        asked = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadRequest(f"The body is not JSON: {error}. Send a JSON object in UTF-8.") from error
    if not isinstance(asked, dict):
        raise BadRequest("The body must be a JSON object.")
    if not isinstance(asked.get("model"), str | None) or not isinstance(asked.get("stream"), bool | None):
        raise BadRequest("model must be a string, and stream true or false.")
    return asked


def _directed(asked: dict[str, Any]) -> tuple[Provider, dict[str, Any]]:
    """The model's provider, and the body for it. Upstream is asked to stream in any case: a server that does not would
    go on for a reader who left."""
    provider, model = services().gateway.choose(asked.get("model"))
    fields = {name: value for name, value in asked.items() if not _chooses(name)}
    fields |= {"model": model, "stream": True}
    if not asked.get("stream"):
        fields["stream_options"] = {"include_usage": True}
    return provider, fields


def _chooses(name: str) -> bool:
    """Whether a field chooses a route or a credential."""
    return name in DROPPED or name.startswith(DROPPED_PREFIXES)


def _unchanged(events: Sequence[Event]) -> Sequence[Event]:
    return events


def _count(n: Any) -> int:
    """How many choices are asked for, as far as that can be: what else `n` may be, upstream has to judge."""
    return n if type(n) is int and 1 <= n <= CHOICES_MAX else 1


def _prompts(prompt: str | list[Any]) -> int:
    """Prompts are texts or lists of tokens; a list of numbers is one."""
    return 1 if isinstance(prompt, str) or isinstance(prompt[0], int) else len(prompt)


def _passed_on(open_stream: Callable[[], EventStream], passage: Passage) -> Response:
    s = services()
    pace = s.desk.paces.relays
    relay = Relay(open_stream, Deadlines(s.settings), s.settings.heartbeat_s, pace, passage.choices)
    return passing.passed_on(relay, functools.partial(_streamed if passage.stream else _whole, relay, passage))


def _streamed(relay: Relay, passage: Passage) -> Response:
    passing.wait_for_refusal(relay)
    streamed = Response(stream_with_context(_frames(relay, passage)), headers=streams.HEADERS)
    departures.attend(streamed)
    return streamed


def _frames(relay: Relay, passage: Passage) -> Iterator[bytes]:
    try:
        if not relay.opened:
            yield HEARTBEAT  # the response's head goes out with its first bytes
        for portion in relay:
            data = _told(portion, passage) or HEARTBEAT if _shows(portion) else b""
            del portion  # a thousand streams that rest would each hold what was read last
            if data:
                yield data
            del data
        yield openai.DONE
    except ChatStreamError as error:
        yield openai.failed(error)


def _told(portion: Portion, passage: Passage) -> bytes:
    return b"".join([openai.frames(passage.tell(events)) for events in portion.events])


def _shows(portion: Portion) -> bool:
    """Whether it has events, or is a heartbeat: what was held back of deltas is none of this format's."""
    return bool(portion.events) or not portion.deltas


def _whole(relay: Relay, passage: Passage) -> Response:
    whole = passage.whole()
    with departures.attended():
        for portion in relay:
            for event in passage.tell(list(chain.from_iterable(portion.events))):
                whole.add(event.data)
    return jsonify(whole.value())
