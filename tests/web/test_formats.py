"""Every shape of an answer, by the table in formats.py: whole, refused, broken, stopped, interrupted, left by readers.

No shape shows its success mark for an answer that did not end well.
"""

import signal
import time
from collections.abc import Iterator
from typing import Any

import gevent
import pytest

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.web.conftest import Serve
from tests.web.fault import Fault
from tests.web.formats import SHAPES, Answer, Shape
from tests.web.front import front
from tests.web.upstream_faults import BREAKS, DIALECTS, LIES, LIMITS, REFUSALS, SERVERS

HEL = [["text", "Hel"], ["gate", "go on"]]
NEVER = ["gate", "never"]
LEFT = {"client_closed", "client_reset"}

each = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
streaming = pytest.mark.parametrize("shape", [s for s in SHAPES if s.streams], ids=lambda shape: shape.name)
KINDS = {(f.state, f.code, f.server): f for f in (*REFUSALS, *BREAKS, *LIES, *LIMITS, *DIALECTS) if not f.heavy}


@pytest.fixture(scope="module")
def servers(serve: Serve) -> dict[str, Api]:
    """By the name that a row of upstream's faults has for it."""
    wanted = {fault.server for fault in KINDS.values()}
    return {name: Api(serve(**SERVERS[name]).address) for name in wanted}


@pytest.fixture
def usual(servers: dict[str, Api], model_server: ModelServer) -> Api:
    return servers["usual"]


# -- whole


@each
def test_a_whole_answer(usual: Api, model_server: ModelServer, shape: Shape) -> None:
    model_server.script([["reasoning", "Hm."], *answer("one\r\ntwo  three 😀\n")])
    streamed = shape.ask(usual, "good")
    assert (streamed.status, streamed.headers["Content-Type"]) == (200, shape.kind)
    found = streamed.received()
    wanted = "one\r\ntwo  three 😀\n"
    assert found.text == (wanted.replace("\r\n", "\n") if shape.no_cr else wanted)
    assert (found.mark, found.sentence or None, found.cut) == ("success", None, False)
    assert found.reasoning == ("Hm." if shape.says_thoughts else "")
    assert len(model_server.requests()) == 1


@streaming
def test_the_head_of_a_stream(usual: Api, model_server: ModelServer, shape: Shape) -> None:
    model_server.script(answer("Hello"))
    headers = shape.ask(usual, "head").headers
    assert (headers["X-Accel-Buffering"], headers["Cache-Control"]) == ("no", "no-cache, no-transform")
    assert headers["Transfer-Encoding"] == "chunked"
    assert (headers["X-Run-Id"] is not None, headers["X-Chat-Id"] is not None) == (shape.recorded, shape.recorded)
    assert headers["x-vercel-ai-ui-message-stream"] == shape.version


@streaming
def test_pieces_come_as_they_are_written(usual: Api, model_server: ModelServer, shape: Shape) -> None:
    model_server.script([*HEL, *answer("lo")])
    streamed = shape.ask(usual, "pieces")
    assert b"lo" not in streamed.until(b"Hel")
    model_server.release("go on")
    assert streamed.received().mark == "success"


# -- refused

BAD = [(shape, body, words) for shape in SHAPES for body, words in shape.bad]


@pytest.mark.parametrize(("shape", "body", "words"), BAD, ids=[f"{s.name}-{n}" for n, (s, _, _) in enumerate(BAD)])
def test_what_does_not_fit_is_refused(
    usual: Api, model_server: ModelServer, shape: Shape, body: Any, words: str
) -> None:
    before = usual.get("/chats").json
    method, path, _ = shape.question("x")
    reply = usual.get(f"/api/chat?{body}") if method == "GET" else usual.call(method, path, body)
    assert reply.status == {"no such chat": 404, "more than 200000 lists": 413}.get(words, 400)
    assert set(reply.json) == {"message", "code"}
    assert words in reply.json["message"]
    assert usual.get("/chats").json == before
    assert model_server.requests() == []


@each
def test_an_unknown_model_is_refused(usual: Api, model_server: ModelServer, shape: Shape) -> None:
    streamed = shape.ask(usual, "unknown", model="nobody/knows")
    assert (streamed.status, streamed.json()["code"]) == (400, "unknown_model")
    assert model_server.requests() == []


@each
def test_head_starts_nothing(usual: Api, model_server: ModelServer, shape: Shape) -> None:
    _, path, _ = shape.question("head")
    assert usual.call("HEAD", path).status in (405, 404)  # 404: a session may be named "stream"
    assert model_server.requests() == []


@each
def test_a_page_of_another_site_is_refused(usual: Api, model_server: ModelServer, shape: Shape) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://elsewhere.example"}):
        reply = usual.call(*shape.question("elsewhere"), headers)
        assert (reply.status, reply.json["code"]) == (403, "cross_site")
    assert model_server.requests() == []


# -- broken


@pytest.mark.parametrize("fault", KINDS.values(), ids=lambda fault: fault.name)
@each
def test_upstream_at_fault(servers: dict[str, Api], model_server: ModelServer, shape: Shape, fault: Fault) -> None:
    """One row of each way to end, in each shape."""
    model_server.script(fault.script)
    streamed = shape.ask(servers[fault.server], fault.name)
    text, thoughts = fault.joined("text"), fault.joined("reasoning")
    if streamed.status != 200:
        assert fault.code is not None
        assert fault.streamed != 200 or shape.waits
        check_status(fault, shape, streamed)
        return
    assert fault.streamed == 200 or not shape.refuses
    found = streamed.received()
    assert (found.text, found.reasoning) == (text, thoughts if shape.says_thoughts else "")
    assert found.mark == ("failure" if fault.code else "success")
    check_sentence(fault, shape, found.sentence or "", wanted=bool(fault.code) and not shape.cuts)


