"""Requests to a ChatStream server: one connection each, plain blocking sockets, and errors as chatstream/errors.py has
them. The standard library's HTTP alone: a command that streams one answer has to start at once."""

import http.client
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import msgspec

from chatstream.client import tls
from chatstream.errors import (
    BadRequest,
    ChatStreamError,
    UpstreamBroke,
    UpstreamInvalid,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from chatstream.wire.sse import MEDIA_TYPE, Decoder, Event
from chatstream.wire.surrogates import whole

CONNECT_S = 5.0
SILENCE_S = 45.0
"""A connection that sent nothing for this long, not even a comment, is taken for dead: the server's heart beats every
15 s."""
WHOLE_MAX = 64 << 20
"""Bytes of a response that is no stream."""
EVENT_MAX = 64 << 20
"""Bytes of one event: a Run that goes on with an answer begins with all of it."""
_GATEWAY = (502, 503, 504)


class Http:
    """A server by its address, for example http://127.0.0.1:8000; a path in it comes before every route.

    :raises BadRequest: if it is no such address
    """

    def __init__(self, url: str, api_key: str | None = None) -> None:
        self.url = url.rstrip("/")
        try:
            parts = urlsplit(self.url)
            self._host, self._port = parts.hostname or "", parts.port
        except ValueError:
            parts, self._host = urlsplit(""), ""
        if parts.scheme not in ("http", "https") or not self._host:
            raise BadRequest(f"{url!r} is no address of a server. One is http://127.0.0.1:8000.")
        self._tls = parts.scheme == "https"
        self._path = parts.path
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}

    def open(self, method: str, path: str, body: Any = None, silence: float = SILENCE_S) -> "Response":
        """Send a request; return once the head of its response is there, whatever its status.

        :param silence: seconds without a byte, now and while the body is read, after which the connection is dead
        :raises UpstreamUnreachable: if nothing could be sent
        :raises UpstreamBroke, UpstreamTimeout: if the connection ended, or said nothing: the server may have taken it
        """
        connection = self._connect()
        headers = {"Accept": f"application/json, {MEDIA_TYPE}", **self._headers}
        content = None
        if body is not None:
            content, headers["Content-Type"] = msgspec.json.encode(body), "application/json"
        try:
            with translated():
                sock = connection.sock
                sock.settimeout(silence)
                connection.request(method, self._path + path, content, headers)
                return Response(self.url, sock, connection, connection.getresponse())
        except BaseException:
            connection.close()
            raise

    def call(self, method: str, path: str, body: Any = None, silence: float = SILENCE_S) -> Any:
        """The response's JSON, None where it has no body.

        :raises ChatStreamError: for any status that is no success
        """
        with self.open(method, path, body, silence) as response:
            if response.status >= 300:
                raise response.refusal()
            return response.json()

    def _connect(self) -> http.client.HTTPConnection:
        if self._tls:
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                self._host, self._port, timeout=CONNECT_S, context=tls.context()
            )
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=CONNECT_S)
        try:
            connection.connect()
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or error
            raise UpstreamUnreachable(f"There is no server at {self.url} ({why}).") from error
        return connection


class Response:
    """A response being read. Closing it early is how a reader leaves."""

    def __init__(
        self,
        url: str,
        sock: socket.socket,
        connection: http.client.HTTPConnection,
        response: http.client.HTTPResponse,
    ) -> None:
        self.url = url
        self._sock = sock
        self.set_silence = sock.settimeout
        self.status = response.status
        self._connection = connection
        self._response = response

    def events(self) -> Iterator[Event]:
        """Server-sent events as they come. Ends with a body that ends properly.

        :raises UpstreamBroke, UpstreamTimeout: if it does not
        :raises UpstreamInvalid: if it is no stream of events
        """
        if (self._response.headers.get_content_type(), self.status) != (MEDIA_TYPE, 200):
            raise self.refusal()
        decoder = Decoder(EVENT_MAX)
        while data := self._read():
            yield from decoder.feed(data)
            if decoder.overfull:
                raise UpstreamInvalid(f"{self.url} sent an event of more than {EVENT_MAX} bytes.")

    def json(self) -> Any:
        """:raises UpstreamInvalid: if it is none"""
        with translated():
            text = self._response.read(WHOLE_MAX)
        if self._response.length:
            raise UpstreamBroke("The connection to the server broke.")
        try:
            return json.loads(text) if text else None
        except (ValueError, RecursionError) as error:
            raise self._strange() from error

    def json_object(self) -> dict[str, Any]:
        """The same, {} where it is no object, or no JSON."""
        try:
            found = self.json()
        except UpstreamInvalid:
            return {}
        return found if isinstance(found, dict) else {}

    def refusal(self, body: Any = None) -> ChatStreamError:
        """The error that this response is; `body` if its JSON was read already."""
        if body is None:
            with suppress(ChatStreamError):
                body = self.json()
        if isinstance(body, dict) and isinstance(body.get("message"), str):
            return made(str(body.get("code")), whole(body["message"]))
        if self.status in _GATEWAY:  # a gateway's words, not the server's: it may be back in a moment
            return UpstreamBroke(f"A gateway in front of {self.url} answered with status {self.status}.")
        return self._strange()

    def cut(self) -> None:
        """End it from another thread: whoever reads gets UpstreamBroke."""
        with suppress(OSError), socket.socket(fileno=os.dup(self._sock.fileno())) as same:
            same.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._response.close()
        self._connection.close()

    def __enter__(self) -> "Response":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> bytes:
        with translated():
            return self._response.read1(1 << 16)

    def _strange(self) -> UpstreamInvalid:
        where = self._response.headers.get("Location")
        moved = f" It points to {where}." if where else ""
        return UpstreamInvalid(f"{self.url} does not answer as ChatStream does (status {self.status}).{moved}")


def made(code: str, message: str) -> ChatStreamError:
    """A server's error as one of ours, by its code."""
    kind = _kinds(ChatStreamError).get(code, ChatStreamError)
    error = kind.__new__(kind)
    error.args = (message,)
    return error


def _kinds(kind: type[ChatStreamError]) -> dict[str, type[ChatStreamError]]:
    found: dict[str, type[ChatStreamError]] = {}
    for below in kind.__subclasses__():
        found |= _kinds(below)
    return found | {kind.code: kind}


@contextmanager
def translated() -> Iterator[None]:
    """The standard library's exceptions as ours."""
    try:
        yield
    except TimeoutError as error:
        raise UpstreamTimeout("The server said nothing for too long.") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise UpstreamBroke("The connection to the server broke.") from error
