"""Markdown for pages, and colours for code, while streams go on."""

import sys

import gevent
import pytest

from chatstream.reading.html import ALONE, Way, render
from chatstream.web.rendering import Shared, utf16
from tests.api import Api
from tests.servers.app import ChatStream
from tests.web.conftest import Serve


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


PARAGRAPH = "*a* **b** `c` [d](https://e.org) ~~e~~ https://e.org/x " * 2000
LIST = "".join(f"{'  ' * (n % 6)}- item **{n}** with `code`\n" for n in range(4000))
TABLE = "| a | b |\n|---|---|\n" + "| `a` | [b](https://e.org) |\n" * 3000
QUOTE = "> a line of a quote\n" * 10_000


class Counted(Way):
    """Counts Python's calls between one turn and the next."""

    def __init__(self) -> None:
        self.longest = self._calls = 0

    def profile(self, _frame: object, event: str, _argument: object) -> None:
        self._calls += event == "call"

    def turn(self) -> None:
        self.longest, self._calls = max(self.longest, self._calls), 0


@pytest.mark.parametrize("text", [PARAGRAPH, LIST, TABLE, QUOTE], ids=["paragraph", "list", "table", "quote"])
def test_no_stretch_of_rendering_is_long(text: str) -> None:
    list(render("```python\n```", ALONE))  # its rules are read, once
    way = Counted()
    sys.setprofile(way.profile)
    try:
        list(render(text, way))
    finally:
        sys.setprofile(None)
    assert way.longest < 40_000  # at most 24 000; with turns only between blocks, 270 000 and more


def test_others_have_their_turn_while_a_large_answer_is_rendered() -> None:
    """A stream waits for its socket, or for its time: it is not a greenlet that could go on at once."""
    turns = []

    def take_turns() -> None:
        while True:
            gevent.sleep(0.0001)
            turns.append(1)

    other = gevent.spawn(take_turns)
    gevent.sleep(0)
    assert "".join(render(PARAGRAPH, Shared()))
    other.kill()
    assert len(turns) > 10  # of 50; with gevent.sleep(0) in between, one


def test_the_length_in_javascript_counts_halves_of_characters() -> None:
    assert (utf16("tide"), utf16("a😀b"), utf16("\ud83d"), utf16("")) == (4, 4, 1, 0)