def check_status(fault: Fault, shape: Shape, streamed: Answer) -> None:
    body = streamed.json()
    assert (streamed.status, body["code"]) == (fault.whole, fault.code if shape.recorded else body["code"])
    assert streamed.headers["Retry-After"] == fault.retry_after
    if shape.recorded:
        assert body["state"] == fault.state
    check_sentence(fault, shape, body["message"], wanted=True)


def check_sentence(fault: Fault, shape: Shape, sentence: str, wanted: bool) -> None:
    if not wanted:
        assert sentence == ""
    elif fault.sentence.endswith("…"):
        assert sentence.startswith(fault.sentence[:-1])
    elif fault.code == "upstream_broke" and not shape.recorded:  # nobody counts its tokens
        assert sentence.startswith("The connection to the model server broke")
    else:
        assert sentence == fault.sentence


@streaming
def test_a_break_through_nginx(serve: Serve, model_server: ModelServer, shape: Shape) -> None:
    with front(serve()) as nginx:
        model_server.script([["text", "Hel"], ["sleep", 0.2], ["rst"]])
        found = shape.ask(Api(f"127.0.0.1:{nginx.port}"), "nginx").received()
    assert (found.text, found.mark, found.cut) == ("Hel", "failure", shape.cuts)


# -- stopped and interrupted


@pytest.mark.parametrize("shape", [s for s in SHAPES if s.recorded and s.streams], ids=lambda shape: shape.name)
def test_stopped_in_the_middle(usual: Api, model_server: ModelServer, shape: Shape) -> None:
    model_server.script([["text", "Hel"], NEVER])
    streamed = shape.ask(usual, "stop")
    streamed.until(b"Hel")
    assert usual.post(f"/runs/{streamed.headers['X-Run-Id']}/stop").status == 202
    found = streamed.received()
    assert (found.text, found.mark, found.cut) == ("Hel", "failure", shape.cuts)
    if shape.says_stopped:
        assert found.sentence == "This answer was stopped before its end."


@pytest.mark.parametrize("shape", [s for s in SHAPES if s.recorded and s.waits], ids=lambda shape: shape.name)
def test_stopped_before_the_first_text(serve: Serve, model_server: ModelServer, shape: Shape) -> None:
    """Somebody else stops it, who knows it by its chat: its reader has no head yet."""
    api = Api(serve().address)
    model_server.script([["reasoning", "Hm."], NEVER])
    asking = gevent.spawn(lambda: shape.ask(api, "stop"))
    model_server.wait(lambda log: len(log) == 1)
    (chat,) = api.get("/chats").json["chats"]
    run_id = api.history(chat["_id"])[1]["runId"]
    api.post(f"/runs/{run_id}/stop")
    streamed = asking.get(timeout=20)
    body = streamed.json()
    assert (streamed.status, body["code"], body["state"]) == (409, "stopped", "stopped")
    assert (body["chatId"], body["runId"]) == (chat["_id"], run_id)


@pytest.fixture(scope="module")
def stopping(model_server_process: ModelServer) -> Iterator[ChatStream]:
    env = {"OPENAI_BASE_URL": model_server_process.url, "AI_MODEL": "m", "CHATSTREAM_DRAIN_S": "0.2"}
    with ChatStream(env) as server:
        yield server


def test_interrupted_by_a_server_that_stops(stopping: ChatStream, model_server: ModelServer) -> None:
    """All shapes at once: each has its answer begun, and then the server is told to end."""
    model_server.default([["text", "Hel"], NEVER])
    asked = [(shape, shape.ask(Api(stopping.address), "drain")) for shape in SHAPES if shape.streams]
    for _, streamed in asked:
        streamed.until(b"Hel")
    stopping.signal(signal.SIGTERM)
    for shape, streamed in asked:
        found = streamed.received()
        assert (shape.name, found.text, found.mark) == (shape.name, "Hel", "failure")
        if not shape.cuts:
            assert found.sentence == "The server stopped while it wrote this answer."


# -- left by its reader


@streaming
def test_its_reader_leaves(usual: Api, model_server: ModelServer, shape: Shape) -> None:
    """A Run goes on without it; a relayed answer ends, and its model server is told within a second or so."""
    model_server.script([*HEL, *answer("lo")])
    streamed = shape.ask(usual, "leave")
    streamed.until(b"Hel")
    ids = streamed.headers
    streamed.close()
    if not shape.recorded:
        (entry,) = model_server.wait_ended()
        assert entry["ended"] in LEFT
        return
    time.sleep(0.1)
    model_server.release("go on")
    frames = list(usual.open("GET", f"/runs/{ids['X-Run-Id']}/events").frames())
    assert frames[-1][1]["state"] == "complete"
    assert usual.history(ids["X-Chat-Id"])[-1]["content"] == "Hello"


@streaming
def test_a_heartbeat_while_nothing_is_shown(serve: Serve, model_server: ModelServer, shape: Shape) -> None:
    """Pieces of a tool's call come, and not every form shows them."""
    api = Api(serve(CHATSTREAM_HEARTBEAT_S="1.5").address)
    piece = {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": " "}}]}
    model_server.script([["text", "Hel"], ["repeat", 14, [["delta", piece], ["sleep", 0.2]]], *answer("lo")])
    streamed = shape.ask(api, "beat")
    assert streamed.received().mark == "success"
    assert (b": ping\n\n" in streamed.body) == shape.hides_calls
