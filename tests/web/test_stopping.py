"""The server is told to stop while answers run: they finish, or end as interrupted, and all is stored."""

import signal
from collections.abc import Iterator

import pytest

from tests.api import Api, text_of
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer


@pytest.fixture(params=["20", "0.3"])
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


@pytest.mark.parametrize("drain_s", ["20"], indirect=True)
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
