"""One TCP connection to a client, byte by byte: every write and every pause notices at once when the client leaves."""

import math
import select
import socket
import struct
import threading

_LEFT = select.POLLRDHUP | select.POLLHUP | select.POLLERR


class Over(Exception):
    """The exchange has ended; `how` is one of ENDINGS."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


ENDINGS = {
    "finished": "the response was sent to its proper end",
    "we_closed": "this server sent FIN before the proper end",
    "we_reset": "this server sent RST",
    "client_closed": "the client sent FIN before the end",
    "client_reset": "the client sent RST before the end; also what the kernel sends for a client with unread bytes",
}


class Gate:
    """A thing to wait for: once released it stays open. A descriptor, so that poll(2) can watch it beside a client."""

    def __init__(self) -> None:
        self.reader, self._writer = socket.socketpair()

    def release(self) -> None:
        self._writer.close()


class Gates:
    """Gates by name, made by whoever names them first: the one who waits or the one who releases."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gates: dict[str, Gate] = {}

    def __getitem__(self, name: str) -> Gate:
        with self._lock:
            return self._gates.setdefault(name, Gate())


class Wire:
    """The connection. A client that sends FIN counts as gone, also if it only closed its own direction."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        """Hand all of it to the kernel, however slowly the client reads. Raises Over when the client has left."""
        rest = memoryview(data)
        while rest:
            self._poll(select.POLLOUT, None)
            try:
                rest = rest[self.connection.send(rest, socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                continue
            except OSError:
                raise Over("client_reset") from None

    def pause(self, seconds: float) -> None:
        """Wait. Raises Over as soon as the client leaves."""
        self._poll(0, seconds)

    def wait(self, gate: Gate) -> None:
        """Wait for a gate. Raises Over as soon as the client leaves."""
        self._poll(0, None, gate)

    def fin(self) -> None:
        """Close in an orderly way, whatever the HTTP body still lacks."""
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.close()

    def rst(self) -> None:
        """Close with a reset (SO_LINGER of zero seconds): bytes not yet read by the client may be lost."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _poll(self, events: int, seconds: float | None, gate: Gate | None = None) -> None:
        poll = select.poll()
        poll.register(self.connection, events | select.POLLRDHUP)
        if gate:
            poll.register(gate.reader, select.POLLIN)
        milliseconds = None if seconds is None else math.ceil(seconds * 1000)
        for descriptor, event in poll.poll(milliseconds):
            if descriptor == self.connection.fileno() and event & _LEFT:
                raise Over(self._how_it_left())

    def _how_it_left(self) -> str:
        error = self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return "client_reset" if error else "client_closed"
