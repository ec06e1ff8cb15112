"""What holds of every answer that `/v1` passes on, whatever its form: tables of scripts, and readers who leave."""

import json
import socket
import struct
from typing import Any

from tests.servers.app import ChatStream
from tests.servers.model_server import failure

Steps = list[list[Any]]
LEFT = {"client_closed", "client_reset"}
NEVER = ["gate", "never"]

REFUSALS: list[tuple[Steps, int, str | None]] = [
    (failure(401, "bad key"), 401, None),
    (failure(429, "slow down", {"Retry-After": "7"}), 429, "7"),
    (failure(429, "slow down"), 429, None),
    (failure(503, "loading", {"Retry-After": "3"}), 503, "3"),
    (failure(500, "out of memory"), 500, None),
    (failure(400, "too long"), 400, None),
    ([["rst"]], 502, None),
    ([["status", 200, {}, {"error": "no memory"}]], 502, None),
    ([["status", 200, {"Content-Type": "text/html"}, "<html>"]], 502, None),
]
"""Scripts, with the status and Retry-After that the client sees."""

BROKEN: list[Steps] = [
    [["fin"]],
    [["rst"]],
    [["wire", "zz\r\n"], NEVER],
    [["done"], ["end"]],
    [["end"]],
    [["finish", None], ["done"], ["end"]],
    [["finish", "error"], ["done"], ["end"]],
    [["event", "nonsense"], ["end"]],
    [["chunk", {"error": {"message": "no memory"}}], ["end"]],
    [["raw", 'event: error\ndata: "no memory"\n\n'], ["end"]],
    [["raw", "data: " + "x" * 70_000], NEVER],
]
"""What can follow on a good piece: none of it is a whole answer. Events are bounded to 64 KiB."""


def raw(server: ChatStream, path: str, body: Any) -> socket.socket:
    """A connection that has asked, and reads nothing."""
    content = json.dumps(body).encode()
    connection = socket.create_connection(("127.0.0.1", server.port), 10)
    head = f"POST {path} HTTP/1.1\r\nHost: {server.address}\r\nContent-Length: {len(content)}\r\n\r\n"
    connection.sendall(head.encode() + content)
    return connection


def leave(connection: socket.socket, how: str) -> None:
    if how == "rst":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
