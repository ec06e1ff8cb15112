"""What a call is said to have sent is what a client of the model server receives, byte by byte."""

import time

import pytest

from tests.faults.clients import Client, request_bytes
from tests.faults.received import body_of
from tests.faults.record import Reading, Upstream, whole
from tests.faults.rehearsal import sayings, upstream
from tests.faults.scripts import BAD, GOOD, MARK, cut, marked
from tests.servers.model_server import ModelServer
from tests.servers.model_steps import Step

pytestmark = pytest.mark.alone

SAID: list[Step] = [["text", MARK], *cut(" naïve 😀", 3), ["text", "\ud83d"], ["text", "\ude00"], ["reasoning", "Hm"]]
ENDINGS = {name: steps for name, steps in (GOOD | BAD).items() if name != "stall"}


def call(server: ModelServer, steps: list[Step], leave_s: float | None = None) -> tuple[Upstream, bytes]:
    """Have this script played: what is said of the call, and the bytes that came."""
    others = [marked([["text", MARK], ["text", "another"]], "t8"), [["rst"]]]
    server.script(steps)
    reading = Reading("ask", 0, "t0", time.monotonic())
    request = request_bytes("POST", "/v1/chat/completions", {"model": "t0"})
    client = Client(reading, f"127.0.0.1:{server.port}", request).start()
    if leave_s is not None:
        client.wait(leave_s)
        client.leave("fin")
    assert client.wait(10)
    return upstream(server.wait_ended()[0], [*others, steps]), b"".join(data for _, data in reading.pieces)


def text_in(data: bytes) -> str:
    body, _ = body_of(200, {"transfer-encoding": "chunked"}, data.partition(b"\r\n\r\n")[2])
    return whole("".join(saying[0] for _, saying in sayings(body) if isinstance(saying, tuple)))


@pytest.mark.parametrize("ending", ENDINGS)
def test_all_that_was_sent_is_known(ending: str, model_server: ModelServer) -> None:
    said, data = call(model_server, marked([*SAID, *ENDINGS[ending]], "t0"))
    last = " last" if ending == "FIN after an event in mid-chunk" else ""
    assert said.text == text_in(data) == f"t0:  naïve 😀😀{last}"
    assert said.reasoning == "Hm"
    good = ending if ending in ("length", "content_filter") else "stop"
    assert said.finish == (good if ending in GOOD else None)


def test_more_than_the_log_keeps(model_server: ModelServer) -> None:
    said, data = call(
        model_server, marked([["text", MARK], ["text", "x" * 200_000], ["text", "y"], *GOOD["stop"]], "t0")
    )
    assert said.text == text_in(data) == "t0: " + "x" * 200_000 + "y"


def test_a_client_that_leaves_bounds_what_was_sent_and_when(model_server: ModelServer) -> None:
    steps = marked([["text", MARK], ["repeat", 3, [["sleep", 0.4], ["text", "word"]]], *GOOD["stop"]], "t0")
    said, data = call(model_server, steps, leave_s=0.6)
    assert said.text == text_in(data) == "t0: word"
    assert said.ended == "client_closed"
    first, second = said.said
    assert 0.39 < second.at - first.at < said.ended_at - first.at


def test_a_script_that_nobody_wrote_is_no_script(model_server: ModelServer) -> None:
    call(model_server, marked([*SAID, *GOOD["stop"]], "t0"))
    with pytest.raises(LookupError):
        upstream(model_server.requests()[0], [[["rst"]]])
