"""Deadlines and bounds of one answer: each ends it within a second of its time, in a sentence that names the limit."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api import Api, text_of
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer, failure
from tests.web import processes
from tests.web.conftest import Serve
from tests.web.fault import Fault
from tests.web.noise import Noise
from tests.web.upstream_faults import FAULTS

MIB = 1 << 20
LIMITS = {
    "CHATSTREAM_FIRST_TOKEN_S": "0.6",
    "CHATSTREAM_SILENCE_S": "0.9",
    "CHATSTREAM_ANSWER_S": "1.2",
    "CHATSTREAM_EVENT_BYTES": "65536",
    "CHATSTREAM_ANSWER_BYTES": "262144",
}
NEVER = ["gate", "never"]
DRIBBLE = ["repeat", 999, [["text", "lo"], ["sleep", 0.1]]]
COMMENTS = ["repeat", 999, [["raw", ": hm\n\n"], ["sleep", 0.05]]]
LONG_LINE = ["raw", "data: " + "x" * 70_000]
TOO_MUCH = ["repeat", 300, [["text", "x" * 1000]]]

# The script, the step at which the limit's time begins (None: with the request), its seconds, the state, its words.
CASES: dict[str, tuple[list[Any], str | None, float, str, str]] = {
    "first token, no headers": ([NEVER], None, 0.6, "stalled", "0.6 s"),
    "first token, headers": ([["headers", {}], NEVER], None, 0.6, "stalled", "0.6 s"),
    "first token, comments": ([COMMENTS], None, 0.6, "stalled", "0.6 s"),
    "silence": ([["text", "Hel"], NEVER], "text", 0.9, "stalled", "0.9 s"),
    "silence, comments": ([["text", "Hel"], COMMENTS], "text", 0.9, "stalled", "0.9 s"),
    "whole answer": ([["text", "Hel"], DRIBBLE], None, 1.2, "stalled", "1.2 s"),
    "bytes of an event": ([["text", "Hel"], ["sleep", 0.05], LONG_LINE, NEVER], "raw", 0, "upstream_error", "65536 b"),
    "bytes of an answer": ([["text", "Hel"], TOO_MUCH, NEVER], "repeat", 0, "upstream_error", "262144 bytes"),
}


@pytest.fixture(scope="module")
def limited(serve: Serve) -> ChatStream:
    return serve(**LIMITS)


@pytest.fixture
def noise() -> Iterator[Noise]:
    with Noise() as noise:
        yield noise


@pytest.mark.alone
@pytest.mark.parametrize(("script", "step", "limit_s", "state", "words"), CASES.values(), ids=CASES)
def test_a_limit_ends_the_answer_within_a_second_of_its_time(
    limited: ChatStream,
    model_server: ModelServer,
    noise: Noise,
    script: list[Any],
    step: str | None,
    limit_s: float,
    state: str,
    words: str,
) -> None:
    model_server.script(script)
    reply = Api(limited.address).post("/chat", {"prompt": "Hello"})
    told = time.monotonic()
    (entry,) = model_server.wait_ended()
    began = entry["received_at"][0] if step is None else next(at for name, at in entry["steps"] if name == step)
    assert (reply.json["state"], words in reply.json["message"]) == (state, True), reply.json["message"]
    for at in (entry["ended_at"][0], told):
        assert limit_s - 0.1 < at - began < limit_s + 1 + noise.worst
    assert entry["ended"] in ("client_closed", "client_reset")


@pytest.mark.alone
def test_what_came_before_a_bound_is_kept(limited: ChatStream, model_server: ModelServer) -> None:
    model_server.script([["repeat", 300, [["text", "0123456789" * 100]]], NEVER])
    ids, frames = Api(limited.address).answer("Hello")
    text = text_of(frames)
    assert ("0123456789" * 30_000).startswith(text)
    assert len(text) > 100_000  # of 262144 bytes, what the chunks' own JSON leaves
    assert Api(limited.address).history(ids["chatId"])[1]["content"] == text


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.heavy], ids=lambda fault: fault.name)
def test_what_is_too_large_is_never_held(serve: Serve, model_server: ModelServer, fault: Fault) -> None:
    server = serve()
    api, pid = Api(server.address), server.worker_pids()[0]
    model_server.script(answer("first, so that what is loaded once is there"))
    api.answer("Hello")
    processes.reset_peak(pid)
    before = processes.resident(pid)
    model_server.script(fault.script)
    assert api.post("/chat", {"prompt": "Hello"}).json["state"] == fault.state
    assert processes.peak(pid) - before < 8 * MIB
    assert model_server.wait_ended(2)[1]["bytes_sent"] < 40 * MIB  # what the kernel's buffers take, not all of it


def test_a_refusal_after_the_stream_began_is_a_frame(serve: Serve, model_server: ModelServer) -> None:
    api = Api(serve(CHATSTREAM_STATUS_WAIT_S="0.2", CHATSTREAM_HEARTBEAT_S="0.1").address)
    model_server.script([["gate", "later"], *failure(429, "slow down")])
    streamed = api.ask("Hello")
    lines = streamed.lines()
    heard = [next(lines) for _ in range(8)]
    assert (streamed.status, heard.count(": ping") > 0) == (200, True)
    model_server.release("later")
    end = [line for line in lines if line.startswith("data: ")][-1]
    assert '"state":"upstream_error"' in end
    assert '"code":"upstream_rate_limited"' in end
