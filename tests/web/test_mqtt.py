"""Section 5 of docs/api.md: answers over MQTT 5, through a real broker."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from chatstream.errors import SettingsError
from chatstream.settings import load
from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer, failure
from tests.servers.mosquitto import Mosquitto
from tests.servers.server import free_port
from tests.web.caller import Caller, answers, connected, framed
from tests.web.conftest import Serve


@pytest.fixture(scope="module")
def broker() -> Iterator[Mosquitto]:
    with Mosquitto() as server:
        yield server


@pytest.fixture(scope="module")
def server(serve: Serve, broker: Mosquitto) -> ChatStream:
    return served(serve, broker, "house/chat")


def served(serve: Serve, broker: Mosquitto, prefix: str, **settings: str) -> ChatStream:
    mqtt = {"CHATSTREAM_MQTT_URL": broker.url, "CHATSTREAM_MQTT_PREFIX": prefix, "CHATSTREAM_HEARTBEAT_S": "0.2"}
    started: ChatStream = serve(**mqtt, **settings)
    return started


@pytest.fixture
def api(server: ChatStream, model_server: ModelServer) -> Api:
    return Api(server.address)


@pytest.fixture
def caller(broker: Mosquitto, server: ChatStream, api: Api) -> Iterator[Caller]:
    caller = connected(server, broker, "house/chat")
    yield caller
    caller.close()


def test_an_answer_comes_on_the_response_topic(caller: Caller, api: Api, model_server: ModelServer) -> None:
    model_server.script([["reasoning", "hm"], *answer("Grüße an alle", pause=0.05)])
    caller.ask({"prompt": "Hello"}, correlation=b"one")
    messages = []
    for message in caller.messages():
        messages.append(message)
        if "state" in framed(message)[1]:
            break
    assert {(m.topic, m.properties.CorrelationData, m.properties.ContentType) for m in messages} == {
        ("me/house/chat/one", b"one", "application/json")
    }
    frames = [framed(message) for message in messages]
    run = frames[0][1]["runId"]
    assert frames == list(api.open("GET", f"/runs/{run}/events").frames())
    assert "".join(value.get("text", "") for _, value in frames) == "Grüße an alle"
    assert api.history(frames[0][1]["chatId"])[1]["content"] == "Grüße an alle"


BAD: list[tuple[Any, str]] = [
    (b"{", "bad_request"),
    (b"\xff", "bad_request"),
    ([], "bad_request"),
    ({"prompt": " "}, "bad_request"),
    ({"type": "dance"}, "bad_request"),
    ({"type": "follow", "runId": "x"}, "bad_request"),
    ({"type": "follow", "runId": "0" * 24}, "not_found"),
    ({"type": "stop", "runId": "0" * 24}, "not_found"),
    ({"prompt": "a", "model": "nobody/knows"}, "unknown_model"),
]


@pytest.mark.parametrize(("body", "code"), BAD)
def test_a_request_that_does_not_fit(caller: Caller, model_server: ModelServer, body: Any, code: str) -> None:
    caller.ask(body)
    ((number, value),) = caller.frames()
    assert (number, value["error"]["code"]) == (0, code)
    assert model_server.requests() == []


FAILED: list[tuple[list[list[Any]], str, str]] = [
    (failure(429, "slow down"), "upstream_error", "upstream_rate_limited"),
    ([["text", "Hel"], ["sleep", 0.05], ["rst"]], "upstream_error", "upstream_broke"),
    ([["text", "Hel"], ["end"]], "truncated", "upstream_error"),
]


@pytest.mark.parametrize(("steps", "state", "code"), FAILED)
def test_a_failed_answer_says_so_in_its_last_frame(
    caller: Caller, model_server: ModelServer, steps: list[list[Any]], state: str, code: str
) -> None:
    model_server.script(steps)
    caller.ask({"prompt": "Hello"})
    _, end = caller.frames()[-1]
    assert (end["state"], end["error"]["code"]) == (state, code)


def test_stop_and_follow(caller: Caller, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["gate", "never"]])
    caller.ask({"prompt": "Hello"})
    messages = caller.messages()
    first, second = (framed(next(messages)) for _ in range(2))
    assert second == (2, {"text": "Hel"})
    run = first[1]["runId"]
    caller.ask({"type": "stop", "runId": run}, correlation=b"b")
    assert framed(next(messages))[1]["state"] == "stopped"
    caller.ask({"type": "follow", "runId": run, "after": 1}, correlation=b"c")
    followed = [next(messages) for _ in range(2)]
    assert [framed(message)[0] for message in followed] == [2, 3]
    assert followed[0].topic == "me/house/chat/c"
    caller.ask({"type": "follow", "runId": run, "after": 3})
    assert framed(next(messages))[1]["error"]["code"] == "gone"


def test_what_cannot_be_answered_is_not_asked(caller: Caller, broker: Mosquitto, model_server: ModelServer) -> None:
    caller.ask({"prompt": "Hello"}, topic=None)
    assert caller.quiet(0.5)
    assert model_server.requests() == []


def test_a_request_that_the_broker_kept_is_not_asked_again(
    serve: Serve,
    broker: Mosquitto,
    model_server: ModelServer,
) -> None:
    caller = Caller(broker, "kept")
    caller.ask({"prompt": "Hello"}, retain=True)
    server = served(serve, broker, "kept")
    server.wait_until(lambda: answers(caller), "answer over MQTT")
    assert model_server.requests() == []
    caller.close()


@pytest.mark.parametrize("topic", ["me/#", "+/me", "$SYS/x", "r/" + "/" * 150, "x" * 300])
def test_a_topic_that_nobody_can_publish_to_is_none(caller: Caller, model_server: ModelServer, topic: str) -> None:
    caller.ask({"prompt": "Hello"}, topic=topic)
    caller.ask({"prompt": "Hello"})
    assert caller.frames()[-1][1]["state"] == "complete"
    assert len(model_server.requests()) == 1


def test_a_frame_that_the_broker_does_not_take_harms_nobody_else(serve: Serve, model_server: ModelServer) -> None:
    with Mosquitto("max_packet_size 20000") as small:
        server = served(serve, small, "small")
        caller = connected(server, small, "small")
        model_server.script([["text", "x" * 30_000], ["finish", "stop"], ["done"], ["end"]])
        caller.ask({"prompt": "Long"})
        *_, (_, last) = caller.frames()
        assert last["error"]["code"] == "too_large"
        caller.ask({"prompt": "Hello"})
        assert caller.frames()[-1][1]["state"] == "complete"
        caller.close()
        server.close()


@pytest.mark.parametrize("trusts", [True, False])
def test_a_broker_behind_tls(serve: Serve, model_server: ModelServer, tmp_path: Path, trusts: bool) -> None:
    authority = trustme.CA()
    certificate, port = authority.issue_cert("localhost"), free_port()
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    os.chmod(tmp_path / "key.pem", 0o644)
    for folder in (tmp_path, *list(tmp_path.parents)[:2]):
        folder.chmod(0o755)  # the broker reads them as a user of its own
    secure = (f"listener {port} 127.0.0.1", f"certfile {tmp_path}/cert.pem", f"keyfile {tmp_path}/key.pem")
    with Mosquitto(*secure) as broker:
        trusted = {"SSL_CERT_FILE": str(tmp_path / "ca.pem")} if trusts else {}
        mqtt = {"CHATSTREAM_MQTT_URL": f"mqtts://localhost:{port}", "CHATSTREAM_MQTT_PREFIX": "tls"}
        server = serve(**mqtt, **trusted)
        caller = Caller(broker, "tls")
        if trusts:
            server.wait_until(lambda: answers(caller), "answer over MQTT")
        else:
            server.wait_until(lambda: "certificate verify failed" in server.log_tail(), "say why it does not connect")
            assert not answers(caller)
        caller.close()
        server.close()


def test_of_many_workers_one_answers(serve: Serve, broker: Mosquitto, model_server: ModelServer) -> None:
    server = served(serve, broker, "many", CHATSTREAM_WORKERS="2")
    server.wait_until(lambda: len(server.worker_pids()) == 2, "have two workers")
    caller = connected(server, broker, "many")
    for n in range(10):
        caller.ask({"prompt": "Hello"}, correlation=str(n).encode())
    for _ in range(10):
        caller.frames()
    assert caller.quiet(0.5)
    assert len(model_server.requests()) == 10
    caller.close()
    server.close()


def test_a_broker_that_comes_back_gets_the_rest(caller: Caller, broker: Mosquitto, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["gate", "go"], *answer("lo")])
    caller.ask({"prompt": "Hello"})
    messages = caller.messages()
    run = framed(next(messages))[1]["runId"]
    broker.kill()
    broker.start()
    deadline = time.monotonic() + 20
    while not (caller.connected and answers(caller)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    model_server.release("go")
    assert caller.frames()[-1][1]["state"] == "complete"
    caller.ask({"type": "follow", "runId": run})
    frames = caller.frames()
    assert "".join(value.get("text", "") for _, value in frames) == "Hello"


def test_a_server_that_stops_sends_the_last_frame(serve: Serve, broker: Mosquitto, model_server: ModelServer) -> None:
    server = served(serve, broker, "stopping", CHATSTREAM_DRAIN_S="0.3")
    caller = connected(server, broker, "stopping")
    model_server.script([["text", "Hel"], ["gate", "never"]])
    caller.ask({"prompt": "Hello"})
    model_server.wait(len)
    server.signal(signal.SIGTERM)
    assert caller.frames()[-1][1]["state"] == "interrupted"
    caller.close()


BROKEN = ["http://127.0.0.1", "127.0.0.1:1883", "mqtt://", "mqtt://host:99999"]


@pytest.mark.parametrize("url", BROKEN)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(SettingsError, match="CHATSTREAM_MQTT_URL is set, but an mqtt:// or mqtts:// URL is needed"):
        load({"CHATSTREAM_MQTT_URL": url})
