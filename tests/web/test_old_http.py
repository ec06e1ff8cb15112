"""Readers that speak HTTP/1.0: no chunks, so the end of the body is the end of the connection."""

import json
import socket

import pytest

from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.web.conftest import Serve


@pytest.fixture(scope="module")
def server(serve: Serve) -> ChatStream:
    return serve()


def asked(server: ChatStream, path: str, body: object) -> bytes:
    """The whole response. Raises ConnectionResetError if the connection was cut."""
    content = json.dumps(body).encode()
    with socket.create_connection(("127.0.0.1", server.port), 20) as connection:
        head = f"POST {path} HTTP/1.0\r\nHost: {server.address}\r\nContent-Length: {len(content)}\r\n\r\n"
        connection.sendall(head.encode() + content)
        found = b""
        while data := connection.recv(65536):
            found += data
    return found


def test_a_whole_answer_ends_cleanly(server: ChatStream, model_server: ModelServer) -> None:
    model_server.script(answer("Hello"))
    assert asked(server, "/ask", {"prompt": "Hi"}).endswith(b"\r\n\r\nHello")


def test_a_failed_answer_does_not(server: ChatStream, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["sleep", 0.3], ["rst"]])
    with pytest.raises(ConnectionResetError):
        asked(server, "/ask", {"prompt": "Hi"})
