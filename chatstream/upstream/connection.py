"""One HTTP/1.1 connection to a model server: a gevent socket, and llhttp (through httptools) to read what comes.

A read gives all that had arrived, without HTTP's framing: a burst of tokens costs one call, not one each.
"""

import contextlib
import ssl
import time
from ipaddress import ip_address
from typing import Any

import httptools
import httpx2
from gevent import monkey
from gevent import socket as gsocket

from chatstream.errors import Departed
from chatstream.turns import let_others

BUFFER = 1 << 16
BURST = 1 << 14
"""Bytes in one read that no model writes in a frame's time: a server that sends flat out, or we fell behind."""
FRAMING_MAX = 1 << 20
"""Bytes without any of the body: chunk extensions, trailers."""
HEAD_MAX = 1 << 16
"""Bytes of status line and headers taken before the response is refused."""

_buffer = memoryview(bytearray(BUFFER))
"""What arrived is here until the parser has it: nobody else runs meanwhile. One for each read left holes in memory."""

_poll = monkey.get_original("select", "poll")  # asks without waiting; select() stops at descriptor 1024


class Connection:
    """A connected socket and the response being read from it. Errors are httpx2's, as in any of its transports."""

    def __init__(self, sock: gsocket.socket) -> None:
        self._sock = sock
        self._records = isinstance(sock, ssl.SSLSocket)
        self.idle_since = time.monotonic()

    # -- one exchange

    def send(self, request: bytes) -> None:
        try:
            self._sock.sendall(request)
        except OSError as error:
            raise httpx2.WriteError(f"the request could not be sent: {error}") from error

    def read_head(self, timeout: float | None) -> None:
        """Wait for status and headers; then `status` and `headers` hold them.

        :raises httpx2.ReadTimeout: after `timeout` seconds without a byte
        """
        self._parser = httptools.HttpResponseParser(self)
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._broken: httpx2.TransportError | None = None
        self._headed = self.complete = self.excess = self._keep_alive = False
        self.burst = False
        """Whether the last read was so large that more is probably on its way already."""
        self.set_timeout(timeout)
        taken = 0
        while not self._headed:
            taken += self._receive_sound()
            if taken > HEAD_MAX and not self._headed:
                raise httpx2.RemoteProtocolError("the response's headers are too long")
        self._delimited = any(name in (b"content-length", b"transfer-encoding") for name, _ in self.headers)

    def set_timeout(self, seconds: float | None) -> None:
        """For each following wait."""
        self._timeout = seconds
        self._sock.settimeout(seconds)

    def read(self) -> bytes:
        """The next piece of the body, without its framing; b"" at its end.

        :raises httpx2.ReadError, httpx2.RemoteProtocolError: if the connection broke before that
        """
        framing = 0
        while not self._body and not self.complete:
            framing += self._receive_sound()
            if not self._body and not self.complete:
                self._check_framing(framing)
        if self._records:
            self._receive_waiting()
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body.clear()
        self.burst = len(body) >= BURST
        return body

    def _check_framing(self, received: int) -> None:
        if received > FRAMING_MAX:
            raise httpx2.RemoteProtocolError("the response has more framing than content")
        let_others()  # it may come faster than it is read: the others have their turn

    def _receive_sound(self) -> int:
        """Receive, but never past the place where HTTP itself broke: what came before it was handed out."""
        if self._broken is not None:
            raise self._broken
        return self._receive()

    def _receive(self) -> int:
        try:
            data = _buffer[: self._sock.recv_into(_buffer)]
        except TimeoutError as error:
            raise httpx2.ReadTimeout("no byte came in time") from error
        except (BlockingIOError, ssl.SSLWantReadError, Departed):
            raise
        except OSError as error:
            raise httpx2.ReadError(f"the connection broke: {error.strerror or error}") from error
        if data:
            self._parse(data)
        else:
            self._ended()
        return len(data)

    def _receive_waiting(self) -> None:
        """Take the TLS records that arrived as well: each recv gives one, and servers send each event in its own."""
        self._sock.settimeout(0)
        try:
            while not self.complete and self._broken is None and sum(map(len, self._body)) < BUFFER:
                self._receive()
        except (BlockingIOError, ssl.SSLWantReadError):
            pass  # no more has arrived
        except httpx2.TransportError as error:
            self._broken = error  # for the next read: what came before it is handed out first
        finally:
            self._sock.settimeout(self._timeout)

    def _parse(self, data: memoryview) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.excess = True
            if not self.complete:  # what follows a complete response is none of ours
                self._broken = httpx2.RemoteProtocolError(f"not a proper HTTP response: {error}")

    def _ended(self) -> None:
        if not self._headed or self._delimited:
            raise httpx2.RemoteProtocolError("the server closed the connection before its response was whole")
        self.complete = self.excess = True  # a body without a length ends with its connection (RFC 9112, 6.3)

    # -- llhttp's callbacks

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._headed:  # trailers come later
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        if self.status >= 200:
            self._headed = True
        else:
            self.headers.clear()

    def on_body(self, data: bytes) -> None:
        self._body.append(data)

    def on_message_begin(self) -> None:
        self.excess = self.complete

    def on_message_complete(self) -> None:
        self.complete = self._headed
        self._keep_alive = self._parser.should_keep_alive()  # llhttp forgets it with the message

    # -- its life

    @property
    def reusable(self) -> bool:
        return self.complete and not self.excess and self._keep_alive

    def is_quiet(self) -> bool:
        """Whether nothing came while idle: a readable idle connection was closed or is out of step."""
        poller = _poll()
        poller.register(self._sock.fileno(), 1)
        return not poller.poll(0)

    def close(self) -> None:
        """Close at once, from any greenlet: one that waits in `read` gets an error."""
        with contextlib.suppress(OSError):  # not connected any more
            self._sock.shutdown(gsocket.SHUT_RDWR)
        self._sock.close()
        vars(self).pop("_parser", None)  # it has our methods, and we have it: only the collector would find that


def connect(host: str, port: int, context: ssl.SSLContext | None, timeout: float | None) -> Connection:
    """Connect, with TLS if a context is given.

    :raises httpx2.ConnectTimeout, httpx2.ConnectError:
    """
    try:
        return Connection(_socket(host, port, context, timeout))
    except TimeoutError as error:
        raise httpx2.ConnectTimeout(f"{host}:{port} did not answer in time") from error
    except OSError as error:
        raise httpx2.ConnectError(f"{host}:{port}: {error.strerror or error}") from error


def _connected(host: str, port: int, timeout: float | None) -> Any:
    """An address in figures is connected to at once: gevent would ask a thread what it means."""
    try:
        family = ip_address(host).version
    except ValueError:
        return gsocket.create_connection((host, port), timeout)
    sock = gsocket.socket(gsocket.AF_INET if family == 4 else gsocket.AF_INET6, gsocket.SOCK_STREAM)
    sock.settimeout(timeout)
    try:
        sock.connect((host, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _socket(host: str, port: int, context: ssl.SSLContext | None, timeout: float | None) -> Any:
    sock = _connected(host, port, timeout)
    try:
        sock.setsockopt(gsocket.IPPROTO_TCP, gsocket.TCP_NODELAY, 1)
        return sock if context is None else context.wrap_socket(sock, server_hostname=host)
    except BaseException:  # Stop may come in the middle of the handshake
        sock.close()
        raise
