"""WebSockets that are silent, slow, too loud, or in the way of a server that stops."""

import json
import signal
import socket
import time
from collections.abc import Iterator

import gevent
import pytest
import websocket

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.web.conftest import Serve
from tests.web.front import front
from tests.web.noise import Noise
from tests.web.peer import Peer, text_of

PIECE = "x" * 100_000
HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@pytest.fixture(scope="module")
def server(serve: Serve) -> ChatStream:
    return serve(CHATSTREAM_HEARTBEAT_S="0.3", CHATSTREAM_READER_S="1")


@pytest.fixture(params=["direct", "nginx"])
def address(request: pytest.FixtureRequest, server: ChatStream, model_server: ModelServer) -> Iterator[str]:
    if request.param == "direct":
        yield server.address
        return
    with front(server) as nginx:
        yield f"127.0.0.1:{nginx.port}"


def received(connection: socket.socket) -> bytes:
    """All that comes until the connection ends, however it does."""
    data = b""
    try:
        while more := connection.recv(65_536):
            data += more
    except ConnectionResetError:
        pass
    return data


def test_who_answers_pings_stays(address: str, model_server: ModelServer) -> None:
    with Peer(address) as peer:
        pings = 0
        began = time.monotonic()
        while time.monotonic() - began < 4:
            opcode, _ = peer.socket.recv_data(control_frame=True)
            assert opcode == websocket.ABNF.OPCODE_PING
            pings += 1
        assert 3 <= pings <= 14
        assert peer.ask()[-1]["state"] == "complete"


def test_pings_of_the_client_are_answered(address: str) -> None:
    with Peer(address) as peer:
        peer.socket.ping(b"hm")
        assert (websocket.ABNF.OPCODE_PONG, b"hm") in [peer.socket.recv_data(control_frame=True) for _ in range(3)]


@pytest.mark.parametrize("running", [False, True])
def test_who_answers_no_ping_is_cut(address: str, model_server: ModelServer, running: bool) -> None:
    model_server.script([["repeat", 200, [["text", "x"], ["sleep", 0.1]]], ["finish", "stop"], ["end"]])
    with socket.create_connection(address.split(":"), 20) as silent:
        silent.sendall(HANDSHAKE.format(address).encode())
        assert silent.recv(4096).startswith(b"HTTP/1.1 101")
        if running:
            order = json.dumps({"type": "start", "prompt": "Hello"}).encode()
            silent.sendall(bytes([0x81, 0x80 | len(order), 0, 0, 0, 0]) + order)
        began = time.monotonic()
        data = received(silent)
        assert (b"runId" in data, b'"state"' in data) == (running, False)
        assert 1 < time.monotonic() - began < 10


@pytest.mark.alone
def test_a_reader_that_takes_nothing_is_cut_and_nobody_else(server: ChatStream, model_server: ModelServer) -> None:
    model_server.script([["text", "1"], ["gate", "go on"], ["repeat", 100, [["text", PIECE]]], ["finish", "stop"]])
    with Peer(server.address) as stuck, Peer(server.address) as other:
        stuck.say("start", prompt="Hello")
        ids, _ = stuck.hear(), stuck.hear()
        other.say("follow", runId=ids["runId"])
        model_server.release("go on")
        frames = other.rest()
        assert (len(text_of(frames)), frames[-1]["state"]) == (10_000_001, "complete")
        time.sleep(2)
        with pytest.raises((websocket.WebSocketException, OSError)):
            stuck.rest()
    assert len(Api(server.address).history(ids["chatId"])[1]["content"]) == 10_000_001


@pytest.mark.alone
def test_a_reader_that_is_slow_gets_all(serve: Serve, model_server: ModelServer) -> None:
    """It takes all in good time, and hears of no ping as long as that lasts."""
    address = serve(CHATSTREAM_HEARTBEAT_S="0.3", CHATSTREAM_READER_S="4").address
    model_server.script([["repeat", 80, [["text", PIECE]]], ["finish", "stop"], ["end"]])
    with Peer(address, (socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)) as peer:
        peer.say("start", prompt="Hello")
        frames, taken = [peer.hear()], 0
        while "state" not in frames[-1]:
            frames.append(peer.hear())
            if len(text_of(frames)) - taken > 1_000_000:
                taken = len(text_of(frames))
                time.sleep(0.7)
        assert (len(text_of(frames)), frames[-1]["state"]) == (8_000_000, "complete")
        assert peer.ask()[-1]["state"] == "complete"


