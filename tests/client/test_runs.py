"""A Run followed to its end, over connections that break in every way; each frame once, and one question asked once."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from chatstream.client import ChatClient, runs
from chatstream.client.runs import Asking, Frame
from chatstream.errors import (
    BadRequest,
    ChatStreamError,
    NotFound,
    UpstreamBroke,
    UpstreamInvalid,
    UpstreamUnreachable,
)
from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer, failure
from tests.servers.server import free_port
from tests.web.conftest import Serve
from tests.web.fault import Fault
from tests.web.page.line import Line
from tests.web.test_upstream_faults import KINDS
from tests.web.upstream_faults import SERVERS

GATED = [["text", "The tide "], ["gate", "more"], ["text", "comes "], ["gate", "rest"], *answer("in twice a day.")]
TIDE = "The tide comes in twice a day."


@pytest.fixture
def far(line: Line, model_server: ModelServer) -> ChatClient:
    """A client behind a line that can break."""
    return ChatClient(line.url)


@pytest.fixture
def near(one_server: ChatStream, model_server: ModelServer) -> ChatClient:
    return ChatClient(one_server.url)


def text_of(frames: list[Frame]) -> str:
    return "".join(frame.get("text", "") for frame in frames)


def ends(asking: Asking, frames: Iterator[Frame], before: list[Frame], server: ChatStream) -> list[Frame]:
    """All frames to the end; they are those of the Run, each once."""
    found = [*before, *frames]
    url = f"/runs/{asking.ids['runId']}/events"
    kept = [frame for _, frame in Api(server.address).open("GET", url).frames()]
    assert text_of(found) == text_of(kept)
    assert found[-1] == kept[-1]
    return found


def until_text(frames: Iterator[Frame], wanted: str) -> list[Frame]:
    """The frames until this text is whole."""
    found: list[Frame] = []
    while text_of(found) != wanted:
        found.append(next(frames))
    return found


def test_an_answer(near: ChatClient, one_server: ChatStream, model_server: ModelServer) -> None:
    model_server.script(answer("one two three"))
    asking = near.ask("Count", temperature=0.5, model=None)
    frames = list(asking)
    assert frames[0] == asking.ids
    assert (set(asking.ids), text_of(frames)) == ({"runId", "chatId", "messageId"}, "one two three")
    assert (frames[-1]["state"], frames[-1]["usage"]["completion_tokens"]) == ("complete", 3)
    assert model_server.requests()[0]["body"]["temperature"] == 0.5
    near_again = list(near.ask("And on", chatId=asking.ids["chatId"]))
    assert near_again[0]["chatId"] == asking.ids["chatId"]
    assert len(Api(one_server.address).history(asking.ids["chatId"])) == 4


@pytest.mark.parametrize("_", range(3))
def test_a_line_that_is_cut(
    far: ChatClient, line: Line, one_server: ChatStream, model_server: ModelServer, _: int
) -> None:
    model_server.script(GATED)
    asking = far.ask("When does the tide come in?")
    outages: list[float] = []
    asking.on_outage = lambda: (outages.append(time.monotonic()), line.mend())  # type: ignore[func-returns-value]
    with closing(iter(asking)) as frames:
        seen = until_text(frames, "The tide ")
        line.cut()
        model_server.release("more")
        seen += until_text(frames, "comes ")
        line.cut()
        model_server.release("rest")
        found = ends(asking, frames, seen, one_server)
    assert (text_of(found), found[-1]["state"], len(outages)) == (TIDE, "complete", 2)
    assert len(model_server.requests()) == 1


def test_a_server_that_is_out_of_reach_for_a_while(
    far: ChatClient, line: Line, one_server: ChatStream, model_server: ModelServer
) -> None:
    model_server.script(GATED)
    asking = far.ask("When does the tide come in?")
    with closing(iter(asking)) as frames:
        seen = until_text(frames, "The tide ")
        line.cut()
        threading.Timer(3, line.mend).start()
        model_server.release("more")
        model_server.release("rest")
        assert text_of(ends(asking, frames, seen, one_server)) == TIDE


def test_a_line_that_goes_silent(
    far: ChatClient,
    line: Line,
    one_server: ChatStream,
    model_server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runs, "SILENCE_S", 1.0)
    model_server.script(GATED)
    asking = far.ask("When does the tide come in?")
    asking.on_outage = line.mend
    with closing(iter(asking)) as frames:
        seen = until_text(frames, "The tide ")
        line.freeze()
        model_server.release("more")
        model_server.release("rest")
        assert text_of(ends(asking, frames, seen, one_server)) == TIDE


def test_heartbeats_keep_a_connection(serve: Serve, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "SILENCE_S", 1.0)
    model_server.script([["text", "Hel"], ["sleep", 2.5], ["text", "lo"], ["finish", "stop"], ["done"], ["end"]])
    asking = ChatClient(serve(CHATSTREAM_HEARTBEAT_S="0.2").url).ask("Hello")
    outages: list[bool] = []
    asking.on_outage = lambda: outages.append(True)
    assert (text_of(list(asking)), outages) == ("Hello", [])


def test_a_server_that_stays_away_is_given_up(
    far: ChatClient, line: Line, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "GIVE_UP_S", 2.0)
    model_server.script(GATED)
    with closing(iter(far.ask("When does the tide come in?"))) as frames:
        until_text(frames, "The tide ")
        line.cut()
        with pytest.raises(UpstreamBroke, match="out of reach for 2 s"):
            next(frames)


def test_nobody_there(model_server: ModelServer) -> None:
    began = time.monotonic()
    with pytest.raises(UpstreamUnreachable, match="There is no server at"):
        list(ChatClient(f"http://127.0.0.1:{free_port()}").ask("Hello"))
    assert time.monotonic() - began < 2  # nothing was sent that would have to be sent again: that takes over 3 s


def test_a_submission_that_broke_off_is_sent_again_and_starts_one_run(
    far: ChatClient, line: Line, one_server: ChatStream, model_server: ModelServer
) -> None:
    """The line breaks when the server has taken the question, before a first frame comes back."""
    model_server.script([["gate", "head"], *answer("one two")])
    asking = far.ask("Count")
    found: list[Frame] = []
    reading = threading.Thread(target=lambda: found.extend(asking))
    reading.start()
    model_server.wait(lambda log: log)
    line.cut()
    line.mend()
    model_server.release("head")
    reading.join(20)
    assert (text_of(found), found[-1]["state"]) == ("one two", "complete")
    assert len(model_server.requests()) == 1
    assert len(Api(one_server.address).history(asking.ids["chatId"])) == 2


@pytest.fixture
def killable(one_server: ChatStream) -> Iterator[ChatStream]:
    yield one_server
    one_server.wait_until(one_server.ready, "have a worker again")


def test_a_worker_that_is_killed(killable: ChatStream, near: ChatClient, model_server: ModelServer) -> None:
    model_server.script(GATED)
    asking = near.ask("When does the tide come in?")
    with closing(iter(asking)) as frames:
        seen = until_text(frames, "The tide ")
        killable.kill_worker()
        found = [*seen, *frames]
    assert text_of(found) == "The tide "
    assert (found[-1]["state"], found[-1]["error"]["code"]) == ("interrupted", "worker_lost")
    assert [frame for frame in found if "state" in frame] == [found[-1]]
    assert len(model_server.requests()) == 1


def test_an_answer_whose_chat_is_deleted_meanwhile(
    far: ChatClient, line: Line, one_server: ChatStream, model_server: ModelServer
) -> None:
    model_server.script(GATED)
    asking = far.ask("When does the tide come in?")
    with closing(iter(asking)) as frames:
        until_text(frames, "The tide ")
        line.cut()
        Api(one_server.address).call("DELETE", f"/chat/{asking.ids['chatId']}")
        line.mend()
        with pytest.raises(NotFound):
            list(frames)


def test_events_that_are_no_longer_kept_are_read_from_the_chat(
    far: ChatClient, line: Line, one_server: ChatStream, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server has none left to give: what is told is the message, its text only where it was not shown yet."""
    model_server.script(GATED)
    asking = far.ask("When does the tide come in?")
    monkeypatch.setattr(asking, "_resumed", lambda: None)
    with closing(iter(asking)) as frames:
        seen = until_text(frames, "The tide ")
        line.cut()
        model_server.release("more")
        model_server.release("rest")
        line.mend()
        found = [*seen, *frames]
    assert (text_of(found), found[-1]["state"]) == (TIDE, "complete")
    assert set(found[-1]) == {"chatId", "state", "usage", "timings"}


