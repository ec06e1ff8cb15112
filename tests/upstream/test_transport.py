"""The transport against real servers: HTTP, TLS, reuse, many at once, closing from elsewhere, bounds."""

import contextlib
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import gevent
import httpx2
import pytest
import trustme

from chatstream.upstream.transport import Body, Transport
from tests.servers.model_server import ModelServer, answer
from tests.servers.nginx import Nginx

TLS_SITE = """
server { listen 80 ssl; ssl_certificate CERT; ssl_certificate_key KEY;
  location / { proxy_pass http://MODEL; proxy_http_version 1.1; proxy_buffering off; } }
"""


def client(transport: Transport, timeout: float = 5.0) -> httpx2.Client:
    return httpx2.Client(transport=transport, timeout=timeout, trust_env=False)


def ask(http: httpx2.Client, url: str) -> httpx2.Response:
    return http.send(http.build_request("POST", f"{url}/chat/completions", json={"stream": True}), stream=True)


def body_of(response: httpx2.Response) -> Body:
    body: Body = response.extensions["network_stream"]
    return body


@pytest.fixture
def http() -> Iterator[httpx2.Client]:
    with client(Transport()) as made:
        yield made


def test_a_body_is_read_as_it_comes(http: httpx2.Client, model_server: ModelServer) -> None:
    model_server.script([["raw", "one"], ["gate", "a"], ["raw", "two"], ["raw", "three"], ["end"]])
    response = ask(http, model_server.url)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    body = body_of(response)
    assert body.read() == b"one"
    model_server.release("a")
    rest = b"".join(iter(body.read, b""))
    assert rest == b"twothree"
    assert body.read() == b""


def test_connections_are_reused_after_a_whole_response_only(http: httpx2.Client, model_server: ModelServer) -> None:
    for _ in range(2):
        model_server.script(answer("whole"))
        with contextlib.closing(ask(http, model_server.url)) as response:
            response.read()
    model_server.script([["text", "cut"], ["gate", "never"]])
    response = ask(http, model_server.url)
    response.close()
    model_server.script(answer("whole"))
    ask(http, model_server.url).read()
    connections = [entry["connection"] for entry in model_server.requests()]
    assert connections[0] == connections[1] == connections[2] != connections[3]
    assert model_server.wait_ended(4)[2]["ended"] in ("client_closed", "client_reset")


def test_a_connection_that_the_server_closed_is_not_used_again(http: httpx2.Client, model_server: ModelServer) -> None:
    with contextlib.closing(ask(http, model_server.url)) as response:
        response.read()
    model_server.kill()
    model_server.start()
    with contextlib.closing(ask(http, model_server.url)) as response:
        assert b"Hello" in response.read()
    assert len(model_server.requests()) == 1


def test_three_hundred_streams_at_once(http: httpx2.Client, model_server: ModelServer) -> None:
    model_server.default([["text", "x"], ["gate", "all"], *answer("done")])

    def read() -> bytes:
        with contextlib.closing(ask(http, model_server.url)) as response:
            return response.read()

    reading = [gevent.spawn(read) for _ in range(300)]
    model_server.wait(lambda log: len(log) == 300)
    model_server.release("all")
    gevent.joinall(reading, raise_error=True)
    assert all(b"done" in greenlet.value for greenlet in reading)


def test_closing_from_another_greenlet_ends_a_waiting_read(http: httpx2.Client, model_server: ModelServer) -> None:
    model_server.script([["text", "x"], ["gate", "never"]])
    body = body_of(ask(http, model_server.url))
    body.read()
    reading = gevent.spawn(body.read)
    gevent.sleep(0.05)
    body.close()
    with pytest.raises(httpx2.TransportError):
        reading.get(timeout=5)
    assert model_server.wait_ended()[0]["ended"] in ("client_closed", "client_reset")


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ([["gate", "never"]], httpx2.ReadTimeout),
        ([["rst"]], httpx2.ReadError),
        ([["fin"]], httpx2.RemoteProtocolError),
        ([["wire", "SSH-2.0-x\r\n"]], httpx2.RemoteProtocolError),
        ([["wire", "HTTP/1.1 200 OK\r\n" + "X: " + "y" * 100_000]], httpx2.RemoteProtocolError),
    ],
)
def test_no_response(model_server: ModelServer, steps: list[list[object]], error: type[Exception]) -> None:
    model_server.script(steps)
    with client(Transport(), timeout=0.5) as http, pytest.raises(error):
        ask(http, model_server.url)
    assert len(model_server.requests()) == 1


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ([["fin"]], httpx2.RemoteProtocolError),
        ([["rst"]], httpx2.ReadError),
        ([["wire", "zz\r\n"]], httpx2.RemoteProtocolError),
        ([["gate", "never"]], httpx2.ReadTimeout),
    ],
)
def test_a_body_that_breaks(model_server: ModelServer, steps: list[list[object]], error: type[Exception]) -> None:
    model_server.script([["raw", "one"], *steps])
    with client(Transport(), timeout=0.5) as http:
        body = body_of(ask(http, model_server.url))
        with pytest.raises(error):
            b"".join(iter(body.read, b""))


