"""The openai SDK on our own transport.

The SDK builds the request, sends the credentials and reads error statuses; `with_streaming_response` hands out the raw
response, so that its models are never built per token.
"""

import json
from collections.abc import Callable
from typing import Any

import gevent
import httpx2
import msgspec
import openai

from chatstream.errors import UpstreamError, UpstreamInvalid, UpstreamReported
from chatstream.upstream.providers import Provider
from chatstream.upstream.stream import EventStream, Limits, Stream
from chatstream.upstream.translation import said, translated
from chatstream.upstream.transport import Body, Transport
from chatstream.wire.sse import MEDIA_TYPE
from chatstream.wire.surrogates import whole

CONNECT_S = 5.0
_USAGE = {"stream_options": {"include_usage": True}}
LIST_S = 2.0
"""How long a model server may take to list its models."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One question to a model. `messages` are OpenAI's: {role, content}; None leaves a choice to the server."""

    model: str
    messages: list[dict[str, Any]]
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | None = None


class _Sdk(openai.OpenAI):
    """The SDK without its report on this machine (`X-Stainless-…`): a model server has no use for it, and gathering it
    starts a process, which cost a quarter of the CPU when many streams began at once."""

    def platform_headers(self) -> dict[str, str]:
        return {}


class Client:
    """One provider's client. Opened in the worker that uses it, never before a fork."""

    def __init__(self, provider: Provider, base_url: str, limits: Limits, transport: Transport) -> None:
        self._limits = limits
        timeout = httpx2.Timeout(None, connect=CONNECT_S)  # whoever waits for more has a deadline
        self._sdk = _Sdk(
            base_url=base_url,
            api_key=provider.api_key or "none",
            max_retries=0,
            timeout=timeout,
            http_client=httpx2.Client(
                transport=transport,
                timeout=timeout,
                follow_redirects=False,
                trust_env=False,
                headers={"Accept-Encoding": "identity"},
            ),
        )

    def open(self, ask: Ask) -> Stream:
        """Send the question; return once the server answers with a stream.

        :raises UpstreamError: if it cannot be reached, refuses, or answers with anything else
        """
        fields = {name: value for name, value in msgspec.structs.asdict(ask).items() if value is not None}
        return Stream(self.events({**fields, **_USAGE}))

    def events(self, fields: dict[str, Any]) -> EventStream:
        """The same for a body of `POST /v1/chat/completions` as it is, its answer as events."""
        # The SDK walks through `messages` type by type, 1 ms for a long chat: extra_body goes around it.
        create = self._sdk.chat.completions.with_streaming_response.create
        return self._opened(lambda: create(model=fields["model"], messages=[], stream=True, extra_body=fields))

    def texts(self, fields: dict[str, Any]) -> EventStream:
        """The same for a body of `POST /v1/completions`."""
        create = self._sdk.completions.with_streaming_response.create
        return self._opened(lambda: create(model=fields["model"], prompt="", stream=True, extra_body=fields))

    def _opened(self, ask: Callable[[], Any]) -> EventStream:
        with translated():
            response = ask().__enter__().http_response
        body: Body = response.extensions["network_stream"]
        if encoding := response.extensions["content_encoding"]:
            body.close()
            raise UpstreamInvalid(f"The model server packed its answer ({encoding}), which nobody asked for.")
        if response.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
            raise _no_stream(response, body)
        return EventStream(body, self._limits)

    def models(self) -> list[str]:
        """Ids of the models the server lists.

        :raises UpstreamError: if it does not
        """
        with translated(), gevent.Timeout(LIST_S, TimeoutError("it did not list its models in time")):
            return [whole(model.id) for model in self._sdk.models.list().data]


def _no_stream(response: httpx2.Response, body: Body) -> UpstreamError:
    try:
        with translated():
            found = said(json.loads(b"".join(body)))
    except UpstreamError:
        found = ""  # no JSON, or without an end: the content type says what it is
    finally:
        body.close()
    if found:
        return UpstreamReported(f"The model server reported: {found}")
    kind = response.headers.get("content-type", "no content type")
    return UpstreamInvalid(f"The model server answered with {kind}, not with a stream of events.")
