"""A worker killed at once (SIGKILL): no cut answer looks whole, no question is lost, no answer is made up or lost."""

import http.client
import math
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest

from tests.api import Api, text_of
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer
from tests.web.front import front
from tests.web.noise import Noise

pytestmark = pytest.mark.alone

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BROKEN = (http.client.IncompleteRead, ConnectionResetError)
NEVER = ["gate", "never"]
PIECES = [f"{n} " for n in range(400)]
STREAMS = 20
MOURNED_S = 10
"""How long a dead worker's answers may stay without an end on this machine: its lock tells, not its lease."""


@pytest.fixture
def killable(server: ChatStream) -> Iterator[ChatStream]:
    """The module's server, with a worker that lives; whole again for the next test."""
    yield server
    server.wait_until(server.ready, "have a worker again")


@pytest.fixture(params=["direct", "nginx"])
def cut_api(request: pytest.FixtureRequest, killable: ChatStream) -> Iterator[Api]:
    if request.param == "direct":
        yield Api(killable.address)
        return
    with front(killable) as nginx:
        yield Api(f"127.0.0.1:{nginx.port}")


def test_a_stream_has_no_proper_end(killable: ChatStream, cut_api: Api, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], NEVER])
    frames = cut_api.ask("Hello").frames()
    ids = next(frames)[1]
    follower = cut_api.open("GET", f"/runs/{ids['runId']}/events").frames()
    for reader in (frames, follower):
        wait_for_text(reader)
    killable.kill_worker()
    for reader in (frames, follower):
        with pytest.raises(BROKEN):
            list(reader)


def test_a_page_has_no_proper_end(killable: ChatStream, cut_api: Api, model_server: ModelServer) -> None:
    model_server.script([["text", "These words came."], NEVER])
    page = cut_api.open("POST", "/", b"prompt=Hello", FORM)
    lines: list[str] = []
    reading = gevent.spawn(read_to_the_end, page.lines(), lines)
    model_server.wait(lambda log: log and len(log[0]["steps"]) == 2)
    gevent.sleep(0.2)
    killable.kill_worker()
    assert isinstance(reading.get(timeout=10), BROKEN)
    assert "</html>" not in "".join(lines)
    assert 'class="foot"' not in "".join(lines)


def test_whole_json_is_none(killable: ChatStream, cut_api: Api, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], NEVER])
    asking = gevent.spawn(answer_of, cut_api)
    model_server.wait(lambda log: log and len(log[0]["steps"]) == 2)
    killable.kill_worker()
    assert asking.get(timeout=10) in ("no response", 502)


@pytest.mark.parametrize("_", range(2))
def test_the_question_of_a_seen_frame_is_kept(killable: ChatStream, model_server: ModelServer, _: int) -> None:
    api = Api(killable.address)
    model_server.script([["text", "Hel"], NEVER])
    ids = next(api.ask("Keep this").frames())[1]
    killable.kill_worker()
    question, reply = mourned(killable, [ids])[0]
    assert (question["role"], question["content"]) == ("user", "Keep this")
    assert (reply["_id"], reply["state"], reply["error"]["code"]) == (ids["messageId"], "interrupted", "worker_lost")
    assert reply["content"] in ("", "Hel")
    assert len(model_server.requests()) == 1


@pytest.mark.parametrize("seed", [random.randrange(10**6) for _ in range(2)])  # chosen anew each time; a name can be
def test_streams_keep_a_prefix_that_is_at_most_a_second_behind(
    killable: ChatStream, model_server: ModelServer, seed: int
) -> None:
    model_server.default([step for piece in PIECES for step in (["text", piece], ["sleep", 0.02])])
    readers = [Reader(Api(killable.address), f"Question {n}") for n in range(STREAMS)]
    with Noise() as noise:
        gevent.sleep(random.Random(seed).uniform(0.1, 2.5))
        killed_at = time.monotonic()
        killable.kill_worker()
    log = {entry["body"]["messages"][-1]["content"]: entry for entry in model_server.wait_ended(STREAMS)}
    assert len(model_server.requests()) == STREAMS
    histories = mourned(killable, [reader.ids() for reader in readers])
    for (question, reply), reader in zip(histories, readers, strict=True):
        sent = sent_by(log[question["content"]], math.inf)
        owed = sent_by(log[question["content"]], killed_at - 1 - noise.worst)
        assert (question["content"], reply["state"]) == (reader.prompt, "interrupted")
        assert sent.startswith(reply["content"])
        assert reply["content"].startswith(owed), f"seed {seed}: {len(sent) - len(reply['content'])} characters behind"
        assert sent.startswith(reader.text)


class Reader:
    """Asks, and reads to the broken end."""

    def __init__(self, api: Api, prompt: str) -> None:
        self.prompt = prompt
        self._frames: list[Any] = []
        self._reading = gevent.spawn(read_to_the_end, api.ask(prompt).frames(), self._frames)

    def ids(self) -> dict[str, Any]:
        assert isinstance(self._reading.get(timeout=10), BROKEN)
        ids: dict[str, Any] = self._frames[0][1]
        return ids

    @property
    def text(self) -> str:
        return text_of(self._frames)


def read_to_the_end(source: Iterator[Any], found: list[Any]) -> Exception | None:
    """Returns how it broke."""
    try:
        found.extend(source)
    except BROKEN as error:
        return error
    return None


def answer_of(api: Api) -> int | str:
    try:
        return api.post("/chat", {"prompt": "Hello"}).status
    except (*BROKEN, http.client.BadStatusLine):
        return "no response"


def wait_for_text(frames: Iterator[Any]) -> None:
    while "text" not in next(frames)[1]:
        continue


def sent_by(entry: dict[str, Any], moment: float) -> str:
    """What the model server had begun to send at this time, on the monotonic clock."""
    times = [at for name, at in entry["steps"] if name == "text"]
    return "".join(PIECES[: sum(at <= moment for at in times)])


def mourned(server: ChatStream, runs: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The chats' histories once all these runs have an end again."""
    server.wait_until(server.ready, "have a worker again")
    api = Api(server.address)
    wait_for(lambda: all(api.get(f"/runs/{ids['runId']}").json["state"] != "running" for ids in runs), MOURNED_S)
    return [api.history(ids["chatId"]) for ids in runs]


def wait_for(true: Callable[[], bool], seconds: float) -> None:
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, f"not within {seconds} s"
        time.sleep(0.05)