def test_an_interim_response_is_passed_over(http: httpx2.Client, model_server: ModelServer) -> None:
    whole = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    model_server.script(
        [["wire", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n" + whole], ["fin"]]
    )
    response = ask(http, model_server.url)
    assert (response.status_code, response.read(), "x" in response.headers) == (200, b"ok", False)


def test_nobody_listens() -> None:
    with client(Transport()) as http, pytest.raises(httpx2.ConnectError):
        http.get("http://127.0.0.1:9/v1/models")


@pytest.fixture
def tls(model_server: ModelServer, tmp_path: Path) -> Iterator[tuple[Nginx, ssl.SSLContext]]:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    site = TLS_SITE.replace("CERT", str(tmp_path / "pem")).replace("KEY", str(tmp_path / "pem"))
    with Nginx(site, {"listen 80": "listen 127.0.0.1:{port}", "MODEL": f"127.0.0.1:{model_server.port}"}) as nginx:
        yield nginx, context


def test_tls_streams_closes_at_once_and_checks_the_certificate(
    tls: tuple[Nginx, ssl.SSLContext], model_server: ModelServer
) -> None:
    nginx, context = tls
    url = f"https://localhost:{nginx.port}/v1"
    with client(Transport(context)) as http:
        assert b"Hello" in ask(http, url).read()
        model_server.script([["raw", "one"], ["gate", "never"]])
        body = body_of(ask(http, url))
        assert body.read() == b"one"
        reading = gevent.spawn(body.read)
        gevent.sleep(0.05)
        body.close()
        with pytest.raises(httpx2.TransportError):
            reading.get(timeout=5)
    assert model_server.wait_ended(2)[1]["ended"] in ("client_closed", "client_reset")
    with client(Transport()) as stranger, pytest.raises(httpx2.ConnectError, match="certificate"):
        ask(stranger, url)


def test_events_in_tls_records_of_their_own_are_read_together(
    tls: tuple[Nginx, ssl.SSLContext], model_server: ModelServer
) -> None:
    nginx, context = tls
    model_server.script(
        [["raw", "first"], ["gate", "go on"], ["repeat", 300, [["raw", "event"], ["sleep", 0.001]]], ["end"]]
    )
    with client(Transport(context)) as http:
        body = body_of(ask(http, f"https://localhost:{nginx.port}/v1"))
        assert body.read() == b"first"
        model_server.release("go on")
        model_server.wait_ended()
        reads = list(iter(body.read, b""))
    assert b"".join(reads) == b"event" * 300
    assert len(reads) < 30


def test_what_came_before_a_tls_connection_broke_is_handed_out(
    tls: tuple[Nginx, ssl.SSLContext], model_server: ModelServer
) -> None:
    nginx, context = tls
    model_server.script([["raw", "one"], ["gate", "go on"], ["raw", "two"], ["fin"]])
    with client(Transport(context)) as http:
        body = body_of(ask(http, f"https://localhost:{nginx.port}/v1"))
        assert body.read() == b"one"
        model_server.release("go on")
        model_server.wait_ended()
        gevent.sleep(0.2)  # both have arrived: the bytes and the end
        assert body.read() == b"two"
        with pytest.raises(httpx2.TransportError):
            body.read()


def test_other_greenlets_run_while_one_connects_and_reads(http: httpx2.Client, model_server: ModelServer) -> None:
    model_server.script([["sleep", 0.3], *answer("late")])
    reading = gevent.spawn(lambda: ask(http, model_server.url).read())
    ticks, began = 0, time.monotonic()
    while not reading.ready() and time.monotonic() - began < 10:
        gevent.sleep(0.01)
        ticks += 1
    assert ticks > 10
    assert b"late" in reading.get()
