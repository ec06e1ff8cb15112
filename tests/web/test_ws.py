"""`GET /ws`: Runs over a WebSocket, directly and through nginx."""

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
import websocket

from chatstream.store.records import new_id
from tests.api import Api, Reply
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer, failure
from tests.web.conftest import Serve
from tests.web.front import front
from tests.web.passing_on import BROKEN, LEFT, NEVER, REFUSALS, Steps
from tests.web.peer import Peer, text_of

HEL: Steps = [["text", "Hel"], ["sleep", 0.05]]
NAMED = "https://app.example"


@pytest.fixture(scope="module")
def server(serve: Serve) -> ChatStream:
    return serve(CHATSTREAM_EVENT_BYTES="65536", CHATSTREAM_CORS_ORIGINS=NAMED, CHATSTREAM_PROMPT_MAX="100000")


@pytest.fixture(params=["direct", "nginx"])
def address(request: pytest.FixtureRequest, server: ChatStream, model_server: ModelServer) -> Iterator[str]:
    if request.param == "direct":
        yield server.address
        return
    with front(server) as nginx:
        yield f"127.0.0.1:{nginx.port}"


@pytest.fixture
def peer(address: str) -> Iterator[Peer]:
    with Peer(address) as connected:
        yield connected


@pytest.fixture
def api(server: ChatStream) -> Api:
    return Api(server.address)


def test_one_answer_after_the_other_however_slowly_the_first_is_read(
    server: ChatStream, api: Api, model_server: ModelServer
) -> None:
    model_server.script([["repeat", 100, [["text", "x" * 60_000]]], ["finish", "stop"], ["done"], ["end"]])
    _, frames = api.answer("Long")
    with Peer(server.address, (socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)) as peer:
        peer.say("follow", runId=frames[0][1]["runId"])
        time.sleep(0.5)
        peer.say("start", prompt="Next")
        heard = [peer.hear()]
        while "state" not in heard[-1]:
            heard.append(peer.hear())
    assert [frame for frame in heard if "error" not in frame] == [value for _, value in frames]
    assert len(model_server.requests()) == 1


def test_the_frames_are_those_of_the_run(peer: Peer, api: Api, model_server: ModelServer) -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    model_server.script([["reasoning", "hm"], *HEL, *answer("lo wörld 😀")[:-3], ["usage", usage], ["done"], ["end"]])
    frames = peer.ask(temperature=0.5, system="Be brief.")
    assert (frames[1], text_of(frames)) == ({"reasoning": "hm"}, "Hello wörld 😀")
    assert (frames[-1]["state"], frames[-1]["usage"]) == ("complete", usage)
    sent = list(api.open("GET", f"/runs/{frames[0]['runId']}/events").frames())
    assert sent == list(enumerate(frames, 1))
    assert api.history(frames[0]["chatId"])[1]["content"] == "Hello wörld 😀"
    asked = model_server.requests()[0]["body"]
    assert (asked["temperature"], asked["messages"][0]["content"]) == (0.5, "Be brief.")


def test_one_run_after_the_other(peer: Peer, model_server: ModelServer) -> None:
    chat = peer.ask()[0]["chatId"]
    for _ in range(20):  # at once: whoever has the last frame may ask again
        frames = peer.ask(chatId=chat)
        assert (frames[0]["chatId"], frames[-1]["state"]) == (chat, "complete")


def test_one_run_at_a_time(peer: Peer, api: Api, model_server: ModelServer) -> None:
    model_server.script([*HEL, ["gate", "go on"], *answer("lo")])
    peer.say("start", prompt="Hello")
    ids, first = peer.hear(), peer.hear()
    for order in ({"type_": "start", "prompt": "More"}, {"type_": "follow", "runId": ids["runId"]}):
        peer.say(**order)
        assert peer.refused() == "conflict"
    model_server.release("go on")
    assert text_of([first, *peer.rest()]) == "Hello"
    assert len(model_server.requests()) == 1


def test_stop(peer: Peer, api: Api, model_server: ModelServer) -> None:
    peer.say("stop")  # there is nothing to be stopped, which is no fault
    model_server.script([*HEL, NEVER])
    peer.say("start", prompt="Hello")
    ids, _ = peer.hear(), peer.hear()
    peer.say("stop")
    assert peer.rest()[-1]["state"] == "stopped"
    assert model_server.wait_ended()[0]["ended"] in LEFT
    assert api.history(ids["chatId"])[1]["state"] == "stopped"
    assert peer.ask()[-1]["state"] == "complete"


