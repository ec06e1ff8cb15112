"""The checker checked: a forged record of a session for each way to break a promise, and the check that finds it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.api import Frame
from tests.faults.measures import lags
from tests.faults.promises import PROMISES, broken
from tests.faults.record import Answer, Evidence, Fault, Question, Reading, Saying, Submission, Upstream

pytestmark = pytest.mark.alone

RUN = {"runId": "r0", "chatId": "c0", "messageId": "m1"}
END = {"chatId": "c0", "state": "complete", "usage": None, "timings": None}
FRAMES: list[Frame] = [(1, RUN), (2, {"text": "Hel"}), (3, {"text": "lo 😀"}), (4, END)]
HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"


def stream(frames: list[Frame], whole: bool = True, coding: str = "Transfer-Encoding: chunked") -> list[bytes]:
    """A streamed response in pieces: its head, each frame, its end."""
    blocks = [f"id: {number}\ndata: {json.dumps(value)}\n\n".encode() for number, value in frames]
    chunks = [b"%x\r\n%b\r\n" % (len(block), block) for block in blocks] if "chunked" in coding else blocks
    return [f"{HEAD}{coding}\r\n\r\n".encode(), *chunks, *([b"0\r\n\r\n"] if whole and "chunked" in coding else [])]


def json_response(status: int, value: Any) -> list[bytes]:
    content = json.dumps(value).encode()
    return [f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content]


def reading(pieces: list[bytes], what: str = "ask", pace: float = 0.5, **fields: Any) -> Reading:
    """A client that sent its request at 10 and got a piece each half second."""
    arrived = [(10 + n * pace, piece) for n, piece in enumerate(pieces, 1)]
    about = {"server": 0, "tag": "t0", "sent_at": 10.0, "ended": "fin", "ended_at": arrived[-1][0]}
    return Reading(what, pieces=arrived, **{**about, **fields})


def stop(at: float, server: int = 0) -> Reading:
    return reading(json_response(202, {}), "stop", server=server, sent_at=at, run_id="r0")


def resume(after: int, pieces: list[bytes]) -> Reading:
    return reading(pieces, "events", run_id="r0", after=after)


def good() -> Evidence:
    """A session of one answer, sent by the model server from 10 to 12, in which nothing went wrong."""
    said = [Saying(10.5, "Hel"), Saying(11.5, "lo 😀")]
    return Evidence(
        submissions={"t0": Submission("t0", "send", "Hello?")},
        readings=[
            reading(stream(FRAMES)),
            resume(2, stream(FRAMES[2:])),
            resume(4, [b"HTTP/1.1 204 No Content\r\n\r\n"]),
        ],
        upstream=[Upstream("t0", 10.1, said, finish="stop", ended_at=12.0)],
        answers={"r0": Answer("r0", "m1", "m0", "t0", "Hello 😀", "complete", "complete", FRAMES)},
        questions={"m0": Question("Hello?")},
    )


def ended(e: Evidence, state: str, text: str, upstream_ended: str, at: float) -> None:
    """The answer of the session ended otherwise: so in the store, and so for its reader."""
    frames: list[Frame] = [(1, RUN), (2, {"text": text}), (3, {**END, "state": state})]
    e.answers["r0"] = Answer("r0", "m1", "m0", "t0", text, state, state, frames)
    e.readings = [reading(stream(frames))]
    e.upstream[0].finish, e.upstream[0].ended, e.upstream[0].ended_at = None, upstream_ended, at


def killed(e: Evidence, at: float, stored: str = "Hel") -> None:
    """The worker was killed; the reader saw more than was stored."""
    ended(e, "interrupted", stored, "client_closed", at)
    e.answers["r0"].frames[-1][1]["error"] = {"message": "", "code": "worker_lost"}
    e.faults = [Fault("kill", at, at, 0)]
    e.readings = [reading(stream(FRAMES[:3], whole=False))]


def stopped(e: Evidence, pressed: float, closed: float) -> None:
    ended(e, "stopped", "Hello 😀", "client_closed", closed)
    e.readings.append(stop(pressed))


def locked(e: Evidence, until: float) -> None:
    e.faults = [Fault("store locked", 9.0, until)]


@pytest.mark.parametrize(
    "change",
    [
        lambda e: None,
        lambda e: killed(e, 12.0),
        lambda e: killed(e, 12.0) or e.readings.append(resume(3, json_response(410, {}))),
        lambda e: e.readings.append(resume(5, json_response(410, {}))),
        lambda e: stopped(e, 11.6, 12.0),
        lambda e: e.readings.append(resume(0, json_response(503, {}))) or locked(e, 11.0),
        lambda e: e.readings.append(reading(json_response(200, {**RUN, **END, "completion": "Hello 😀"}))),
        lambda e: e.readings.append(reading(stream(FRAMES[:2], whole=False))),
        lambda e: noisy(e, 0.6) or e.readings.append(reading(stream(FRAMES), pace=1.5)),
        lambda e: e.readings.append(reading(stream(FRAMES), pace=3.0, lazy=True)),
    ],
    ids=[
        "all well",
        "killed",
        "lost",
        "beyond",
        "stopped",
        "locked",
        "as JSON",
        "cut and seen",
        "noise",
        "reads slowly",
    ],
)
def test_what_is_allowed(change: Callable[[Evidence], object]) -> None:
    session = good()
    change(session)
    assert broken(session) == []


def change_answer(**fields: Any) -> Callable[[Evidence], None]:
    def change(e: Evidence) -> None:
        for name, value in fields.items():
            setattr(e.answers["r0"], name, value)

    return change


def change_call(**fields: Any) -> Callable[[Evidence], None]:
    def change(e: Evidence) -> None:
        for name, value in fields.items():
            setattr(e.upstream[0], name, value)

    return change


def read(*more: Reading) -> Callable[[Evidence], None]:
    return lambda e: e.readings.extend(more)


TEXT_2: Frame = (2, {"text": "Hxl"})
STATE_4: Frame = (4, {**END, "state": "truncated"})
BREACHES: dict[str, list[tuple[str, Callable[[Evidence], object]]]] = {
    "P1": [
        ("the question is gone", lambda e: e.questions.clear()),
        ("the question is another", lambda e: e.questions.update(m0=Question("Hello"))),
        ("the answer is gone", lambda e: e.answers.clear()),
        ("the answer has another id", change_answer(message_id="m9")),
        ("the question stands elsewhere", change_answer(parent_id="m7")),
    ],
    "P2": [
        ("a letter differs", change_answer(content="Hallo 😀")),
        ("more than was sent", change_answer(content="Hello 😀!")),
        ("the end is missing", change_answer(content="Hel")),
        ("twice", change_answer(content="HelHello 😀")),
        ("reasoning that nobody sent", change_answer(reasoning="Hm")),
        ("events without the end", change_answer(frames=[*FRAMES[:2], FRAMES[3]])),
        ("2 s behind after a kill", lambda e: killed(e, 13.6)),
        ("2 s behind after a stop", lambda e: stopped(e, 13.5, 13.6) or change_answer(content="Hel")(e)),
        ("killed 2 s after all was sent", lambda e: killed(e, 14.0) or change_call(ended="finished", ended_at=12)(e)),
        ("another text shown", read(reading(stream([FRAMES[0], TEXT_2], whole=False)))),
        ("kept text changed", lambda e: continued(e, "Hallo 😀")),
    ],
    "P3": [
        ("running for ever", change_answer(state="running")),
        ("another state in its Run", change_answer(run_state="truncated")),
        ("two ends", change_answer(frames=[*FRAMES, (5, END)])),
        ("an end before the end", change_answer(frames=[*FRAMES, (5, {"text": ""})])),
        ("the frames say otherwise", change_answer(frames=[*FRAMES[:3], STATE_4])),
        ("a reader was told otherwise", read(reading(stream([*FRAMES[:3], STATE_4])))),
        ("JSON told otherwise", read(reading(json_response(200, {**RUN, **END, "state": "length", "completion": ""})))),
        ("complete without a reason", change_call(finish=None)),
        ("complete for another reason", change_call(finish="length")),
        ("complete without a call", lambda e: e.upstream.clear()),
        ("interrupted by nobody", lambda e: ended(e, "interrupted", "Hello 😀", "client_closed", 12.0)),
        (
            "lost by nobody",
            lambda e: killed(e, 12.0) or e.faults.append(Fault("hup", 12.0, 12.0, 0)) or e.faults.pop(0),
        ),
        ("stopped by nobody", lambda e: ended(e, "stopped", "Hello 😀", "client_closed", 12.0)),
    ],
    "P4": [
        ("cut, but with its last chunk", read(reading(stream(FRAMES[:3])))),
        ("nothing, but whole", read(reading(stream([])))),
        ("delimited by its connection", read(reading(stream(FRAMES, coding="Connection: close")))),
        ("a success for a failure", change_answer(state="truncated")),
        ("JSON without a state", read(reading(json_response(200, {**RUN, "completion": "Hel"})))),
        (
            "half a frame",
            read(reading([HEAD.encode() + b"Transfer-Encoding: chunked\r\n\r\n6\r\nid: 1\n\r\n2\r\n\n\n\r\n"])),
        ),
    ],
    "P5": [("two calls", lambda e: e.upstream.append(Upstream("t0", 10.2)))],
    "P6": [
        ("noticed late", lambda e: stopped(e, 11.0, 12.2)),
        ("noticed late by another worker", lambda e: stopped(e, 10.0, 12.0) or e.readings.append(stop(10.5, server=1))),
        ("noticed late at home, store locked", lambda e: stopped(e, 11.0, 12.2) or locked(e, 20.0)),
    ],
    "P7": [
        ("a late heartbeat", read(reading(stream(FRAMES), pace=1.3))),
        ("a late end", read(reading(stream(FRAMES, whole=False), ended_at=14.0))),
        ("late while the store is locked", lambda e: read(reading(stream(FRAMES), pace=1.3))(e) or locked(e, 20.0)),
        ("later than the noise", lambda e: noisy(e, 0.5) or read(reading(stream(FRAMES), pace=1.9))(e)),
    ],
    "P8": [
        ("one too many", read(resume(3, stream(FRAMES[2:])))),
        ("one missing", read(resume(1, stream(FRAMES[2:])))),
        ("a gap", read(resume(0, stream([FRAMES[0], *FRAMES[2:]])))),
        ("another text", read(resume(1, stream([TEXT_2, *FRAMES[2:]])))),
        ("204 in the middle", read(resume(2, [b"HTTP/1.1 204 No Content\r\n\r\n"]))),
        ("204 beyond the end", read(resume(5, [b"HTTP/1.1 204 No Content\r\n\r\n"]))),
        (
            "204 for what was lost",
            lambda e: killed(e, 12.0) or read(resume(3, [b"HTTP/1.1 204 No Content\r\n\r\n"]))(e),
        ),
        ("404", read(resume(0, json_response(404, {})))),
        ("410 though it is kept", read(resume(2, json_response(410, {})))),
        ("503 without need", read(resume(0, json_response(503, {})))),
        ("another text as JSON", read(reading(json_response(200, {**RUN, **END, "completion": "Hallo"})))),
        ("frames behind the end of a killed Run", lambda e: killed(e, 12.0) or read(resume(1, stream([TEXT_2])))(e)),
        ("never closed", read(reading(stream(FRAMES), ended=None))),
    ],
}


def continued(e: Evidence, content: str) -> None:
    """The session's answer is gone on with by another one, whose text begins so."""
    frames: list[Frame] = [(1, {**RUN, "runId": "r1", "messageId": "m2"}), (2, {"text": content}), (3, END)]
    e.submissions["t1"] = Submission("t1", "continue", "Hello?", {"continue": "m1"})
    e.answers["r1"] = Answer("r1", "m2", "m0", "t1", content, "complete", "complete", frames)
    e.upstream.append(Upstream("t1", 13.0, finish="stop", ended_at=14.0))


def noisy(e: Evidence, by: float) -> None:
    e.late.append([(at / 10 + by, by) for at in range(100, 200)])


CASES = [pytest.param(name, change, id=f"{name}: {what}") for name, all_ in BREACHES.items() for what, change in all_]


@pytest.mark.parametrize(("promise", "change"), CASES)
def test_each_breach_is_found(promise: str, change: Callable[[Evidence], object]) -> None:
    session = good()
    assert not list(PROMISES[promise](session))
    change(session)
    assert list(PROMISES[promise](session))


def test_a_good_continuation_keeps_its_promises() -> None:
    session = good()
    continued(session, "Hello 😀")
    assert broken(session) == []


def test_the_lag_after_a_kill_is_the_age_of_the_first_missing_piece() -> None:
    session = good()
    killed(session, 12.0)
    assert [round(lag.seconds, 3) for lag in lags(session, {"kill"})] == [0.5]
    assert list(lags(session, {"crash"})) == []
