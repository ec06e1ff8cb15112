"""The scripted model server's HTTP side: plain sockets, one thread to a connection.

    PUT  /_script   {"steps": […]} queued for one request · {"default": […]} for all others · {"models": […]} for
                    GET /v1/models (else it lists "test-model") · {"own": […]} for /api/… (else 404); 400 with a
                    sentence for what is no script
    GET  /_log      every request to /v1/… and /api/… so far, as model_steps.Exchange
    POST /_release  {"name": …} opens the gate that a step waits at
    POST /_reset    forgets scripts, log and gates, and cuts the responses still under way
"""

import itertools
import json
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from io import BufferedReader
from typing import Any

from tests.servers.model_steps import Exchange, Player, Step, check, head_bytes, now, to_json
from tests.servers.model_wire import Gates, Over, Wire

GREETING: list[Step] = [["text", "Hello"], ["text", " world"], ["finish", "stop"], ["done"], ["end"]]
MODELS = {"object": "list", "data": [{"id": "test-model", "object": "model", "created": 0, "owned_by": "tests"}]}
BODY_KEPT = 65_536


@dataclass(frozen=True)
class Request:
    """One HTTP request; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        """The body's JSON, or its beginning as text where it is none."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return self.content[:BODY_KEPT].decode("utf-8", "replace")


class ModelHttp:
    """Scripts, log and gates, and the connections that use them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._playing: set[socket.socket] = set()
        self._clear()

    def _clear(self) -> None:
        self.queue: deque[list[Step]] = deque()
        self.default = GREETING
        self.models: list[Step] = [["status", 200, {}, MODELS]]
        self.own: list[Step] = [["status", 404, {}, {"error": "There is nothing here."}]]
        self.log: list[Exchange] = []
        self.gates = Gates()

    def serve(self, listener: socket.socket) -> None:
        """Accept connections for ever."""
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=self._converse, args=(connection, next(self._ids)), daemon=True).start()

    def _converse(self, connection: socket.socket, number: int) -> None:
        gone_between_requests = suppress(OSError, Over)
        with gone_between_requests, connection, connection.makefile("rb") as reader:
            while (request := read_request(reader)) and self._respond(connection, number, request):
                continue

    def _respond(self, connection: socket.socket, number: int, request: Request) -> bool:
        """Answer one request; returns whether the connection can take another."""
        wire = Wire(connection)
        if not request.path.startswith(("/v1/", "/api/")):
            wire.send(self._control(request))
            return True
        player, steps = self._begin(wire, number, request)
        self._playing.add(connection)
        how = player.play(steps)
        self._playing.discard(connection)
        reusable = not player.close_delimited and request.headers.get("connection", "").lower() != "close"
        return how == "finished" and reusable

    def _begin(self, wire: Wire, number: int, request: Request) -> tuple[Player, list[Step]]:
        exchange = Exchange(number, request.method, request.path, request.headers, request.json(), now())
        with self._lock:
            self.log.append(exchange)
            if (request.method, request.path) == ("GET", "/v1/models"):
                steps = self.models
            elif request.path.startswith("/api/"):
                steps = self.own
            else:
                steps = self.queue.popleft() if self.queue else self.default
            return Player(wire, exchange, self.gates), steps

    def _control(self, request: Request) -> bytes:
        routes: dict[tuple[str, str], Callable[[Any], Any]] = {
            ("PUT", "/_script"): self._script,
            ("GET", "/_log"): lambda _: [asdict(exchange) for exchange in self.log],
            ("POST", "/_release"): lambda body: self.gates[body["name"]].release(),
            ("POST", "/_reset"): self._reset,
        }
        route = routes.get((request.method, request.path))
        if route is None:
            return json_response(404, {"message": f"no {request.method} {request.path} here"})
        try:
            return json_response(200, route(request.json()))
        except (ValueError, KeyError, TypeError) as error:
            return json_response(400, {"message": str(error)})

    def _script(self, body: dict[str, Any]) -> None:
        if unknown := set(body) - {"steps", "default", "models", "own"}:
            raise ValueError(f"a script has no part named {', '.join(unknown)}")
        parts = {part: check(steps) for part, steps in body.items()}
        with self._lock:
            self.default = parts.get("default", self.default)
            self.models = parts.get("models", self.models)
            self.own = parts.get("own", self.own)
            if "steps" in parts:
                self.queue.append(parts["steps"])

    def _reset(self, _: Any) -> None:
        with self._lock:
            self._clear()
        for connection in tuple(self._playing):
            with suppress(OSError):  # it may end in this moment
                connection.shutdown(socket.SHUT_RDWR)


def json_response(status: int, body: Any) -> bytes:
    content = to_json(body)
    headers = {"Content-Type": "application/json", "Content-Length": str(len(content))}
    return head_bytes(status, headers) + content


def read_request(reader: BufferedReader) -> Request | None:
    """The next request (RFC 9112), or None when the client has closed."""
    line = reader.readline()
    if not line.endswith(b"\n"):
        return None
    method, path, _ = line.decode("latin-1").split(" ", 2)
    headers = read_headers(reader)
    return Request(method, path, headers, read_content(reader, headers))


def read_headers(reader: BufferedReader) -> dict[str, str]:
    headers: dict[str, str] = {}
    while line := reader.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def read_content(reader: BufferedReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return reader.read(int(headers.get("content-length", "0")))
    content = b""
    while size := int(reader.readline().split(b";")[0], 16):
        content += reader.read(size)
        reader.readline()
    read_headers(reader)
    return content
