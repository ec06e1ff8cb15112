"""The openai SDK on our own transport: one open stream, and every foreign failure translated once.

The SDK builds the request, sends the credentials and reads error statuses; `with_streaming_response` hands out the raw
response, so that its models are never built per token.
"""

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

import gevent
import httpx2
import msgspec
import openai

from chatstream.errors import (
    UpstreamBroke,
    UpstreamBusy,
    UpstreamError,
    UpstreamInvalid,
    UpstreamRateLimited,
    UpstreamRefused,
    UpstreamRejected,
    UpstreamReported,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from chatstream.upstream.providers import Provider
from chatstream.upstream.transport import Body, Transport
from chatstream.wire.chunks import ChunkReader, Delta
from chatstream.wire.sse import MEDIA_TYPE, Decoder, EventTooLarge
from chatstream.wire.surrogates import whole

CONNECT_S = 5.0
_RETRY_AFTER = re.compile("[0-9]{1,9}|[A-Za-z]{3}, [A-Za-z0-9: ]{10,30}")  # seconds or a date: RFC 9110, 10.2.3
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


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one answer: seconds to the first byte, bytes per event and in all."""

    first_byte_s: float
    event_bytes: int
    answer_bytes: int


class Stream:
    """One open answer. Whoever opens it closes it."""

    def __init__(self, body: Body, limits: Limits) -> None:
        body.set_timeout(None)  # silence has a deadline of its own: a comment is a byte, but no content
        self._body = body
        self._left = limits.answer_bytes
        self._limits = limits
        self._decoder = Decoder(limits.event_bytes)
        self.reader = ChunkReader()

    @property
    def hurries(self) -> bool:
        """Whether to read on at once: upstream sends flat out, or all was said."""
        return self._body.burst or self.reader.done

    def read(self) -> list[Delta] | None:
        """What the next bytes bring, maybe nothing; None once the answer is over.

        :raises UpstreamError: if it broke, or went over a limit
        """
        if self.reader.done or self.reader.error:
            return None
        data = self._receive()
        if not data:
            return None
        self._left -= len(data)
        if self._left < 0:
            raise UpstreamInvalid(f"The answer is larger than {self._limits.answer_bytes} bytes, the limit set here.")
        try:
            return self.reader.feed(self._decoder.feed(data))
        except EventTooLarge as error:
            raise UpstreamInvalid(f"The model server sent {error}, more than is taken here.") from error

    def _receive(self) -> bytes:
        try:
            with translated():
                return self._body.read()
        except UpstreamBroke as error:
            raise UpstreamBroke(f"The connection to the model server broke {self._when()}.") from error

    def _when(self) -> str:
        tokens = self.reader.tokens
        return f"after {tokens:,} token{'s' * (tokens > 1)}" if tokens else "before the first token"

    def close(self) -> None:
        """Close the connection, or keep it for reuse if the answer was read to its last byte. From any greenlet."""
        self._body.close()


class _Sdk(openai.OpenAI):
    """The SDK without its report on this machine (`X-Stainless-…`): a model server has no use for it, and gathering it
    starts a process, which cost a quarter of the CPU when many streams began at once."""

    def platform_headers(self) -> dict[str, str]:
        return {}


class Client:
    """One provider's client. Opened in the worker that uses it, never before a fork."""

    def __init__(self, provider: Provider, base_url: str, limits: Limits, transport: Transport) -> None:
        self._limits = limits
        timeout = httpx2.Timeout(limits.first_byte_s, connect=min(CONNECT_S, limits.first_byte_s))
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
        with translated():
            # The SDK walks through `messages` type by type, 1 ms for a long chat: extra_body goes around it.
            opened = self._sdk.chat.completions.with_streaming_response.create(
                model=ask.model, messages=[], stream=True, extra_body={**fields, **_USAGE}
            )
            response = opened.__enter__().http_response
        body: Body = response.extensions["network_stream"]
        if encoding := response.extensions["content_encoding"]:
            body.close()
            raise UpstreamInvalid(f"The model server packed its answer ({encoding}), which nobody asked for.")
        if response.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
            raise _no_stream(response, body)
        return Stream(body, self._limits)

    def models(self) -> list[str]:
        """Ids of the models the server lists.

        :raises UpstreamError: if it does not
        """
        with translated(), gevent.Timeout(LIST_S, TimeoutError("it did not list its models in time")):
            return [whole(model.id) for model in self._sdk.models.list().data]


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """openai's and httpx2's exceptions as ours."""
    try:
        yield
    except openai.APIStatusError as error:
        raise _refusal(error) from error
    except (openai.APITimeoutError, httpx2.TimeoutException) as error:
        raise UpstreamTimeout("The model server did not answer in time.") from error
    except openai.APIConnectionError as error:
        raise UpstreamUnreachable(f"The model server cannot be reached: {error.__cause__ or error}.") from error
    except httpx2.TransportError as error:
        raise UpstreamBroke("The connection to the model server broke in the middle of the answer.") from error
    except (openai.OpenAIError, httpx2.HTTPError, ValueError, TypeError, TimeoutError) as error:
        raise UpstreamInvalid(f"The model server's response could not be read: {error}.") from error


def _refusal(error: openai.APIStatusError) -> UpstreamError:
    status = error.status_code
    said = _said(error.body) or _sentence(error.response.reason_phrase)
    if status in (429, 503):
        retry_after = error.response.headers.get("retry-after", "")
        when = retry_after if _RETRY_AFTER.fullmatch(retry_after) else None
        kind = UpstreamRateLimited if status == 429 else UpstreamBusy
        return kind(f"The model server has too much to do ({status}): {said}", when)
    if status in (400, 404, 413, 422):
        return UpstreamRejected(f"The model server does not take this request ({status}): {said}")
    if status in (401, 403):
        return UpstreamRefused(f"The model server refuses our key ({status}): {said}")
    return UpstreamRefused(f"The model server failed ({status}): {said}")


def _said(body: object) -> str:
    """The sentence in an error's body: OpenAI's form, or what is near it."""
    inner = body.get("error", body) if isinstance(body, dict) else body
    message = inner.get("message") if isinstance(inner, dict) else inner
    text = whole(message[:500].strip()) if isinstance(message, str) else ""
    readable = "<html" not in text.lower() and all(c.isprintable() or c.isspace() for c in text)
    return _sentence(text) if readable else ""


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _no_stream(response: httpx2.Response, body: Body) -> UpstreamError:
    try:
        with translated():
            said = _said(json.loads(b"".join(body)))
    except UpstreamError:
        said = ""  # no JSON, or without an end: the content type says what it is
    finally:
        body.close()
    if said:
        return UpstreamReported(f"The model server reported: {said}")
    kind = response.headers.get("content-type", "no content type")
    return UpstreamInvalid(f"The model server answered with {kind}, not with a stream of events.")
