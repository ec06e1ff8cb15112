"""The server is told to stop while answers run: they finish, or end as interrupted, and all is stored."""

import http.client
import json
import signal
import socket
import time
from collections.abc import Iterator

import pytest

from chatstream.store.records import new_id
from tests.api import Api, text_of
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.servers.mongod import Mongod


@pytest.fixture(params=["20"])
def drain_s(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def stopping(model_server: ModelServer, drain_s: str) -> Iterator[ChatStream]:
    env = {"OPENAI_BASE_URL": model_server.url, "AI_MODEL": "m", "CHATSTREAM_DRAIN_S": drain_s}
    with ChatStream(env) as server:
        yield server


def restarted(server: ChatStream, chat_id: str) -> dict[str, object]:
    """The answer as the store has it once the server came back."""
    server.start()
    return Api(server.address).history(chat_id)[1]


def test_answers_finish_with_and_without_a_reader(stopping: ChatStream, model_server: ModelServer) -> None:
    api = Api(stopping.address)
    model_server.default([["text", "Hel"], ["gate", "term"], *answer("lo")])
    kept, left = api.ask("Stay"), api.ask("Go")
    frames, gone = kept.frames(), left.frames()
    ids, other = next(frames)[1], next(gone)[1]
    left.close()
    stopping.signal(signal.SIGTERM)
    model_server.wait(lambda log: len(log) == 2)
    model_server.release("term")
    rest = list(frames)
    assert (text_of(rest), rest[-1][1]["state"]) == ("Hello", "complete")
    assert stopping.process is not None
    assert stopping.process.wait(30) == 0
    for chat in (ids, other):
        reply = restarted(stopping, chat["chatId"])
        assert (reply["content"], reply["state"]) == ("Hello", "complete")
        stopping.stop()


def test_an_answer_that_nobody_reads_has_the_same_time(stopping: ChatStream, model_server: ModelServer) -> None:
    """gunicorn is done with a worker that has no connections; its answers are not."""
    api = Api(stopping.address)
    model_server.default([["text", "Hel"], ["gate", "later"], *answer("lo")])
    streamed = api.ask("Go")
    ids = next(streamed.frames())[1]
    streamed.close()
    stopping.signal(signal.SIGTERM)
    time.sleep(2)
    model_server.release("later")
    assert stopping.process is not None
    assert stopping.process.wait(30) == 0
    reply = restarted(stopping, ids["chatId"])
    assert (reply["content"], reply["state"]) == ("Hello", "complete")
    stopping.stop()


@pytest.mark.parametrize(("number", "drain_s"), [(signal.SIGTERM, "0.3"), (signal.SIGINT, "20")], indirect=["drain_s"])
def test_what_does_not_finish_in_time_is_interrupted_and_kept(
    stopping: ChatStream, model_server: ModelServer, number: signal.Signals
) -> None:
    api = Api(stopping.address)
    model_server.script([["text", "Hel"], ["gate", "never"]])
    frames = api.ask("Stay").frames()
    ids = next(frames)[1]
    next(frames)
    stopping.signal(number)
    end = list(frames)[-1][1]
    assert (end["state"], end["error"]["code"]) == ("interrupted", "interrupted")
    assert model_server.wait_ended()[0]["ended"] in ("client_closed", "client_reset")
    assert stopping.process is not None
    assert stopping.process.wait(30) == 0
    reply = restarted(stopping, ids["chatId"])
    assert (reply["content"], reply["state"]) == ("Hel", "interrupted")
    assert "Traceback" not in stopping.log_tail()


def test_a_server_that_stops_takes_no_new_questions(stopping: ChatStream, model_server: ModelServer) -> None:
    api = Api(stopping.address)
    connection = http.client.HTTPConnection(stopping.address, timeout=10)
    connection.request("GET", "/healthz")
    connection.getresponse().read()
    model_server.script([["text", "Hel"], ["gate", "term"], *answer("lo")])
    frames = api.ask("Stay").frames()
    ids = next(frames)[1]
    stopping.signal(signal.SIGTERM)
    wait_refusing(stopping.port)
    connection.request("POST", "/chat", '{"prompt": "New"}')  # on a connection that was open before
    refused = connection.getresponse()
    assert (refused.status, json.loads(refused.read())["code"]) == (503, "busy")
    assert int(refused.headers["Retry-After"]) > 0
    model_server.release("term")
    assert list(frames)[-1][1]["state"] == "complete"
    assert stopping.process is not None
    assert stopping.process.wait(30) == 0
    assert restarted(stopping, ids["chatId"])["content"] == "Hello"
    assert len(model_server.requests()) == 1


def wait_refusing(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.05)
    raise AssertionError("the server still listens")


def test_a_reload_loses_nothing(model_server: ModelServer) -> None:
    env = {"OPENAI_BASE_URL": model_server.url, "AI_MODEL": "m", "CHATSTREAM_DRAIN_S": "20"}
    with ChatStream(env, workers=2) as server:
        api = Api(server.address)
        model_server.default([["text", "Hel"], ["gate", "hup"], *answer("lo")])
        streams = [api.ask(f"Question {n}").frames() for n in range(8)]
        ids = [next(frames)[1] for frames in streams]
        before = server.worker_pids()
        server.signal(signal.SIGHUP)
        for _ in range(200):
            if len(set(server.worker_pids()) - set(before)) == 2:
                break
            time.sleep(0.05)
        assert api.get("/healthz").status == 200
        model_server.release("hup")
        for chat, frames in zip(ids, streams, strict=True):
            rest = list(frames)
            assert (text_of(rest), rest[-1][1]["state"]) == ("Hello", "complete")
            reply = api.history(chat["chatId"])[1]
            assert (reply["content"], reply["state"]) == ("Hello", "complete")
        assert len(model_server.requests()) == 8


def test_the_answers_of_a_killed_worker_end_at_once_and_can_be_continued(model_server: ModelServer) -> None:
    with ChatStream({"OPENAI_BASE_URL": model_server.url, "AI_MODEL": "m"}) as server:
        api = Api(server.address)
        model_server.script([["text", "Hel"], ["gate", "never"]])
        frames = api.ask("Hello").frames()
        ids = next(frames)[1]
        next(frames)
        time.sleep(1.1)  # what is older than a second is safe
        server.kill_worker()
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            list(frames)
        follower = api.open("GET", f"/runs/{ids['runId']}/events?after=2")
        end = list(follower.frames())[-1][1]
        assert (end["state"], end["error"]["code"]) == ("interrupted", "worker_lost")
        assert api.get(f"/runs/{ids['runId']}/events?after=3").status == 410  # 3 may have been another frame
        model_server.script(answer("lo"))
        again = api.post("/chat", {"continue": ids["messageId"], "chatId": ids["chatId"]})
        assert again.json["completion"] == "Hello"


def test_the_answers_of_a_machine_that_died_end_by_their_lease(mongod: Mongod, model_server: ModelServer) -> None:
    """Another data folder stands for another machine: no lock tells there, and nobody starts again in its place."""
    store = {"MONGODB_URI": mongod.database_uri(f"lease_{new_id()}")}
    env = {"OPENAI_BASE_URL": model_server.url, "AI_MODEL": "m", **store}
    with ChatStream(env) as died, ChatStream(env) as other:
        model_server.script([["text", "Hel"], ["gate", "never"]])
        frames = Api(died.address).ask("Hello").frames()
        ids = next(frames)[1]
        next(frames)
        time.sleep(1.1)
        died.kill()
        api, give_up = Api(other.address), time.monotonic() + 60
        while api.get(f"/runs/{ids['runId']}").json["state"] == "running":
            assert time.monotonic() < give_up
            time.sleep(0.2)
        reply = api.history(ids["chatId"])[1]
        assert (reply["content"], reply["state"]) == ("Hel", "interrupted")
