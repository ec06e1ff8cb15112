"""The programs in C: the model server, and loads that see what is lost, not whole, or silent."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.cases import Case, held, silent
from bench.relays import DONE, MESSAGES, NGINX, Relay
from bench.row import failed, why
from bench.tools import CannotMeasure, Client, Source, compiled
from tests.servers.model_server import ModelServer, failure
from tests.servers.model_steps import Step
from tests.servers.programs import need
from tests.servers.server import free_port

pytestmark = pytest.mark.alone

ASKED = Relay("the model server itself", NGINX.serve, "/v1/chat/completions", MESSAGES, DONE)
TOKEN: Step = ["text", " T123456789012;"]
END: list[Step] = [["done"], ["end"]]


@pytest.fixture(scope="module")
def tools() -> Iterator[Path]:
    need("cc")
    with compiled() as folder:
        yield folder


def loaded(tools: Path, port: int, case: Case) -> dict[str, Any]:
    return Client(tools, ASKED, port).load(case).line()


@pytest.mark.parametrize("case", [Case(3, 9, 20, 1000), Case(50, 100, 200, 0), Case(5, 5, 3, 0, 200)])
def test_every_token_of_every_stream_arrives(tools: Path, case: Case):
    with Source(tools, case) as source:
        told = loaded(tools, source.port, case)
    assert (told["done"], failed(told), why(told)) == (case.total, 0, "")
    assert told["tokens"] == case.total * case.tokens


def test_a_silence_comes_before_the_end(tools: Path):
    case = Case(1, 1, 3, 0, silence_ms=300)
    with Source(tools, case) as source:
        told = loaded(tools, source.port, case)
    assert told["wall_s"] >= 0.3


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([TOKEN, TOKEN, *END], ""),
        ([TOKEN, *END], "1 not whole"),
        ([TOKEN, TOKEN, TOKEN, *END], "1 not whole"),
        ([TOKEN, TOKEN, ["end"]], "1 not whole"),
        ([TOKEN, TOKEN, ["done"]], "1 not whole"),
        ([["raw", "data:  T1234567"], ["raw", "89012;\n\n"], TOKEN, *END], ""),
        ([["close_delimited"], TOKEN, TOKEN, *END], ""),
        (failure(503, "busy"), "1 with status 503"),
        ([["rst"]], "1 with status 0"),
    ],
    ids=["whole", "lost", "doubled", "no mark", "cut", "token in two chunks", "no chunks", "refused", "reset"],
)
def test_an_answer_counts_only_if_it_is_whole(tools: Path, model_server: ModelServer, steps: list[Step], said: str):
    model_server.script(steps)
    told = loaded(tools, model_server.port, Case(1, 1, 2, 0))
    assert why(told) == said
    assert failed(told) == (1 if said else 0)


def test_a_port_nobody_listens_on(tools: Path):
    assert why(loaded(tools, free_port(), Case(2, 3, 1, 0))) == "3 with status 0"


def test_what_does_not_ask_for_a_stream_gets_none(tools: Path):
    with Source(tools, Case(1, 1, 5, 0)) as source:
        request = urllib.request.Request(f"{source.url}/chat/completions", b'{"model": "bench"}')
        with urllib.request.urlopen(request) as answer:
            whole = json.load(answer)
        with urllib.request.urlopen(f"{source.url}/models") as answer:
            assert [model["id"] for model in json.load(answer)["data"]] == ["bench"]
    assert whole["choices"][0]["message"]["content"].count(";") == 5


def test_held_streams_are_counted_while_they_run(tools: Path):
    with Source(tools, held(20)) as source:
        watched = Client(tools, ASKED, source.port).hold(20, 0, 1)
        assert watched.line() == {"held": 20}
        told = watched.line()
    assert told["open"] == 20
    assert told["tok_s"] > 0
    assert told["beats"] == 0


def test_heartbeats_are_seen_with_the_silence_before_them(tools: Path, model_server: ModelServer):
    beat: list[Step] = [["sleep", 0.25], ["raw", ": ping\n\n"]]
    model_server.default([TOKEN, ["repeat", 20, beat]])
    watched = Client(tools, ASKED, model_server.port).hold(3, 0, 1)
    watched.line()
    told = watched.line()
    assert told["open"] == 3
    assert told["beats"] >= 3
    assert told["beat_gap_ms"]["p50"] >= 200


def test_a_stream_without_heartbeats_is_the_longest_silence(tools: Path):
    with Source(tools, silent(2)) as source:
        watched = Client(tools, ASKED, source.port).hold(2, 1, 1)
        watched.line()
        told = watched.line()
    assert (told["open"], told["beats"]) == (2, 0)
    assert told["longest_silence_ms"] >= 2000


def test_streams_that_end_are_not_held(tools: Path):
    with Source(tools, Case(3, 3, 2, 0)) as source:
        watched = Client(tools, ASKED, source.port).hold(3, 0, 1)
        watched.line()
        assert watched.line()["open"] == 0


def test_a_load_that_says_nothing_is_an_error(tools: Path):
    body = "x" * 10_000  # more than it takes
    relay = Relay("too long", NGINX.serve, "/chat", body)
    with pytest.raises(CannotMeasure, match="no result"):
        Client(tools, relay, free_port()).load(Case(1, 1, 1, 0)).line()
