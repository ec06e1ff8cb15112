"""The scripted model server, as a client with nothing but a socket sees it."""

import json
import socket
import struct
import time
from collections.abc import Callable, Iterator

import pytest

from tests.servers.model_server import ModelServer, answer, completion, failure

BODY = b'{"model":"test-model","stream":true,"messages":[]}'
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
HEARS = 2.0
"""Seconds in which a machine under load surely sees a departed client; idle, it takes under 10 ms."""


class Client:
    """A socket that has sent one request for a chat completion."""

    def __init__(self, server: ModelServer) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        self.ask()

    def ask(self, method: str = "POST", path: str = "/v1/chat/completions", body: bytes = BODY) -> None:
        head = f"{method} {path} HTTP/1.1\r\nHost: test\r\nX-Two: a\r\nx-two: b\r\nContent-Length: {len(body)}\r\n\r\n"
        self.socket.sendall(head.encode() + body)

    def read_until(self, end: bytes) -> bytes:
        """All bytes up to these."""
        received = b""
        while not received.endswith(end):
            piece = self.socket.recv(1)
            assert piece, f"closed after {received!r}"
            received += piece
        return received

    def read_all(self) -> bytes:
        """All bytes until FIN. A reset raises ConnectionResetError."""
        received = b""
        while piece := self.socket.recv(65_536):
            received += piece
        return received

    def send_fin(self) -> None:
        self.socket.close()

    def send_rst(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@pytest.fixture
def connect(model_server: ModelServer) -> Iterator[Callable[..., Client]]:
    """Script one answer, then ask for it."""
    clients: list[Client] = []

    def ask(*steps: list) -> Client:
        model_server.script(list(steps))
        clients.append(Client(model_server))
        return clients[-1]

    yield ask
    for client in clients:
        client.socket.close()


def chunk(size: bytes, data: bytes) -> bytes:
    return size + b"\r\n" + data + b"\r\n"


def test_a_step_is_one_event_in_one_http_chunk(connect):
    received = connect(["event", "one"], ["done"], ["end"]).read_until(b"0\r\n\r\n")
    assert received == STREAM_HEAD + chunk(b"b", b"data: one\n\n") + chunk(b"e", b"data: [DONE]\n\n") + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("step", "choice"),
    [
        (["text", "Hel\u2028"], {"index": 0, "delta": {"content": "Hel\u2028"}, "finish_reason": None}),
        (["text", "\ud83d"], {"index": 0, "delta": {"content": "\ud83d"}, "finish_reason": None}),
        (["reasoning", "Hm"], {"index": 0, "delta": {"reasoning_content": "Hm"}, "finish_reason": None}),
        (["delta", {"role": "x"}], {"index": 0, "delta": {"role": "x"}, "finish_reason": None}),
        (["finish", "length"], {"index": 0, "delta": {}, "finish_reason": "length"}),
    ],
)
def test_steps_in_openai_form(connect, step: list, choice: dict):
    data = event(connect(step, ["end"]))
    assert data["choices"] == [choice]
    assert (data["object"], data["model"]) == ("chat.completion.chunk", "test-model")


def test_usage_has_no_choices_and_a_chunk_is_exactly_the_given_json(connect):
    assert event(connect(["usage", {"total_tokens": 3}], ["end"]))["choices"] == []
    assert event(connect(["chunk", {"error": "overloaded"}], ["end"])) == {"error": "overloaded"}


def event(client: Client) -> dict:
    received = client.read_until(b"0\r\n\r\n").removeprefix(STREAM_HEAD)
    return json.loads(received.split(b"\r\n")[1].removeprefix(b"data: "))


def test_text_outside_ascii_is_sent_as_utf_8_and_a_lone_surrogate_escaped(connect):
    received = connect(["text", "é"], ["text", "\ud83d"], ["end"]).read_until(b"0\r\n\r\n")
    assert b'"content":"\xc3\xa9"' in received
    assert b'"content":"\\ud83d"' in received


def test_raw_bytes_can_cut_a_character_in_two(connect):
    received = connect(["raw", "\xc3"], ["raw", "\xa9"], ["end"]).read_until(b"0\r\n\r\n")
    assert received == STREAM_HEAD + chunk(b"1", b"\xc3") + chunk(b"1", b"\xa9") + b"0\r\n\r\n"


def test_bytes_on_the_wire_have_no_framing_at_all(connect):
    assert connect(["wire", "HTTP/1.1 200"], ["wire", " O"], ["fin"]).read_all() == b"HTTP/1.1 200 O"


def test_a_drip_is_a_byte_at_a_time(connect, model_server: ModelServer):
    client = connect(["drip", "ab", 0.05], ["end"])
    began = time.monotonic()
    assert client.read_until(b"0\r\n\r\n") == STREAM_HEAD + chunk(b"1", b"a") + chunk(b"1", b"b") + b"0\r\n\r\n"
    assert time.monotonic() - began > 0.08


