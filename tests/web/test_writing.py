"""How a response goes into the socket: its head with the first piece, each piece at once, and all of it whole."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from gunicorn.config import Config
from gunicorn.http import get_parser, wsgi

from chatstream.web.writing import Response

Ends = tuple[socket.socket, socket.socket]
GET = b"GET / HTTP/1.1\r\n\r\n"


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Two ends of a connection that keeps apart what was sent apart."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ends[0], ends[1]:
        yield ends


def begun(ends: Ends, request: bytes, *headers: tuple[str, str]) -> Response:
    asked = next(get_parser(Config(), iter([request]), ("127.0.0.1", 1)))
    response = Response(asked, ends[0], Config())
    response.start_response("200 OK", list(headers))
    return response


def arrived(ends: Ends) -> list[bytes]:
    ends[0].close()
    return list(iter(lambda: ends[1].recv(1 << 16), b""))


def test_the_head_goes_with_the_first_piece_and_each_piece_at_once(ends: Ends) -> None:
    response = begun(ends, GET, ("X-Run-Id", "1"))
    for piece in (b"one", b"", b"two"):
        response.write(piece)
    response.close()
    first, *others = arrived(ends)
    assert first.startswith(b"HTTP/1.1 200 OK\r\nServer: ")
    assert first.endswith(b"X-Run-Id: 1\r\n\r\n3\r\none\r\n")
    assert others == [b"3\r\ntwo\r\n", b"0\r\n\r\n"]


@pytest.mark.parametrize(
    ("request_", "end"),
    [(b"HEAD / HTTP/1.1\r\n\r\n", b"Length: 3\r\n\r\n"), (b"GET / HTTP/1.0\r\n\r\n", b"Length: 3\r\n\r\none")],
    ids=["without a body", "of known length"],
)
def test_what_has_no_chunks_goes_as_one(ends: Ends, request_: bytes, end: bytes) -> None:
    response = begun(ends, request_, ("Content-Length", "3"))
    response.write(b"one and more")
    response.close()
    (all_,) = arrived(ends)
    assert all_.endswith(end)


def test_a_file_follows_its_head(ends: Ends, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    with (tmp_path / "file").open("rb") as file:
        response = begun(ends, GET, ("Content-Length", "7"))
        response.write_file(wsgi.FileWrapper(file))
        response.close()
    assert b"".join(arrived(ends)).endswith(b"Content-Length: 7\r\n\r\ncontent")


def test_what_the_kernel_does_not_take_at_once_is_sent_after_it() -> None:
    here, there = socket.socketpair()
    with here, there, ThreadPoolExecutor(1) as pool:
        here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        here.settimeout(20)  # with a limit, a send takes no more than fits
        reading = pool.submit(lambda: b"".join(iter(lambda: there.recv(1 << 16), b"")))
        response = begun((here, there), GET)
        response.write(body := bytes(range(256)) * 5000)
        response.close()
        here.shutdown(socket.SHUT_WR)
        assert reading.result(20).partition(b"\r\n\r\n")[2] == b"138800\r\n" + body + b"\r\n0\r\n\r\n"
