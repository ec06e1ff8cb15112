"""The openai SDK (upstream/sdk.py) on httpx2's transport: a question sent, its answer's bytes as server-sent events."""

import os
import socket
import threading
from contextlib import suppress
from typing import Any

import httpx2

from chatstream.client import tls
from chatstream.errors import UpstreamInvalid
from chatstream.upstream import sdk
from chatstream.upstream.translation import translated
from chatstream.wire.sse import Decoder, Event

LIST_S = 10.0
WHOLE_MAX = 1 << 20
"""Bytes taken of a response that is no stream."""
ANSWER_MAX = 256 << 20
"""Bytes taken of one answer, its framing included."""
_OF_THE_BODY = (b"content-encoding", b"content-length", b"transfer-encoding")


class _Transport(httpx2.HTTPTransport):
    """httpx2's own. Of what is no stream it takes `WHOLE_MAX` bytes: an error's body may have no end. How a body is
    packed it tells as `sdk.PACKED` has it."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = super().handle_request(request)
        encoding = response.headers.get("content-encoding", "identity")
        packed = {sdk.PACKED: "" if encoding == "identity" else encoding}
        if response.status_code == 200 and sdk.is_stream(response):
            response.extensions |= packed
            return response
        headers = [pair for pair in response.headers.raw if pair[0].lower() not in _OF_THE_BODY]
        return httpx2.Response(response.status_code, headers=headers, content=_beginning(response), extensions=packed)


class Door:
    """A model server's base URL, by which answers are opened. Usable from several threads."""

    def __init__(self, base_url: str, api_key: str | None, timeout: float | None) -> None:
        transport = _Transport(
            verify=tls.context() if base_url.startswith("https:") else False,
            limits=httpx2.Limits(max_connections=None, keepalive_expiry=4.0),
            trust_env=False,
        )
        self._server = sdk.ModelServer(base_url, api_key, transport, timeout)
        self.close = self._server.close

    def open(self, fields: dict[str, Any]) -> "Stream":
        """Send a body of `POST /v1/chat/completions`; return once the server answers with a stream.

        :raises UpstreamError: if it cannot be reached, refuses, or answers with anything else
        """
        return Stream(self._server.chat({**sdk.USAGE, **fields}))

    def models(self) -> list[str]:
        """Ids of the models the server lists.

        :raises UpstreamError: if it does not
        """
        return self._server.models(LIST_S)


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