def test_stop_from_another_thread(near: ChatClient, one_server: ChatStream, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["gate", "never"]])
    asking = near.ask("Hello")
    with closing(iter(asking)) as frames:
        seen = until_text(frames, "Hel")
        asking.stop()
        found = ends(asking, frames, seen, one_server)
    assert (text_of(found), found[-1]["state"]) == ("Hel", "stopped")
    assert model_server.wait_ended(1)[0]["ended"] in ("client_closed", "client_reset")


def test_stop_before_the_run_is_known(serve: Serve, model_server: ModelServer) -> None:
    model_server.script([["gate", "never"]])
    asking = ChatClient(serve(CHATSTREAM_STATUS_WAIT_S="1").url).ask("Hello")
    threading.Timer(0.2, asking.stop).start()
    assert list(asking)[-1]["state"] == "stopped"


def test_stop_where_the_server_does_not_answer(
    far: ChatClient, line: Line, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "STOP_S", 1.0)
    model_server.script(GATED)
    asking = far.ask("When does the tide come in?")
    with closing(iter(asking)) as frames:
        until_text(frames, "The tide ")
        line.freeze()
        asking.stop()
        assert list(frames) == []


def test_leaving_ends_nothing(near: ChatClient, one_server: ChatStream, model_server: ModelServer) -> None:
    model_server.script(GATED)
    asking = near.ask("When does the tide come in?")
    with closing(iter(asking)) as frames:
        until_text(frames, "The tide ")
    model_server.release("more")
    model_server.release("rest")
    api = Api(one_server.address)
    frames_kept = list(api.open("GET", f"/runs/{asking.ids['runId']}/events").frames())
    assert frames_kept[-1][1]["state"] == "complete"