def test_a_lost_connection_is_taken_up_in_another(address: str, api: Api, model_server: ModelServer) -> None:
    model_server.script([*HEL, ["gate", "go on"], *answer("lo world", 0.02)])
    with Peer(address) as lost:
        lost.say("start", prompt="Hello")
        seen = [lost.hear(), lost.hear()]
    with Peer(address) as peer, Peer(address) as second:
        for other, after in ((peer, 2), (second, 0)):
            other.say("follow", runId=seen[0]["runId"], after=after)
        model_server.release("go on")
        rest = peer.rest()
        assert (text_of(seen + rest), rest[-1]["state"]) == ("Hello world", "complete")
        assert second.rest() == seen + rest
        peer.say("follow", runId=seen[0]["runId"], after=len(seen + rest) - 1)
        assert peer.rest() == rest[-1:]
        for after in (len(seen + rest), len(seen + rest) + 1):
            peer.say("follow", runId=seen[0]["runId"], after=after)
            assert peer.refused() == "gone"
    assert len(model_server.requests()) == 1


def test_whoever_follows_may_stop(address: str, model_server: ModelServer) -> None:
    model_server.script([*HEL, NEVER])
    with Peer(address) as first, Peer(address) as other:
        first.say("start", prompt="Hello")
        other.say("follow", runId=first.hear()["runId"])
        other.hear()
        other.say("stop")
        assert (first.rest()[-1]["state"], other.rest()[-1]["state"]) == ("stopped", "stopped")


def test_a_client_that_leaves_stops_nothing(address: str, api: Api, model_server: ModelServer) -> None:
    model_server.script([*HEL, ["gate", "go on"], *answer("lo")])
    with Peer(address) as peer:
        peer.say("start", prompt="Hello")
        ids, _ = peer.hear(), peer.hear()
    model_server.release("go on")
    frames = list(api.open("GET", f"/runs/{ids['runId']}/events").frames())
    assert frames[-1][1]["state"] == "complete"
    assert model_server.requests()[0]["ended"] == "finished"


def test_the_same_request_id_starts_one_run(address: str, model_server: ModelServer) -> None:
    once = new_id()
    with Peer(address) as peer, Peer(address) as again:
        assert peer.ask(requestId=once) == again.ask(requestId=once)
        again.say("start", prompt="Another", requestId=once)
        assert again.refused() == "conflict"
        reply = Api(address).post("/chat", {"prompt": "Hello", "requestId": once})
        assert (reply.status, reply.json["completion"]) == (200, "Hello world")
    assert len(model_server.requests()) == 1


REFUSED: list[tuple[str | bytes, str]] = [
    ("{", "bad_request"),
    ("", "bad_request"),
    ("[]", "bad_request"),
    ("null", "bad_request"),
    ("{}", "bad_request"),
    ("[" * 100_000, "bad_request"),
    ('{"type": "quit"}', "bad_request"),
    ('{"type": ["start"]}', "bad_request"),
    ('{"type": "start"}', "bad_request"),
    ('{"type": "start", "prompt": ""}', "bad_request"),
    ('{"type": "start", "prompt": "\\ud83d"}', "bad_request"),
    (json.dumps({"type": "start", "prompt": "x" * 100_001}), "bad_request"),
    ('{"type": "start", "prompt": "x", "temperature": 3}', "bad_request"),
    ('{"type": "start", "prompt": "x", "model": "nobody/knows"}', "unknown_model"),
    ('{"type": "start", "prompt": "x", "chatId": "0123456789abcdef01234567"}', "not_found"),
    ('{"type": "follow"}', "bad_request"),
    ('{"type": "follow", "runId": "x"}', "bad_request"),
    ('{"type": "follow", "runId": "0123456789abcdef01234567"}', "not_found"),
    ('{"type": "follow", "runId": "0123456789abcdef01234567", "after": -1}', "bad_request"),
    (b'{"type": "start", "prompt": "x"}', "bad_request"),
]


def test_what_does_not_fit_is_refused_and_the_connection_stays(peer: Peer, model_server: ModelServer) -> None:
    for message, code in REFUSED:
        peer.socket.send(message, websocket.ABNF.OPCODE_BINARY if isinstance(message, bytes) else 1)
        assert (message[:60], peer.refused()) == (message[:60], code)
    assert model_server.requests() == []
    assert peer.ask()[-1]["state"] == "complete"


