"""Readers that leave, or stop reading: the server notices at once, the answer goes on, nobody else notices anything."""

import http.client
import re
import socket
import struct
import time
import zlib
from collections.abc import Callable
from typing import Any

import gevent
import pytest

from tests.api import Api, text_of
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer
from tests.web import processes
from tests.web.conftest import Serve
from tests.web.noise import Noise

pytestmark = pytest.mark.alone

NEVER = ["gate", "never"]
STOP = [["finish", "stop"], ["end"]]


class Reader:
    """A client with nothing but a socket, so that it can leave in every way.

    :param buffer: bytes that its kernel takes for it
    """

    def __init__(self, server: ChatStream, method: str, path: str, body: bytes = b"", buffer: int = 0) -> None:
        self.server = server
        self.socket = socket.socket()
        self.socket.settimeout(10)
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.connect(("127.0.0.1", server.port))
        self.port = self.socket.getsockname()[1]
        kind = "json" if body.startswith(b"{") else "x-www-form-urlencoded"
        head = f"{method} {path} HTTP/1.1\r\nHost: {server.address}\r\nContent-Type: application/{kind}\r\n"
        self.socket.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        self.received = b""

    def until(self, sign: bytes) -> bytes:
        """All that was received, once this is in it."""
        while sign not in self.received:
            piece = self.socket.recv(1 << 16)
            assert piece, f"closed after {self.received!r}"
            self.received += piece
        return self.received

    def fin(self) -> None:
        self.socket.close()

    def rst(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def silent(self) -> None:
        """Neither read nor leave."""

    def held(self) -> Callable[[], bool]:
        """A question: whether the worker still holds its side of this connection."""
        (pid,) = self.server.worker_pids()
        ends = [c for c in processes.connections() if (c.port, c.peer) == (self.server.port, self.port)]
        (inode,) = [end.inode for end in ends]
        assert inode in processes.sockets(pid)
        return lambda: inode in processes.sockets(pid)


def ask(server: ChatStream) -> Reader:
    return Reader(server, "POST", "/chat", b'{"prompt": "Hello", "stream": true}')


def ids_of(reader: Reader) -> dict[str, str]:
    head = reader.until(b"\n\n").decode()
    return dict(re.findall(r'"(\w+Id)":"(\w+)"', head))


# -- the answer goes on


@pytest.fixture(scope="module")
def plain(serve: Serve) -> ChatStream:
    return serve(CHATSTREAM_STATUS_WAIT_S="0")


@pytest.mark.parametrize("leave", [Reader.fin, Reader.rst, Reader.silent], ids=["fin", "rst", "silent"])
@pytest.mark.parametrize("moment", ["before", "middle", "end"])
def test_the_answer_goes_on_to_its_end(
    plain: ChatStream, model_server: ModelServer, leave: Callable[[Reader], None], moment: str
) -> None:
    gates = {"before": b"messageId", "middle": b'"Hel"', "end": b'"lo"'}
    model_server.script(
        [["gate", "before"], ["text", "Hel"], ["gate", "middle"], ["text", "lo"], ["gate", "end"], *STOP]
    )
    reader, api = ask(plain), Api(plain.address)
    ids = ids_of(reader)
    other = api.open("GET", f"/runs/{ids['runId']}/events").frames()
    for gate, sign in gates.items():
        reader.until(sign)
        if gate == moment:
            break
        model_server.release(gate)
    leave(reader)
    gevent.sleep(0.1)
    for gate in gates:
        model_server.release(gate)
    frames = list(other)
    assert [number for number, _ in frames] == list(range(1, len(frames) + 1))
    assert (text_of(frames), frames[-1][1]["state"]) == ("Hello", "complete")
    reply = api.history(ids["chatId"])[1]
    assert (reply["content"], reply["state"], reply["error"]) == ("Hello", "complete", None)
    (entry,) = model_server.wait_ended()
    assert entry["ended"] == "finished"


# -- the server notices at once


@pytest.fixture(scope="module")
def pair(serve: Serve) -> tuple[ChatStream, ChatStream]:
    """Two servers on one store that write nothing by themselves: no heartbeat comes within a test."""
    one = serve(CHATSTREAM_HEARTBEAT_S="60")
    return one, serve(CHATSTREAM_HEARTBEAT_S="60", CHATSTREAM_DATA_DIR=one.environment()["CHATSTREAM_DATA_DIR"])


def asks(pair: tuple[ChatStream, ChatStream]) -> Reader:
    reader = ask(pair[0])
    ids_of(reader)
    return reader


def asks_and_hears_nothing_yet(pair: tuple[ChatStream, ChatStream]) -> Reader:
    return ask(pair[0])


def asks_for_json(pair: tuple[ChatStream, ChatStream]) -> Reader:
    return Reader(pair[0], "POST", "/chat", b'{"prompt": "Hello"}')


def asks_by_form(pair: tuple[ChatStream, ChatStream]) -> Reader:
    reader = Reader(pair[0], "POST", "/", b"prompt=Hello")
    reader.until(b'class="text answer"')
    return reader


def follows(pair: tuple[ChatStream, ChatStream], server: int = 0, what: str = "events") -> Reader:
    ids = next(Api(pair[0].address).ask("Hello").frames())[1]
    reader = Reader(pair[server], "GET", f"/runs/{ids['runId']}/{what}")
    reader.until(b"messageId")
    return reader


def follows_elsewhere(pair: tuple[ChatStream, ChatStream]) -> Reader:
    return follows(pair, server=1)


def replays(pair: tuple[ChatStream, ChatStream]) -> Reader:
    return follows(pair, what="replay")


HEAD: list[Any] = [["headers", {}]]
TEXT: list[Any] = [["text", "Hel"]]
ARRIVALS = [
    (asks_and_hears_nothing_yet, []),
    *((arrive, before) for arrive in (asks, asks_by_form, follows) for before in (HEAD, TEXT)),
    *((arrive, before) for arrive in (asks_for_json,) for before in ([], TEXT)),
    *((arrive, TEXT) for arrive in (follows_elsewhere, replays)),
]


@pytest.mark.parametrize(
    ("arrive", "before"), ARRIVALS, ids=[f"{a.__name__}-{b[0][0] if b else 'nothing'}" for a, b in ARRIVALS]
)
@pytest.mark.parametrize("leave", [Reader.fin, Reader.rst], ids=["fin", "rst"])
def test_the_server_notices_at_once(
    pair: tuple[ChatStream, ChatStream],
    model_server: ModelServer,
    arrive: Callable[[tuple[ChatStream, ChatStream]], Reader],
    leave: Callable[[Reader], None],
    before: list[Any],
) -> None:
    model_server.script([*before, NEVER])
    with Noise() as noise:
        reader = arrive(pair)
        model_server.wait(lambda log: log and log[0]["steps"] and log[0]["steps"][-1][0] == "gate")
        read_what_came(reader)
        held = reader.held()
        left = time.monotonic()
        leave(reader)
        while held():
            assert time.monotonic() < left + 1 + noise.worst, "the server still holds the connection"
            gevent.sleep(0.01)
    assert model_server.requests()[0]["ended"] is None  # the answer goes on


def read_what_came(reader: Reader) -> None:
    """Leave nothing unread: the kernel would say so with RST."""
    gevent.sleep(0.1)
    reader.socket.setblocking(False)
    try:
        while reader.socket.recv(1 << 16):
            continue
    except BlockingIOError:
        return


# -- 50 who stop reading, beside 50 who do

MANY = 50
MIB = 1 << 20
PIECES = [f"{n:04}" * 2500 for n in range(100)]
TEXT_BYTES = 10_000_000
MARGIN = MANY * MIB // 2
"""What so many slow readers may take: each a greenlet, and a write of 64 KiB in two or three copies."""


@pytest.mark.parametrize("come", ["early", "late"])
def test_slow_readers_cost_no_memory_and_are_cut(serve: Serve, model_server: ModelServer, come: str) -> None:
    alone, beside = (cost(serve, model_server, come, slow) for slow in (0, MANY))
    assert beside - alone < MARGIN, f"{alone / MIB:.1f} MiB without slow readers, {beside / MIB:.1f} with"


def cost(serve: Serve, model_server: ModelServer, come: str, slow: int) -> int:
    """Bytes by which a worker grew at most while `MANY` read an answer of 10 MB, and `slow` more stopped reading it.

    They come before its text, or when all of it is there and only its end is not.
    """
    server = serve(CHATSTREAM_READER_S="1")
    (pid,), api = server.worker_pids(), Api(server.address)
    model_server.reset()
    text: list[Any] = [["text", piece] for piece in PIECES]
    model_server.script([["text", "first"], ["gate", "text"], ["repeat", 10, text], ["gate", "end"], *STOP])
    ids = ids_of(asker := ask(server))
    asker.fin()
    path = f"/runs/{ids['runId']}/events"
    if come == "late":
        model_server.release("text")
        wait_until(lambda: kept(api, ids) > TEXT_BYTES)
    processes.reset_peak(pid)
    before = processes.resident(pid)
    stuck = [Reader(server, "GET", path, buffer=4096) for _ in range(slow)]
    for reader in stuck:
        reader.until(b'"first"')
    bodies = [Body(server, path) for _ in range(MANY)]
    gevent.sleep(0.2)
    model_server.release("text")
    wait_until(lambda: all(body.length > TEXT_BYTES for body in bodies))
    grown = processes.peak(pid) - before
    model_server.release("end")
    assert {body.whole() for body in bodies} == {Body(server, path).whole()}
    gevent.sleep(1.5 if slow else 0)
    assert not any(ended_properly(reader) for reader in stuck)
    assert api.history(ids["chatId"])[1]["content"] == "first" + "".join(PIECES) * 10
    return grown


def kept(api: Api, ids: dict[str, str]) -> int:
    """The characters of an answer that are in the store."""
    return len(api.history(ids["chatId"])[1]["content"])


def wait_until(true: Callable[[], bool]) -> None:
    with gevent.Timeout(60):
        while not true():
            gevent.sleep(0.05)


class Body:
    """A whole response, being read as fast as it comes: its length and its checksum."""

    def __init__(self, server: ChatStream, path: str) -> None:
        self._connection = http.client.HTTPConnection(server.address, timeout=60)
        self._connection.request("GET", path)
        self.length = self.checksum = 0
        self._reading = gevent.spawn(self._read)

    def _read(self) -> None:
        response = self._connection.getresponse()
        while piece := response.read1(1 << 16):
            self.checksum, self.length = zlib.crc32(piece, self.checksum), self.length + len(piece)
        self._connection.close()

    def whole(self) -> tuple[int, int]:
        """Raises http.client.IncompleteRead if it was cut."""
        self._reading.get(timeout=60)
        return self.length, self.checksum


def ended_properly(reader: Reader) -> bool:
    """Whether the body has its last chunk, once all that the kernel had for it is read."""
    rest = reader.received
    try:
        while piece := reader.socket.recv(1 << 16):
            rest = (rest + piece)[-10:]
    except ConnectionResetError:
        return False
    return rest.endswith(b"0\r\n\r\n")
