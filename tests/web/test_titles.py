"""Titles by the model: once, in the background, never over a person's."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer, failure
from tests.web.conftest import Serve

TIDES = "Why Tides Come Twice"


@pytest.fixture(scope="module", params=["sqlite", "mongo"])
def titled(request: pytest.FixtureRequest, serve: Serve) -> ChatStream:
    return serve(request.param, CHATSTREAM_TITLES="on", CHATSTREAM_MAX_STREAMS="1")


@pytest.fixture
def api(titled: ChatStream, model_server: ModelServer) -> Iterator[Api]:
    yield Api(titled.address)
    model_server.reset()


def wait(true: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def title(api: Api, ids: dict[str, str]) -> tuple[str, str]:
    chat = api.get(f"/chat/{ids['chatId']}").json
    return chat["title"], chat["titled"]


def test_the_first_answer_brings_a_title_and_the_next_ones_do_not(api: Api, model_server: ModelServer) -> None:
    model_server.script(answer("Two bulges of water."))
    model_server.script(answer(f'"{TIDES}."'))
    ids, _ = api.answer("why does the tide come in twice a day, tell me")
    wait(lambda: title(api, ids) == (TIDES, "model"))
    asked = model_server.requests()[1]["body"]
    assert asked["model"] == "test-model"
    assert "why does the tide" in asked["messages"][0]["content"]
    assert "Two bulges of water." in asked["messages"][0]["content"]
    assert [chat["_id"] for chat in api.get("/chats?q=tides+twice").json["chats"]] == [ids["chatId"]]
    api.answer("And now?", chatId=ids["chatId"])
    api.post("/chat", {"chatId": ids["chatId"], "retry": ids["messageId"]})
    assert len(model_server.requests()) == 4
    assert (len(api.history(ids["chatId"])), title(api, ids)) == (5, (TIDES, "model"))


def test_a_persons_title_stays_also_one_given_meanwhile(api: Api, model_server: ModelServer) -> None:
    model_server.script(answer("Two bulges."))
    model_server.script([["gate", "title"], *answer(TIDES)])
    ids, _ = api.answer("Why twice?")
    model_server.wait(lambda log: len(log) == 2)
    api.call("PATCH", f"/chat/{ids['chatId']}", {"title": "Mine"})
    model_server.release("title")
    model_server.wait_ended(2)
    time.sleep(0.3)
    assert title(api, ids) == ("Mine", "user")


@pytest.mark.parametrize(
    "said",
    [failure(500, "no"), answer("Sure!\n\nHere it is"), answer("word " * 300), [["rst"]], [["text", ""], ["fin"]]],
)
def test_a_model_that_gives_none_leaves_the_first_words(
    api: Api, model_server: ModelServer, said: list[list[object]]
) -> None:
    model_server.script(answer("Two bulges."))
    model_server.script(said)
    ids, _ = api.answer("Why twice?")
    model_server.wait_ended(2)
    time.sleep(0.2)
    assert title(api, ids) == ("Why twice?", "words")
    api.answer("And now?", chatId=ids["chatId"])
    time.sleep(0.2)
    assert len(model_server.requests()) == 3  # it is asked once


def test_an_answer_that_did_not_end_well_brings_none(api: Api, model_server: ModelServer) -> None:
    model_server.script([["text", "Two"], ["finish", "length"], ["done"], ["end"]])
    ids, _ = api.answer("Why twice?")
    time.sleep(0.3)
    assert len(model_server.requests()) == 1
    model_server.script(answer("Whole."))
    model_server.script(answer(TIDES))
    api.post("/chat", {"chatId": ids["chatId"], "retry": ids["messageId"]})
    wait(lambda: title(api, ids) == (TIDES, "model"))


def test_asking_for_a_title_takes_no_place_of_an_answer(api: Api, model_server: ModelServer) -> None:
    model_server.script(answer("Two bulges."))
    model_server.script([["gate", "never"]])
    ids, _ = api.answer("Why twice?")
    model_server.wait(lambda log: len(log) == 2)
    _, frames = api.answer("One more", chatId=ids["chatId"])  # one running answer is allowed here
    assert frames[-1][1]["state"] == "complete"


def test_a_stopping_server_does_not_wait_for_a_title(serve: Serve, model_server: ModelServer) -> None:
    server = serve(CHATSTREAM_TITLES="on", CHATSTREAM_DRAIN_S="60")
    model_server.script(answer("Two bulges."))
    model_server.script([["gate", "never"]])
    Api(server.address).answer("Why twice?")
    model_server.wait(lambda log: len(log) == 2)
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 30  # of 60 that an answer would have been given
    assert model_server.wait_ended(2)


def test_no_title_is_asked_for_where_that_is_off(serve: Serve, model_server: ModelServer) -> None:
    server = serve(CHATSTREAM_TITLES="off")
    Api(server.address).answer("Why twice?")
    time.sleep(0.3)
    assert len(model_server.requests()) == 1
