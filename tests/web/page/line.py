"""A line between the browser and the server that can be cut, and that can go silent without a word."""

import socket
import struct
import threading
from contextlib import suppress

from tests.servers.server import free_port

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER (socket(7)): closing sends a reset."""


class Line:
    """Forwards a port of its own to `address`, byte by byte, until it is cut or frozen."""

    def __init__(self, address: str) -> None:
        self.target = tuple(address.split(":"))
        self.port = free_port()
        self._frozen = False
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener: socket.socket | None = None
        self.mend()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Reset all connections; refuse new ones."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes whoever waits in accept
            self._acceptor.join()
            self._listener.close()
            self._listener = None
        self._drop()

    def freeze(self) -> None:
        """From here on no byte passes and none ends a connection: neither those that stand nor new ones."""
        self._frozen = True

    def mend(self) -> None:
        """Let new connections through again. Frozen ones stay dead, as behind a router that forgot them."""
        self._frozen = False
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self._acceptor = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
            self._acceptor.start()

    def close(self) -> None:
        self.cut()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                self._join(near)

    def _join(self, near: socket.socket) -> None:
        host, port = self.target
        try:
            far = socket.create_connection((host, int(port)))
        except OSError:
            near.close()
            return
        self._pairs.append((near, far))
        dead = threading.Event()
        if self._frozen:
            dead.set()
        for source, sink in ((near, far), (far, near)):
            threading.Thread(target=self._pump, args=(source, sink, dead), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, dead: threading.Event) -> None:
        """Once frozen, a connection swallows what comes, its end too."""
        with suppress(OSError):
            while data := source.recv(65536):
                if self._frozen:
                    dead.set()
                if not dead.is_set():
                    sink.sendall(data)
            if not dead.is_set() and not self._frozen:
                sink.shutdown(socket.SHUT_WR)

    def _drop(self) -> None:
        pairs, self._pairs = self._pairs, []
        for near, far in pairs:
            with suppress(OSError):
                near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            for end in (near, far):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
