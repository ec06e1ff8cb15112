"""httpx2's transport for clients that stream: gevent sockets, llhttp, and a pool that never makes a request wait.

The open connection is the response's `network_stream` extension. Whoever streams reads from it directly: httpx2's own
layers would cost more per token than the token.
"""

import ssl
import time
from collections import defaultdict
from collections.abc import Iterator

import certifi
import gevent
import httpx2

from chatstream.upstream.connection import Connection, connect

IDLE_S = 4.0
"""How long a connection is kept for reuse: less than the 5 s after which common servers close theirs."""

WHOLE_MAX = 1 << 20
"""Bytes taken of a response that is no stream."""

Origin = tuple[str, str, int]


class Transport(httpx2.BaseTransport):
    """Keep-alive connections without a limit of their number. A request is sent once, never again."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._idle: dict[Origin, list[Connection]] = defaultdict(list)
        self._context = context
        self._reaping = False

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        timeouts = request.extensions.get("timeout", {})
        origin = _origin(request.url)
        connection = self._reuse(origin) or connect(*origin[1:], self._tls(origin), timeouts.get("connect"))
        try:
            connection.send(_serialize(request))
            connection.read_head(timeouts.get("read"))
        except BaseException:
            connection.close()
            raise
        body = Body(self, origin, connection)
        # Nothing unpacks what was packed unasked: a few bytes could become gigabytes.
        headers = [header for header in connection.headers if header[0] != b"content-encoding"]
        packed = [value.decode("latin-1") for name, value in connection.headers if name == b"content-encoding"]
        encoding = ", ".join(name for name in packed if name != "identity")
        extensions = {"network_stream": body, "content_encoding": encoding}
        return httpx2.Response(connection.status, headers=headers, stream=body, extensions=extensions)

    def _tls(self, origin: Origin) -> ssl.SSLContext | None:
        if origin[0] == "http":
            return None
        if self._context is None:
            self._context = ssl.create_default_context()
            self._context.load_verify_locations(certifi.where())  # a bare machine has no certificates of its own
        return self._context

    def _reuse(self, origin: Origin) -> Connection | None:
        idle = self._idle[origin]
        while idle:
            connection = idle.pop()
            if time.monotonic() - connection.idle_since < IDLE_S and connection.is_quiet():
                return connection
            connection.close()
        return None

    def give_back(self, origin: Origin, connection: Connection) -> None:
        """Keep a connection whose response was read to its end; close any other."""
        if not connection.reusable:
            connection.close()
            return
        connection.idle_since = time.monotonic()
        self._idle[origin].append(connection)
        if not self._reaping:
            self._reaping = True
            gevent.spawn_later(IDLE_S, self._reap)

    def _reap(self) -> None:
        """Close what was idle too long; again as long as anything is idle."""
        for idle in self._idle.values():
            while idle and time.monotonic() - idle[0].idle_since >= IDLE_S:
                idle.pop(0).close()
        self._reaping = any(self._idle.values())
        if self._reaping:
            gevent.spawn_later(IDLE_S, self._reap)

    def close(self) -> None:
        for idle in self._idle.values():
            while idle:
                idle.pop().close()


class Body(httpx2.SyncByteStream):
    """A response's body, and the handle to end it early."""

    def __init__(self, transport: Transport, origin: Origin, connection: Connection) -> None:
        self._transport = transport
        self._origin = origin
        self._connection: Connection | None = connection
        self.read = connection.read

    @property
    def burst(self) -> bool:
        """Whether the last read was so large that more is probably on its way already."""
        return self._connection is not None and self._connection.burst

    def set_timeout(self, seconds: float | None) -> None:
        """For each following read."""
        if self._connection is not None:
            self._connection.set_timeout(seconds)

    def __iter__(self) -> Iterator[bytes]:
        """For whole responses: refusals, lists of models; cut after `WHOLE_MAX`. Streams are read by `read`."""
        left = WHOLE_MAX
        while left > 0 and (data := self.read()):
            yield data[:left]
            left -= len(data)

    def close(self) -> None:
        """Give the connection back if its body was read to the end, else cut it; from any greenlet, also twice."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._transport.give_back(self._origin, connection)


def _origin(url: httpx2.URL) -> Origin:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def _serialize(request: httpx2.Request) -> bytes:
    head = b"".join(b"%s: %s\r\n" % header for header in request.headers.raw)
    assert isinstance(request.stream, httpx2.SyncByteStream)
    body = b"".join(request.stream)
    return b"%s %s HTTP/1.1\r\n%s\r\n%s" % (request.method.encode(), request.url.raw_path, head, body)
