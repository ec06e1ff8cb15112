"""The openai SDK on its own transport: a question sent, and the answer's bytes as server-sent events.

As on the server (`upstream/client.py`) the SDK builds the request and reads error statuses, and the response is read
raw: one request for one question, no retries, no redirects, no proxy from the environment.
"""

import json
import os
import socket
import threading
from contextlib import suppress
from typing import Any

import httpx2
import openai

from chatstream.client import tls
from chatstream.errors import UpstreamBroke, UpstreamError, UpstreamInvalid, UpstreamReported
from chatstream.upstream.translation import said, translated
from chatstream.wire.sse import MEDIA_TYPE, Decoder, Event
from chatstream.wire.surrogates import whole

CONNECT_S = 5.0
LIST_S = 10.0
WHOLE_MAX = 1 << 20
"""Bytes taken of a response that is no stream."""
ANSWER_MAX = 256 << 20
"""Bytes taken of one answer, its framing included."""
_USAGE = {"stream_options": {"include_usage": True}}


class _Sdk(openai.OpenAI):
    """The SDK without its report on this machine (`X-Stainless-…`)."""

    def platform_headers(self) -> dict[str, str]:
        return {}


class _Transport(httpx2.HTTPTransport):
    """httpx2's own. Of what is no stream it takes `WHOLE_MAX` bytes: an error's body may have no end. Nothing is
    unpacked that was packed unasked: a few bytes could become gigabytes."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = super().handle_request(request)
        if response.status_code == 200 and _is_stream(response):
            return response
        headers = [pair for pair in response.headers.raw if pair[0].lower() not in _OF_THE_BODY]
        return httpx2.Response(response.status_code, headers=headers, content=_beginning(response))


_OF_THE_BODY = (b"content-encoding", b"content-length", b"transfer-encoding")


class Door:
    """A model server's base URL, by which answers are opened. Usable from several threads."""

    def __init__(self, base_url: str, api_key: str | None, timeout: float | None) -> None:
        patience = httpx2.Timeout(timeout, connect=CONNECT_S)
        transport = _Transport(
            verify=tls.context() if base_url.startswith("https:") else False,
            limits=httpx2.Limits(max_connections=None, keepalive_expiry=4.0),
            trust_env=False,
        )
        self._sdk = _Sdk(
            base_url=base_url,
            api_key=api_key or "none",
            max_retries=0,
            timeout=patience,
            http_client=httpx2.Client(
                transport=transport,
                timeout=patience,
                follow_redirects=False,
                trust_env=False,
                headers={"Accept-Encoding": "identity"},
            ),
        )
        self.close = self._sdk.close

    def open(self, fields: dict[str, Any]) -> "Stream":
        """Send a body of `POST /v1/chat/completions`; return once the server answers with a stream.

        :raises UpstreamError: if it cannot be reached, refuses, or answers with anything else
        """
        with translated():
            opened = self._sdk.chat.completions.with_streaming_response.create(
                model=fields["model"], messages=[], stream=True, extra_body={**_USAGE, **fields, "stream": True}
            )
            response = opened.__enter__().http_response
        if "content-encoding" in response.headers and response.headers["content-encoding"] != "identity":
            response.close()
            packed = whole(response.headers["content-encoding"])
            raise UpstreamInvalid(f"The model server packed its answer ({packed}), which nobody asked for.")
        if not _is_stream(response):
            raise _no_stream(response)
        return Stream(response)

    def models(self) -> list[str]:
        """Ids of the models the server lists.

        :raises UpstreamError: if it does not
        """
        with translated():
            return [whole(model.id) for model in self._sdk.models.list(timeout=LIST_S).data]


class Stream:
    """One open answer. Whoever opens it closes it."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._pieces = response.iter_raw()
        self._decoder = Decoder()
        self._left = ANSWER_MAX
        self._last_call: threading.Timer | None = None

    def events(self) -> list[Event] | None:
        """What the next bytes complete, maybe nothing; None once the response is over.

        :raises UpstreamError: if it broke, was silent for too long, or too large
        """
        if self._decoder.overfull:
            most = self._decoder.max_event
            raise UpstreamInvalid(f"The model server sent an event of more than {most} bytes, more than is taken here.")
        if self._left < 0:
            raise UpstreamInvalid(f"The answer is larger than {ANSWER_MAX} bytes, the limit set here.")
        with translated():
            data = next(self._pieces, None)
        if data is None:
            return None
        self._left -= len(data)
        return self._decoder.feed(data)

    def end_within(self, seconds: float) -> None:
        """Break the connection if the response is not over by then: `events` raises UpstreamBroke."""
        if self._last_call is None:
            self._last_call = threading.Timer(seconds, self._cut)
            self._last_call.daemon = True
            self._last_call.start()

    def _cut(self) -> None:
        """Wake whoever reads, from another thread; TLS has no part in it."""
        sock = self._response.extensions["network_stream"].get_extra_info("socket")
        with suppress(OSError), socket.socket(fileno=os.dup(sock.fileno())) as same:
            same.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection, or keep it for reuse if the answer was read to its last byte."""
        if self._last_call is not None:
            self._last_call.cancel()
        self._response.close()


def _is_stream(response: httpx2.Response) -> bool:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower() == MEDIA_TYPE


def _beginning(response: httpx2.Response) -> bytes:
    taken = b""
    try:
        for piece in response.iter_raw():
            taken += piece
            if len(taken) > WHOLE_MAX:
                break
    except httpx2.TransportError:
        pass  # what came may say enough
    finally:
        response.close()
    return taken[:WHOLE_MAX]


def _no_stream(response: httpx2.Response) -> UpstreamError:
    try:
        found = said(json.loads(response.content))
    except (ValueError, RecursionError):
        found = ""  # the content type says what it is
    if found:
        return UpstreamReported(f"The model server reported: {found}")
    kind = whole(response.headers.get("content-type", "no content type"))
    return UpstreamInvalid(f"The model server answered with {kind}, not with a stream of events.")


def broke(tokens: int) -> UpstreamBroke:
    """A connection that broke after so many tokens."""
    when = f"after {tokens:,} token{'s' * (tokens > 1)}" if tokens else "before the first token"
    return UpstreamBroke(f"The connection to the model server broke {when}.")