def test_fragments_make_one_message(peer: Peer, model_server: ModelServer) -> None:
    message = json.dumps({"type": "start", "prompt": "wörld 😀"}, ensure_ascii=False).encode()
    cuts = [message[at : at + 1] for at in range(len(message))]
    for n, part in enumerate(cuts):
        opcode = websocket.ABNF.OPCODE_CONT if n else websocket.ABNF.OPCODE_TEXT
        peer.socket.send_frame(websocket.ABNF(n == len(cuts) - 1, 0, 0, 0, opcode, 1, part))
    assert peer.rest()[-1]["state"] == "complete"
    assert model_server.requests()[0]["body"]["messages"][-1]["content"] == "wörld 😀"


@pytest.mark.parametrize(("steps", "status", "retry_after"), REFUSALS)
def test_an_upstream_that_refuses_is_a_last_frame(
    peer: Peer, model_server: ModelServer, steps: Steps, status: int, retry_after: str | None
) -> None:
    model_server.script(steps)
    frames = peer.ask()
    assert (len(frames), frames[-1]["state"]) == (2, "upstream_error")
    assert set(frames[-1]["error"]) == {"message", "code"}
    assert len(model_server.requests()) == 1


@pytest.mark.parametrize("steps", BROKEN)
def test_what_breaks_in_the_middle_never_looks_whole(peer: Peer, model_server: ModelServer, steps: Steps) -> None:
    model_server.script([*HEL, *steps])
    frames = peer.ask()
    assert text_of(frames) == "Hel"
    assert frames[-1]["state"] in ("truncated", "upstream_error")
    assert set(frames[-1]["error"]) == {"message", "code"}
    assert len(model_server.requests()) == 1
    assert peer.ask()[-1]["state"] == "complete"


def test_a_killed_worker_is_a_lost_connection(address: str, server: ChatStream, model_server: ModelServer) -> None:
    model_server.script([*HEL, NEVER])
    with Peer(address) as peer:
        peer.say("start", prompt="Hello")
        ids, _ = peer.hear(), peer.hear()
        time.sleep(1)  # what is older than that is on the disk
        server.kill_worker()
        with pytest.raises((websocket.WebSocketException, OSError)):
            peer.hear()
    server.wait_until(server.ready, "have a worker again")
    with Peer(address) as peer:
        peer.say("follow", runId=ids["runId"], after=2)
        assert peer.rest()[-1]["state"] == "interrupted"


# -- who may come in


def handshake(address: str, **headers: str) -> Reply:
    usual = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    given = {name: value for name, value in {**usual, **key, **headers}.items() if value}
    return Api(address).get("/ws", given)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": f"{NAMED}.evil"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_pages_of_other_sites_are_refused(address: str, headers: dict[str, str]) -> None:
    reply = handshake(address, **headers)
    assert (reply.status, reply.json["code"]) == (403, "cross_site")


@pytest.mark.parametrize("origin", [NAMED, "http://{}"])
def test_named_pages_and_our_own_are_let_in(address: str, model_server: ModelServer, origin: str) -> None:
    with Peer(address, Origin=origin.format(address)) as peer:
        assert peer.ask()[-1]["state"] == "complete"


@pytest.mark.parametrize(
    "headers",
    [
        {"Connection": "", "Upgrade": "", "Sec-WebSocket-Version": "", "Sec-WebSocket-Key": ""},
        {"Upgrade": "h2c"},
        {"Sec-WebSocket-Version": "8"},
        {"Sec-WebSocket-Key": ""},
        {"Sec-WebSocket-Key": "short"},
    ],
)
def test_what_opens_no_websocket_is_told_so(address: str, headers: dict[str, str]) -> None:
    reply = handshake(address, **headers)
    assert (reply.status, "WebSocket" in reply.json["message"]) == (400, True)


def test_another_method_is_not_taken(address: str) -> None:
    assert Api(address).post("/ws", {"type": "start"}).status == 405


def test_a_full_server_says_so(serve: Serve, model_server: ModelServer) -> None:
    server = serve(CHATSTREAM_MAX_STREAMS="1")
    model_server.script([*HEL, NEVER])
    with Peer(server.address) as peer, Peer(server.address) as other:
        peer.say("start", prompt="Hello")
        peer.hear()
        other.say("start", prompt="Hello")
        assert other.refused() == "busy"
        peer.say("stop")
        peer.rest()
        assert other.ask()[-1]["state"] == "complete"


def test_a_refusing_model_server_is_asked_once(peer: Peer, model_server: ModelServer) -> None:
    model_server.script(failure(429, "slow down", {"Retry-After": "7"}))
    last: Any = peer.ask()[-1]
    assert last["error"]["code"] == "upstream_rate_limited"
