"""A WebSocket (RFC 6455) on the connection of the present request: messages in, texts out, pings, limits.

`websockets` speaks the protocol and does no I/O; what is read and written is gevent's affair, and so this module's. One
greenlet reads (`messages`), others write.
"""

import fcntl
import struct
import termios
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import gevent
from flask import Request, Response
from gevent import socket as gsocket
from gevent.lock import BoundedSemaphore
from websockets.datastructures import Headers
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request as Handshake
from websockets.protocol import SEND_EOF, State
from websockets.server import ServerProtocol

from chatstream.errors import BadRequest, Departed
from chatstream.turns import let_others
from chatstream.web import departures

MESSAGE_MAX = 1 << 20
"""Bytes of a message; a longer one ends the connection (1009)."""
READ_MAX = 1 << 11
"""Small: a read can hold a message for every six bytes, and until all are looked at, nobody else has a turn."""
WRITE_MAX = 1 << 16
FAREWELL_S = 2.0
"""How long the other side may take to close after it was told to."""
QUIET_S = 0.5
"""How long nothing more comes, until it is taken to have heard."""


class Upgraded(Response):
    """What Flask takes for the response. The conversation is over by then, and nothing can be written any more."""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        if "gunicorn.socket" in environ:
            raise StopIteration  # gunicorn closes the connection in silence
        return super().__call__(environ, start_response)


class WebSocket:
    """The server's side of one connection, which is the WebSocket's until `end`.

    :param heartbeat_s: seconds without a sign of life after which the peer is asked for one
    :param reader_s: seconds it may take to give one, or to take what is written
    :raises BadRequest: if the request opens no WebSocket
    """

    def __init__(self, request: Request, heartbeat_s: float, reader_s: float) -> None:
        self._protocol = ServerProtocol(max_size=MESSAGE_MAX)
        self._connection = _connection(request)
        self._heartbeat_s, self._reader_s = heartbeat_s, reader_s
        self._sending = BoundedSemaphore()
        self._outbox: list[bytes] = []
        self._parts: list[bytes] = []
        self._over = False
        self._written = self._taken = 0
        self._heard_at = self._asked_at = time.monotonic()
        self._told_at: float | None = None
        self._accept(request)

    def messages(self) -> Iterator[str | bytes]:
        """The peer's messages, until it closes or leaves, or is cut."""
        while not self._over and (data := self._receive()):
            self._heard_at = time.monotonic()
            self._protocol.receive_data(data)
            frames = self._protocol.events_received()
            self._flush()
            for frame in frames:
                if isinstance(frame, Frame) and (message := self._message(frame)) is not None:
                    yield message
            let_others()  # it may come faster than it is read: the others have their turn

    def send(self, texts: Iterable[str]) -> None:
        """Hand the texts to the kernel, one message each.

        :raises Departed: if the peer has left, or takes nothing
        """
        due = 0
        for text in texts:
            if self._protocol.state is not State.OPEN:
                raise Departed
            self._protocol.send_text(text.encode())
            due += len(text)
            if due >= WRITE_MAX:
                self._flush()
                due = 0
        self._flush()

    def close(self, code: CloseCode, reason: str) -> None:
        """Ask the peer to close. From any greenlet, also twice; waits for nothing."""
        if self._protocol.state is State.OPEN:
            self._told_at = time.monotonic()
            self._protocol.send_close(code, reason)
            gevent.spawn(self._flush_or_cut)

    def beat(self) -> None:
        """Ask a silent peer for a sign of life, cut one that gives none. To be called often; waits for nothing."""
        now = time.monotonic()
        if self._protocol.state is not State.OPEN:
            self._told_at = self._told_at or now
            if now - self._told_at > FAREWELL_S:
                self.cut()
        elif now - self._heard_at <= self._heartbeat_s or self._sending.locked():
            return  # what is being written has a time limit of its own
        elif self._takes():
            self._heard_at = now
        elif now - self._heard_at > self._heartbeat_s + self._reader_s:
            self.cut()
        elif now - self._asked_at > self._heartbeat_s:
            self._asked_at = now
            self._protocol.send_ping(b"")
            gevent.spawn(self._flush_or_cut)

    def cut(self) -> None:
        """End the connection at once: whoever reads or writes in it is woken."""
        self._over = True
        with suppress(OSError):  # it is gone already
            self._connection.shutdown(gsocket.SHUT_RDWR)

    def end(self) -> None:
        """Close the connection for good, so that what was written last still arrives: a close frame with its reason.

        Closing while bytes are on their way here would send a reset, which overtakes it: they are let run out.
        """
        give_up = time.monotonic() + FAREWELL_S
        self._connection.settimeout(QUIET_S)
        self._flush_or_cut()
        with suppress(OSError):
            while not self._protocol.close_rcvd and time.monotonic() < give_up and self._connection.recv(READ_MAX):
                let_others()
        self.cut()

    def _accept(self, request: Request) -> None:
        """The library takes the request as the bytes it came in."""
        self._protocol.receive_data(Handshake(request.path, Headers(list(request.headers))).serialize())
        asked = [event for event in self._protocol.events_received() if isinstance(event, Handshake)]
        response = self._protocol.accept(asked[0]) if asked else None
        if response is None or response.status_code != 101:
            raise BadRequest(f"This opens no WebSocket: {self._protocol.handshake_exc}.")
        departures.limit(self._connection, self._reader_s)
        self._protocol.send_response(response)
        self._flush()

    def _receive(self) -> bytes:
        while True:
            try:
                data: bytes = self._connection.recv(READ_MAX)
            except TimeoutError:
                continue  # the limit is for writing: who only listens has nothing to say
            except OSError:
                return b""
            return data

    def _message(self, frame: Frame) -> str | bytes | None:
        """The message that this frame completes, if it does."""
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return None
        if frame.opcode is not Opcode.CONT:
            self._is_text = frame.opcode is Opcode.TEXT
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return None
        message = b"".join(self._parts)
        self._parts.clear()
        return self._decoded(message) if self._is_text else message

    def _decoded(self, message: bytes) -> str | None:
        try:
            return message.decode()
        except UnicodeDecodeError as error:
            self.close(CloseCode.INVALID_DATA, f"The message is not UTF-8: {error.reason}.")
            return None

    def _flush(self) -> None:
        """Write what is due, in its order, whoever it came from."""
        self._outbox += self._protocol.data_to_send()
        if not self._outbox:
            return
        with self._sending:
            while self._outbox:
                due, self._outbox = self._outbox, []
                self._write(b"".join(due), ends=SEND_EOF in due)

    def _write(self, data: bytes, ends: bool) -> None:
        try:
            for at in range(0, len(data), WRITE_MAX):
                self._connection.sendall(data[at : at + WRITE_MAX])
        except OSError as error:  # also the time limit
            self.cut()
            raise Departed from error
        self._written += len(data)
        self._over = self._over or ends

    def _takes(self) -> bool:
        """Whether the peer is at work on what the kernel still holds for it: its pong can only come behind that."""
        (held,) = struct.unpack("i", fcntl.ioctl(self._connection, termios.TIOCOUTQ, bytes(4)))
        before, self._taken = self._taken, self._written - held
        return held > 0 and self._taken > before

    def _flush_or_cut(self) -> None:
        with suppress(Departed):  # the greenlet that reads sees the end as well
            self._flush()


def _connection(request: Request) -> Any:
    """The socket below the request: gunicorn's, or that of Flask's own server."""
    found = request.environ.get("gunicorn.socket") or request.environ.get("werkzeug.socket")
    if found is None:
        raise BadRequest("The server below ChatStream has no WebSockets.")
    return found