ROWS = [fault for fault in KINDS if fault.server != "brief"]


@pytest.mark.parametrize("fault", ROWS, ids=[fault.name for fault in ROWS])
def test_every_way_to_end(fault: Fault, serve: Serve, model_server: ModelServer, servers: dict[str, Any]) -> None:
    if fault.server not in servers:
        servers[fault.server] = serve(**SERVERS[fault.server])
    model_server.script(fault.script)
    frames = list(ChatClient(servers[fault.server].url).ask("Hello"))
    assert (text_of(frames), frames[-1]["state"]) == (fault.joined("text"), fault.state)
    assert frames[-1].get("error", {}).get("code") == fault.code


@pytest.fixture(scope="module")
def servers() -> dict[str, Any]:
    return {}


@pytest.mark.parametrize(
    ("fields", "error", "sentence"),
    [
        ({"chatId": "123"}, BadRequest, "chatId must be an id"),
        ({"chatId": "0" * 24}, NotFound, "There is no such chat"),
        ({"tools": ["nonsense"]}, BadRequest, "nonsense"),
        ({"temperature": 7}, BadRequest, "temperature"),
    ],
)
def test_a_question_that_is_not_taken(
    fields: dict[str, Any], error: type[ChatStreamError], sentence: str, near: ChatClient, model_server: ModelServer
) -> None:
    with pytest.raises(error, match=sentence):
        list(near.ask("Hello", **fields))
    assert model_server.requests() == []


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://x", "http://", "http://[", "http://x:99999", ""])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(BadRequest, match="is no address of a server"):
        ChatClient(url)