def test_who_has_nothing_to_say_stays(serve: Serve, model_server: ModelServer) -> None:
    with Peer(serve(CHATSTREAM_HEARTBEAT_S="60", CHATSTREAM_READER_S="0.5").address) as peer:
        time.sleep(2)
        assert peer.ask()[-1]["state"] == "complete"


@pytest.mark.alone
def test_a_flood_of_messages_keeps_nobody_waiting(server: ChatStream, model_server: ModelServer) -> None:
    flooding = gevent.spawn(flood, server.address)
    api, waits = Api(server.address), []
    with Noise() as noise:
        for _ in range(50):
            began = time.monotonic()
            assert api.get("/healthz").status == 200
            waits.append(time.monotonic() - began)
            gevent.sleep(0.02)
    assert not flooding.ready()
    flooding.kill()
    assert max(waits) < 0.25 + noise.worst


def flood(address: str) -> None:
    """Pongs that nobody asked for, without an end."""
    with Peer(address) as peer:
        many = websocket.ABNF(1, 0, 0, 0, websocket.ABNF.OPCODE_PONG, 1, b"").format() * 10_000
        while True:
            peer.socket.sock.sendall(many)


def test_the_largest_message_and_one_that_is_larger(address: str) -> None:
    with Peer(address) as peer:
        peer.socket.send("x" * (1 << 20))
        assert peer.refused() == "bad_request"
        peer.socket.send("x" * (8 << 20))
        code, reason = peer.closing()
        assert (code, "exceeds limit of 1048576 bytes" in reason) == (1009, True)


def test_a_large_message_in_fragments_is_too_large_as_well(address: str) -> None:
    with Peer(address) as peer:
        for n in range(17):
            opcode = websocket.ABNF.OPCODE_CONT if n else websocket.ABNF.OPCODE_TEXT
            peer.socket.send_frame(websocket.ABNF(0, 0, 0, 0, opcode, 1, b"x" * (1 << 16)))
        assert peer.closing()[0] == 1009


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (websocket.ABNF(1, 0, 0, 0, websocket.ABNF.OPCODE_TEXT, 1, b"a\xff"), 1007),
        (websocket.ABNF(1, 0, 0, 0, websocket.ABNF.OPCODE_CONT, 1, b"a"), 1002),
        (websocket.ABNF(1, 1, 0, 0, websocket.ABNF.OPCODE_TEXT, 1, b"a"), 1002),
        (websocket.ABNF(1, 0, 0, 0, websocket.ABNF.OPCODE_CLOSE, 1, b"\x03\xe8bye"), 1000),
    ],
)
def test_what_is_no_proper_websocket_is_closed_with_its_code(address: str, frame: websocket.ABNF, code: int) -> None:
    with Peer(address) as peer:
        peer.socket.sock.sendall(frame.format())
        assert peer.closing()[0] == code
        assert received(peer.socket.sock) == b""


def test_a_server_that_stops_lets_it_finish_and_closes(model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["gate", "term"], *answer("lo")])
    with ChatStream({"OPENAI_BASE_URL": model_server.url, "AI_MODEL": "m"}) as server:
        with Peer(server.address) as peer, Peer(server.address) as idle:
            peer.say("start", prompt="Hello")
            frames = [peer.hear(), peer.hear()]
            server.signal(signal.SIGTERM)
            assert idle.closing() == (1001, "The server is stopping.")
            model_server.release("term")
            frames += peer.rest()
            assert (text_of(frames), frames[-1]["state"]) == ("Hello", "complete")
            assert peer.closing()[0] == 1001
        assert server.process is not None
        assert server.process.wait(30) == 0


def test_a_server_that_stops_cuts_it_with_a_last_frame(model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["gate", "never"]])
    env = {"OPENAI_BASE_URL": model_server.url, "AI_MODEL": "m", "CHATSTREAM_DRAIN_S": "0.5"}
    with ChatStream(env) as server:
        with Peer(server.address) as peer:
            peer.say("start", prompt="Hello")
            peer.hear(), peer.hear()
            server.signal(signal.SIGTERM)
            assert peer.rest()[-1]["state"] == "interrupted"
            assert peer.closing()[0] == 1001
        assert server.process is not None
        assert server.process.wait(10) == 0


def test_many_sockets_that_come_and_go_leave_nothing(server: ChatStream, model_server: ModelServer) -> None:
    for _ in range(5):
        peers = [Peer(server.address) for _ in range(50)]
        for peer in peers:
            peer.leave()
    with Peer(server.address) as peer:
        assert peer.ask()[-1]["state"] == "complete"
    assert Api(server.address).get("/healthz").status == 200
