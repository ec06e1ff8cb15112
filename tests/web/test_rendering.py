"""Markdown for pages, and colours for code, while streams go on."""

import gevent
import pytest

from chatstream.reading.html import render
from chatstream.web.rendering import in_turn
from tests.api import Api
from tests.servers.app import ChatStream
from tests.web.conftest import Serve
from tests.web.page import long_answer


@pytest.fixture(scope="module")
def one_server(serve: Serve) -> ChatStream:
    return serve()


@pytest.fixture
def api(one_server: ChatStream) -> Api:
    return Api(one_server.address)


def test_words_of_code_have_their_kinds(api: Api) -> None:
    reply = api.post("/highlight", {"language": "Python", "code": 'x = "😀" + 1'})
    assert reply.json == {"ranges": [[4, 8, "string"], [11, 12, "number"]]}
    assert api.post("/highlight", {"language": "no such", "code": "x"}).json == {"ranges": []}


@pytest.mark.parametrize(
    "body", [{}, {"language": "python"}, {"language": "", "code": "x"}, {"language": "c", "code": "x" * 50_001}, []]
)
def test_other_bodies_are_refused(api: Api, body: object) -> None:
    assert api.post("/highlight", body).status == 400


def test_others_have_their_turn_while_a_large_answer_is_rendered() -> None:
    turns = []

    def take_turns() -> None:
        while True:
            turns.append(1)
            gevent.sleep(0)

    other = gevent.spawn(take_turns)
    for _ in in_turn(render(long_answer.text(350_000)[:1_000_000])):
        pass
    other.kill()
    assert len(turns) > 10