@pytest.mark.parametrize(
    "script",
    [
        [["status", 200, {"Content-Type": "text/html"}, "<html>"]],
        [["status", 200, {}, {"hello": "world"}]],
        [["status", 404, {}, "no such route"]],
        [["status", 301, {"Location": "http://127.0.0.1:9/"}, ""]],
        [["raw", "id: x\ndata: {}\n\n"], ["end"]],
        [["raw", "id: 1\ndata: nonsense\n\n"], ["end"]],
    ],
)
def test_a_server_that_is_another(script: list[Any], model_server: ModelServer) -> None:
    model_server.script(script)
    with pytest.raises(UpstreamInvalid, match="does not answer as ChatStream does"):
        list(ChatClient(model_server.url).ask("Hello"))
    assert len(model_server.requests()) == 1


def test_a_gateway_that_has_lost_its_server_is_asked_again(model_server: ModelServer) -> None:
    frames = (
        'id: 1\ndata: {"runId":"r","chatId":"c","messageId":"m"}\n\nid: 2\ndata: {"chatId":"c","state":"complete"}\n\n'
    )
    model_server.script([["status", 502, {"Content-Type": "text/html"}, "<html>Bad Gateway"]])
    model_server.script([["raw", frames], ["end"]])
    assert list(ChatClient(model_server.url).ask("Hello"))[-1]["state"] == "complete"
    first, second = (entry["body"] for entry in model_server.requests())
    assert first == second
    assert len(first["requestId"]) == 32


IDS = 'id: 1\ndata: {"runId":"r","chatId":"c","messageId":"m"}\n\n'
HELLO = 'id: 2\ndata: {"text":"Hello"}\n\n'
WORLD = 'id: 3\ndata: {"text":" world"}\n\n'
END = 'id: 4\ndata: {"chatId":"c","state":"complete"}\n\n'


def test_frames_that_come_again_are_given_once(model_server: ModelServer) -> None:
    """Also where a server repeats what it was told is known, in parts."""
    model_server.script([["raw", IDS + HELLO], ["sleep", 0.05], ["rst"]])
    model_server.script([["raw", IDS + HELLO + WORLD + WORLD], ["sleep", 0.05], ["fin"]])
    model_server.script([["raw", HELLO + WORLD + END], ["end"]])
    frames = list(ChatClient(model_server.url).ask("Hello"))
    assert (len(frames), text_of(frames)) == (4, "Hello world")
    asked = [entry["path"] for entry in model_server.requests()]
    assert asked == ["/v1/chat", "/v1/runs/r/events?after=2", "/v1/runs/r/events?after=3"]


def test_a_server_that_lost_words_that_were_seen(model_server: ModelServer) -> None:
    """It died before it stored them: they were shown, and none that was stored is shown again."""
    message = {"_id": "m", "content": "Hel", "state": "interrupted", "usage": None, "timings": None}
    error = {"message": "The server stopped.", "code": "worker_lost"}
    model_server.script([["raw", IDS + HELLO], ["sleep", 0.05], ["rst"]])
    model_server.script(failure(410, "gone"))
    model_server.script([["status", 200, {}, {"history": [message | {"error": error}]}]])
    frames = list(ChatClient(model_server.url).ask("Hello"))
    assert text_of(frames) == "Hello"
    assert (frames[-1]["state"], frames[-1]["error"]) == ("interrupted", error)


def test_an_upstream_refusal_is_an_answer_that_failed(near: ChatClient, model_server: ModelServer) -> None:
    model_server.script(failure(429, "slow down"))
    ids, end = list(near.ask("Hello"))
    assert set(ids) == {"runId", "chatId", "messageId"}
    assert (end["state"], end["error"]["code"]) == ("upstream_error", "upstream_rate_limited")
