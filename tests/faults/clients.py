"""Clients on plain sockets: each a thread that notes every piece it receives with its time."""

import json
import socket
import struct
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from tests.faults.received import Received
from tests.faults.record import Reading

LONGEST_S = 120.0
_LOOK_S = 0.1
_RESET = struct.pack("ii", 1, 0)


class Client:
    """One request on a connection of its own, read to its end unless the client leaves before."""

    def __init__(self, reading: Reading, address: str, request: bytes, lazy_s: float = 0.0) -> None:
        self.reading = reading
        self._address = address
        self._request = request
        self._lazy_s = lazy_s
        self._leaving: str | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> "Client":
        self._thread.start()
        return self

    def leave(self, how: str) -> None:
        """Close the connection in mid-answer: fin or rst."""
        self._leaving = how

    def wait(self, seconds: float) -> bool:
        """Whether it is over within so long."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def open(self) -> bool:
        return self.reading.ended is None

    def _run(self) -> None:
        host, _, port = self._address.partition(":")
        try:
            with socket.socket() as connection:
                if self._lazy_s:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.settimeout(10)
                connection.connect((host, int(port)))
                connection.sendall(self._request)
                self._end(self._read(connection))
        except ConnectionResetError:
            self._end("reset")
        except OSError:
            self._end("refused")

    def _read(self, connection: socket.socket) -> str:
        if self._lazy_s:
            self._take(connection, 60.0)
            time.sleep(self._lazy_s)
        give_up = time.monotonic() + LONGEST_S
        while time.monotonic() < give_up:
            if self._leaving:
                if self._leaving == "rst":
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                return "left"
            with suppress(TimeoutError):
                if not self._take(connection, _LOOK_S):
                    return "fin"
        return "timeout"

    def _take(self, connection: socket.socket, patience_s: float) -> bool:
        connection.settimeout(patience_s)
        data = connection.recv(1 << 18)
        if data:
            self.reading.pieces.append((time.monotonic(), data))
        return bool(data)

    def _end(self, how: str) -> None:
        self.reading.ended_at = time.monotonic()
        self.reading.ended = how


def request_bytes(method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> bytes:
    """A request whose connection ends with it."""
    content = b"" if body is None else json.dumps(body).encode()
    fields = {"Host": "localhost", "Connection": "close", "Content-Type": "application/json", **(headers or {})}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(content)}", "", ""]).encode() + content


def fetch(address: str, path: str, seconds: float = 5.0) -> Received | None:
    """GET, now; None when nothing whole came in time."""
    reading = Reading("get", 0, "", time.monotonic())
    client = Client(reading, address, request_bytes("GET", path)).start()
    if not client.wait(seconds):
        client.leave("fin")
        return None
    received = reading.received
    return received if received and received.whole else None