def test_repeat_repeats(connect):
    received = connect(["repeat", 3, [["raw", "x"], ["raw", "y"]]], ["end"]).read_until(b"0\r\n\r\n")
    assert received == STREAM_HEAD + 3 * (chunk(b"1", b"x") + chunk(b"1", b"y")) + b"0\r\n\r\n"


def test_a_status_is_a_whole_response_and_the_connection_goes_on(connect, model_server: ModelServer):
    client = connect(*failure(429, "Slow down.", {"Retry-After": "7"}))
    received = client.read_until(b"}}")
    assert received.startswith(b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\n")
    assert b"\r\nRetry-After: 7\r\n" in received
    model_server.script([["status", 404, {"Content-Type": "text/html"}, "<p>Not here"]])
    client.ask()
    received = client.read_until(b"here")
    assert received == b"HTTP/1.1 404 Not Found\r\nContent-Length: 11\r\nContent-Type: text/html\r\n\r\n<p>Not here"
    assert len({entry["connection"] for entry in model_server.wait_ended(2)}) == 1


def test_headers_are_changed_by_name_and_left_out_by_null(connect):
    steps = ["headers", {"content-type": "text/html", "Cache-Control": None}, 203], ["raw", "x"], ["end"]
    received = connect(*steps).read_until(b"0\r\n\r\n")
    head = b"HTTP/1.1 203 Scripted\r\ncontent-type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert received == head + chunk(b"1", b"x") + b"0\r\n\r\n"


def test_a_length_is_kept_or_broken_as_the_script_says(connect):
    received = connect(["headers", {"Content-Length": "9"}], ["raw", "short"], ["fin"]).read_all()
    assert received.endswith(b"Content-Length: 9\r\n\r\nshort")


def test_a_close_delimited_body_ends_with_fin(connect, model_server: ModelServer):
    received = connect(["close_delimited"], ["event", "x"], ["end"]).read_all()
    assert received.endswith(b"Connection: close\r\n\r\ndata: x\n\n")
    assert model_server.wait_ended()[0]["ended"] == "finished"


def test_fin_and_a_script_that_runs_out_close_without_the_last_chunk(connect, model_server: ModelServer):
    for steps in ([["event", "x"], ["fin"]], [["event", "x"]]):
        assert connect(*steps).read_all() == STREAM_HEAD + chunk(b"9", b"data: x\n\n")
    assert [entry["ended"] for entry in model_server.wait_ended(2)] == ["we_closed", "we_closed"]


def test_rst_resets_before_and_after_the_head(connect, model_server: ModelServer):
    with pytest.raises(ConnectionResetError):
        connect(["rst"]).read_all()
    client = connect(["event", "x"], ["gate", "read"], ["rst"])
    client.read_until(b"data: x\n\n\r\n")
    model_server.release("read")
    with pytest.raises(ConnectionResetError):
        client.read_all()
    assert [entry["ended"] for entry in model_server.wait_ended(2)] == ["we_reset", "we_reset"]


def test_sleep_comes_before_the_head_when_it_is_first(connect):
    began = time.monotonic()
    client = connect(["sleep", 0.1], ["end"])
    client.socket.recv(1)
    assert time.monotonic() - began >= 0.1


def test_a_gate_holds_until_released_and_stays_open(connect, model_server: ModelServer):
    first = connect(["event", "1"], ["gate", "go"], ["event", "2"], ["end"])
    first.read_until(b"data: 1\n\n\r\n")
    first.socket.settimeout(0.1)
    with pytest.raises(TimeoutError):
        first.socket.recv(1)
    model_server.release("go")
    first.read_until(b"data: 2\n\n\r\n0\r\n\r\n")
    connect(["gate", "go"], ["end"]).read_until(b"0\r\n\r\n")


@pytest.mark.parametrize("waiting", [["sleep", 30], ["gate", "never"], ["drip", "x", 30], ["raw", "x" * 20_000_000]])
@pytest.mark.parametrize(
    ("leave", "how"), [(Client.send_fin, "client_closed"), (Client.send_rst, "client_reset")], ids=["fin", "rst"]
)
def test_a_client_that_leaves_is_noticed_at_once(connect, model_server, waiting, leave, how):
    client = connect(["event", "x"], waiting, ["end"])
    client.read_until(b"data: x\n\n\r\n")
    model_server.wait(lambda log: log[0]["steps"][-1][0] == waiting[0])
    read_what_came(client)
    left = time.monotonic()
    leave(client)
    entry = model_server.wait_ended()[0]
    assert 0 <= entry["ended_at"][0] - left < HEARS
    full = waiting[0] == "raw"  # the kernel resets for a client that leaves bytes unread, if any came since it read
    assert entry["ended"] in (("client_reset", how) if full else (how,))


def read_what_came(client: Client) -> None:
    """Leave nothing unread of a drip: the kernel would say so with RST."""
    client.socket.settimeout(0.05)
    try:
        client.socket.recv(100)
    except TimeoutError:
        return


def test_a_client_that_leaves_before_the_head_is_noticed_too(connect, model_server: ModelServer):
    client = connect(["sleep", 30], ["end"])
    model_server.wait(lambda log: log and log[0]["steps"])
    client.send_fin()
    entry = model_server.wait_ended()[0]
    assert (entry["ended"], entry["bytes_sent"]) == ("client_closed", 0)


def test_a_slow_reader_gets_every_byte(connect, model_server: ModelServer):
    client = connect(["repeat", 100, [["raw", "y" * 100_000]]], ["end"])
    time.sleep(0.2)
    assert client.read_until(b"cache\r\n")
    received = 0
    while received < 10_000_000:
        received += client.socket.recv(1_000_000).count(b"y")
    assert received == 10_000_000


def test_the_log_tells_the_request_and_the_response(connect, model_server: ModelServer):
    before = time.monotonic(), time.time()
    client = connect(["event", "x"], ["end"])
    sent = client.read_until(b"0\r\n\r\n")
    (entry,) = model_server.wait_ended()
    after = time.monotonic(), time.time()
    assert (entry["method"], entry["path"]) == ("POST", "/v1/chat/completions")
    assert entry["headers"]["x-two"] == "a, b"
    assert entry["body"] == json.loads(BODY)
    assert (entry["sent"].encode("latin-1"), entry["bytes_sent"]) == (sent, len(sent))
    assert [name for name, _ in entry["steps"]] == ["event", "end"]
    for clock in (0, 1):
        assert before[clock] <= entry["received_at"][clock] <= entry["ended_at"][clock] <= after[clock]


def test_scripts_are_used_in_turn_then_the_default(model_server: ModelServer):
    model_server.script([["raw", "first"], ["fin"]])
    model_server.script([["raw", "second"], ["fin"]])
    model_server.default([["raw", "other"], ["fin"]])
    bodies = [Client(model_server).read_all().rpartition(b"\r\n\r\n")[2] for _ in range(4)]
    assert [body.split(b"\r\n")[1] for body in bodies] == [b"first", b"second", b"other", b"other"]


def test_models_are_listed_and_can_be_scripted(model_server: ModelServer):
    client = Client(model_server)
    client.read_until(b"0\r\n\r\n")
    client.ask("GET", "/v1/models", b"")
    assert b'"id":"test-model"' in client.read_until(b"}]}")
    model_server.models(failure(503, "Loading."))
    client.ask("GET", "/v1/models", b"")
    assert client.read_until(b"}}").startswith(b"HTTP/1.1 503")
    assert len(model_server.log()) == 3
    assert len(model_server.requests()) == 1


def test_answer_and_failure_make_whole_scripts(connect):
    received = connect(*answer("Hello big world")).read_until(b"0\r\n\r\n")
    assert [piece in received for piece in (b'"Hello"', b'" big"', b'" world"', b'"stop"', b"[DONE]")] == [True] * 5
    assert b'"completion_tokens":3' in received
    assert b'"content":"Hello world"' in connect(*completion("Hello world")).read_until(b"}}")


def test_a_chunked_request_and_one_that_is_no_json_are_logged(model_server: ModelServer):
    client = Client(model_server)
    client.read_until(b"0\r\n\r\n")
    head = b"POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    client.socket.sendall(head + b'5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\n')
    client.read_until(b"0\r\n\r\n")
    client.ask(body=b"not json")
    client.read_until(b"0\r\n\r\n")
    assert [entry["body"] for entry in model_server.wait_ended(3)[1:]] == [{"a": 1}, "not json"]


def test_reset_forgets_and_cuts(connect, model_server: ModelServer):
    client = connect(["event", "x"], ["gate", "never"])
    client.read_until(b"data: x\n\n\r\n")
    model_server.script([["rst"]])
    model_server.reset()
    assert client.read_all() == b""
    assert model_server.log() == []
    assert b"Hello" in Client(model_server).read_until(b"0\r\n\r\n")


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("text", "a list of steps"),
        ([["txet", "x"]], "no such step: .*there are .*text"),
        ([["text"]], "missing a required argument: 'content'"),
        ([["repeat", 2, [["nothing"]]]], "no such step"),
    ],
)
def test_a_mistake_in_a_script_is_named(model_server: ModelServer, steps, words: str):
    with pytest.raises(ValueError, match=words):
        model_server.script(steps)


def test_waiting_in_vain_shows_the_log(model_server: ModelServer):
    with pytest.raises(TimeoutError, match=r"log is \[\]"):
        model_server.wait(lambda log: log, seconds=0.05)
