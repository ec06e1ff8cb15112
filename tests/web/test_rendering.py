"""Markdown for pages, and colours for code, while streams go on."""

import sys
from html import escape

import gevent
import pytest
from flask import Flask

from chatstream.reading.html import Way, render
from chatstream.web import languages
from chatstream.web.rendering import Shared, markdown, utf16
from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer
from tests.web.conftest import Serve


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
        super().__init__()
        self.longest = self._calls = 0

    def profile(self, _frame: object, event: str, _argument: object) -> None:
        self._calls += event == "call"

    def turn(self) -> None:
        self.longest, self._calls = max(self.longest, self._calls), 0


@pytest.mark.parametrize("text", [PARAGRAPH, LIST, TABLE, QUOTE], ids=["paragraph", "list", "table", "quote"])
def test_no_stretch_of_rendering_is_long(text: str) -> None:
    list(render("```python\n```"))  # its rules are read, once
    way = Counted()
    sys.setprofile(way.profile)
    try:
        list(render(text, way))
    finally:
        sys.setprofile(None)
    assert way.longest < 40_000  # at most 24 000; with turns only between blocks, 270 000 and more


def test_others_have_their_turn_while_a_large_answer_is_rendered(turns: list[int]) -> None:
    assert "".join(render(PARAGRAPH, Shared()))
    assert len(turns) > 10  # of 50; with gevent.sleep(0) in between, one


ENDLESS = [("c", "\n" * 50_000), ("java", "a " * 25_000), ("js", '"\\' * 25_000)]
"""Code that Pygments reads for a minute and more."""


@pytest.mark.parametrize(("language", "code"), ENDLESS, ids=["lines", "words", "quotes"])
def test_code_that_takes_too_long_is_plain_and_what_follows_has_colours(
    language: str, code: str, turns: list[int]
) -> None:
    answer = f"```{language}\n{code}\n```\n\n```python\nx = 1\n```"
    made = "".join(render(answer, Shared()))
    assert made.count("<span") == made.count("code-language") + 1
    assert '<span class="code-number">1</span>' in made
    assert escape(code, quote=False) in made
    assert len(turns) > 100  # thousands


def test_what_lacks_colours_for_want_of_time_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Flask(__name__)
    languages.register(app)
    text = "```python\nhurried = 1\n```"
    with app.test_request_context():
        monkeypatch.setattr("chatstream.web.beside.ANSWER_S", 0)
        assert "code-number" not in markdown(text, Shared())
        monkeypatch.undo()
        assert '<span class="code-number">1</span>' in markdown(text, Shared())


def test_streams_go_on_while_code_is_coloured(serve: Serve, model_server: ModelServer) -> None:
    """Their heartbeats come before the colours do, from the same worker."""
    model_server.script([["gate", "never"]])
    api = Api(serve(CHATSTREAM_HEARTBEAT_S="0.05").address)
    stream = api.ask("Hi")
    heard: list[str] = []
    reader = gevent.spawn(lambda: heard.extend(stream.lines()))
    for language, code in ENDLESS:
        before = len(heard)
        assert api.post("/highlight", {"language": language, "code": code}).json == {"ranges": []}
        assert len(heard) - before > 2
    reader.kill()
    stream.close()


def test_the_length_in_javascript_counts_halves_of_characters() -> None:
    assert (utf16("tide"), utf16("a😀b"), utf16("\ud83d"), utf16("")) == (4, 4, 1, 0)
