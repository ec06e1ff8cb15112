"""The openai SDK as the server and the client for programs use it, each on a transport of its own.

The SDK lists models and makes the request of each route: its address, credentials and headers, once. Every question is
that request with a body of its own, and the response is handed out raw. Letting the SDK make each request took 1 ms of
CPU, a third of what a stream of 200 tokens cost, and its models per token far more. One question is one request: no
retries, no redirects, no proxy from the environment.
"""

import functools
import json
from typing import Any

import httpx2
import msgspec
import openai

from chatstream.errors import UpstreamError, UpstreamInvalid, UpstreamReported
from chatstream.upstream.translation import said, translated
from chatstream.wire.sse import MEDIA_TYPE
from chatstream.wire.surrogates import whole

CONNECT_S = 5.0
USAGE = {"stream_options": {"include_usage": True}}
PACKED = "content_encoding"
"""The response's extension in which a transport tells how the body is packed, "" if it is not. It takes the header
away: nothing unpacks what was packed unasked, for a few bytes could become gigabytes."""


class _Sdk(openai.OpenAI):
    """The SDK without its report on this machine (`X-Stainless-…`): a model server has no use for it, and gathering it
    starts a process, which cost a quarter of the CPU when many streams began at once."""

    def platform_headers(self) -> dict[str, str]:
        return {}


class ModelServer:
    """A model server by its base URL.

    :param silence_s: how long a read may wait; None: whoever waits has a deadline of its own
    """

    def __init__(
        self, base_url: str, api_key: str | None, transport: httpx2.BaseTransport, silence_s: float | None
    ) -> None:
        timeout = httpx2.Timeout(silence_s, connect=CONNECT_S)
        self._transport = transport
        self._sdk = _Sdk(
            base_url=base_url,
            api_key=api_key or "none",
            max_retries=0,
            timeout=timeout,
            http_client=_http(transport, timeout),
        )
        self.close = self._sdk.close

    def chat(self, fields: dict[str, Any]) -> httpx2.Response:
        """Send a body of `POST /v1/chat/completions` as it is; return once the server answers with a stream of events.

        :raises UpstreamError: if it cannot be reached, refuses, or answers with anything else
        """
        return self._opened(self._chat, fields)

    def texts(self, fields: dict[str, Any]) -> httpx2.Response:
        """The same for a body of `POST /v1/completions`."""
        return self._opened(self._texts, fields)

    def models(self, timeout_s: float | None = None) -> list[str]:
        """Ids of the models the server lists.

        :raises UpstreamError: if it does not
        """
        with translated():
            response = self._sdk.models.with_raw_response.list(timeout=timeout_s).http_response
            found = msgspec.convert(json.loads(response.content), _Models)
        return [whole(model.id) for model in found.data]

    def ask(self, path: str, body: dict[str, str] | None) -> bytes:
        """The content at a path of its own, which may lead out of the base URL; POST where there is a body.

        :raises UpstreamError: if there is nothing, or it does not answer
        """
        with translated():
            if body is None:
                return self._sdk.get(path, cast_to=httpx2.Response).content
            return self._sdk.post(path, cast_to=httpx2.Response, body=body).content

    @functools.cached_property
    def _chat(self) -> httpx2.Request:
        sdk, made = self._rehearsal()
        sdk.chat.completions.with_streaming_response.create(model="", messages=[], stream=True).__enter__()
        return made.request

    @functools.cached_property
    def _texts(self) -> httpx2.Request:
        sdk, made = self._rehearsal()
        sdk.completions.with_streaming_response.create(model="", prompt="", stream=True).__enter__()
        return made.request

    def _rehearsal(self) -> tuple[openai.OpenAI, "_Rehearsal"]:
        made = _Rehearsal()
        return self._sdk.with_options(http_client=_http(made, self._sdk.timeout)), made

    def _opened(self, made: httpx2.Request, fields: dict[str, Any]) -> httpx2.Response:
        with translated():
            response = self._sent(_with_body(made, msgspec.json.encode({**fields, "stream": True})))
            if not response.is_success:
                raise _status_error(response)
        if encoding := response.extensions[PACKED]:
            response.close()
            raise UpstreamInvalid(f"The model server packed its answer ({encoding}), which nobody asked for.")
        if not is_stream(response):
            raise _no_stream(response)
        return response

    def _sent(self, request: httpx2.Request) -> httpx2.Response:
        try:
            response = self._transport.handle_request(request)
        except httpx2.TimeoutException:
            raise
        except httpx2.TransportError as error:
            raise openai.APIConnectionError(request=request) from error
        response.request = request
        return response


def _with_body(made: httpx2.Request, body: bytes) -> httpx2.Request:
    """As a stream, for which httpx2 looks for no headers that lack: 3 instead of 29 µs of CPU."""
    headers = made.headers.copy()
    headers["Content-Length"] = str(len(body))
    stream = httpx2.ByteStream(body)
    return httpx2.Request(made.method, made.url, headers=headers, stream=stream, extensions=made.extensions)


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model]


class _Rehearsal(httpx2.BaseTransport):
    """Takes the request that the SDK makes, and sends nothing."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        del request.headers["Content-Length"]
        self.request = request
        return httpx2.Response(200, headers={"Content-Type": MEDIA_TYPE})


def _http(transport: httpx2.BaseTransport, timeout: Any) -> httpx2.Client:
    identity = {"Accept-Encoding": "identity"}
    return httpx2.Client(
        transport=transport, timeout=timeout, follow_redirects=False, trust_env=False, headers=identity
    )


def _status_error(response: httpx2.Response) -> openai.APIStatusError:
    """As the SDK has it: the body's JSON, or its text."""
    try:
        body = response.read().decode(errors="replace").strip()
    finally:
        response.close()
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = body or None
    return openai.APIStatusError(response.reason_phrase, response=response, body=found)


def is_stream(response: httpx2.Response) -> bool:
    """Whether its content type says that it is a stream of events."""
    return response.headers.get("content-type", "").partition(";")[0].strip().lower() == MEDIA_TYPE


def _no_stream(response: httpx2.Response) -> UpstreamError:
    try:
        with translated():
            found = said(json.loads(response.read()))
    except (UpstreamError, RecursionError):
        found = ""  # no JSON, or without an end: the content type says what it is
    finally:
        response.close()
    if found:
        return UpstreamReported(f"The model server reported: {found}")
    kind = response.headers.get("content-type", "no content type")
    return UpstreamInvalid(f"The model server answered with {kind}, not with a stream of events.")
