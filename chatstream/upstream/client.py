"""One provider's model server, asked through the openai SDK on our own transport."""

from typing import Any

import gevent
import httpx2
import msgspec

from chatstream.upstream.providers import Provider
from chatstream.upstream.sdk import USAGE, ModelServer
from chatstream.upstream.stream import EventStream, Limits, Stream
from chatstream.upstream.translation import translated
from chatstream.upstream.transport import Transport

LIST_S = 2.0
"""How long a model server may take to list its models."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One question to a model. `messages` are OpenAI's: {role, content}; None leaves a choice to the server."""

    model: str
    messages: list[dict[str, Any]]
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    stop: list[str] | None = None
    reasoning_effort: str | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | None = None


class Client:
    """One provider's client. Opened in the worker that uses it, never before a fork."""

    def __init__(self, provider: Provider, base_url: str, limits: Limits, transport: Transport) -> None:
        self._limits = limits
        self._server = ModelServer(base_url, provider.api_key, transport, None)  # whoever waits has a deadline

    def open(self, ask: Ask) -> Stream:
        """Send the question; return once the server answers with a stream.

        :raises UpstreamError: if it cannot be reached, refuses, or answers with anything else
        """
        fields = {name: value for name, value in msgspec.structs.asdict(ask).items() if value is not None}
        return Stream(self.events({**fields, **USAGE}))

    def events(self, fields: dict[str, Any]) -> EventStream:
        """The same for a body of `POST /v1/chat/completions` as it is, its answer as events."""
        return self._stream(self._server.chat(fields))

    def texts(self, fields: dict[str, Any]) -> EventStream:
        """The same for a body of `POST /v1/completions`."""
        return self._stream(self._server.texts(fields))

    def _stream(self, response: httpx2.Response) -> EventStream:
        return EventStream(response.extensions["network_stream"], self._limits)

    def models(self) -> list[str]:
        """Ids of the models the server lists.

        :raises UpstreamError: if it does not
        """
        with translated(), gevent.Timeout(LIST_S, TimeoutError("it did not list its models in time")):
            return self._server.models()

    def ask(self, path: str, body: dict[str, str] | None) -> bytes:
        """See `ModelServer.ask`. Whoever asks has a deadline."""
        return self._server.ask(path, body)
