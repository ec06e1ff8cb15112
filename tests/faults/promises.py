"""The promises, each a function: from the evidence of a session to the sentences that say where it was broken.

The values they compare come from measures.py: the figures use them as well.
"""

from collections import Counter
from collections.abc import Callable, Iterator

from tests.faults.measures import call_of, delays, lags, noticing
from tests.faults.record import KILLS, STOPS, SUCCESS, Answer, Evidence, Reading

LAG_S = 1.0
NOTICING_S = 1.0
LATE_S = 0.25
STATES = {"stop": "complete", "length": "length", "content_filter": "filtered"}
EMPTY = "No completion generated"

Broken = Iterator[str]


# -- P1


def p1(e: Evidence) -> Broken:
    """Once the client has seen the first frame, the question is kept."""
    for reading in e.readings:
        ids = reading.final.ids if reading.what == "ask" and reading.final else None
        if ids is None:
            continue
        answer = e.answers.get(ids["runId"])
        if answer is None or answer.message_id != ids["messageId"]:
            yield f"{reading}: seen, but the store has no such answer: {ids}"
            continue
        question = e.questions.get(answer.parent_id or "")
        if question is None or question.content != e.submissions[reading.tag].prompt:
            yield f"{reading}: the question is not as it was sent: {question}"


# -- P2


def p2(e: Evidence) -> Broken:
    """Stored text is a prefix of what upstream sent, whole after a handled end, and never more than 1 s behind."""
    for answer in e.answers.values():
        kept, call = e.kept(answer), call_of(e, answer)
        for kind, stored in (("text", answer.content), ("reasoning", answer.reasoning)):
            sent = (_kind(kept, kind) if kept else "") + (getattr(call, kind) if call else "")
            if not _begins(sent, stored):
                yield f"{answer}: the stored {kind} is no prefix of what was sent: {_difference(sent, stored)}"
        shown = "".join(value.get("text", "") for _, value in answer.frames)
        if answer.frames and shown != answer.content:
            yield f"{answer}: the history and the events differ: {_difference(shown, answer.content)}"
    for behind in lags(e):
        if behind.ours > LAG_S:
            yield f"{behind.what}: what was sent {behind.seconds:.2f} s before the end is not stored"
    for reading in e.streams():
        yield from _seen(e, reading)


def _seen(e: Evidence, reading: Reading) -> Broken:
    """A reader from the beginning: its text, also where it saw more than is stored, is what upstream sent."""
    answer = e.answers.get(reading.answers or "")
    if answer is None or reading.after:
        return
    call, kept = call_of(e, answer), e.kept(answer)
    sent = (kept.content if kept else "") + (call.text if call else "")
    seen = "".join(value.get("text", "") for _, value in reading.frames)
    if not _begins(sent, seen):
        yield f"{reading}: the text seen is no prefix of what was sent: {_difference(sent, seen)}"


def _kind(answer: Answer, kind: str) -> str:
    return answer.content if kind == "text" else answer.reasoning


def _begins(sent: str, stored: str) -> bool:
    """Whether it is a prefix; of a character that was cut in two, the half that came may be stored as U+FFFD."""
    if stored.endswith("\ufffd") and sent[len(stored) - 1 : len(stored)] > "\uffff":
        stored = stored[:-1]
    return sent.startswith(stored)


def _difference(expected: str, found: str) -> str:
    at = next(
        (n for n, (a, b) in enumerate(zip(expected, found, strict=False)) if a != b), min(len(expected), len(found))
    )
    return f"at {at}: {expected[at : at + 40]!r} was sent, {found[at : at + 40]!r} found"


# -- P3


def p3(e: Evidence) -> Broken:
    """Each Run has exactly one end, the same everywhere, and no success without upstream's word for it."""
    for answer in e.answers.values():
        if answer.state == "running":
            yield f"{answer}: it never ended"
            continue
        if answer.run_state != answer.state:
            yield f"{answer}: GET /runs says {answer.run_state}"
        yield from _one_end(answer)
        yield from _deserved(e, answer)
    for reading in e.readings:
        end, seen = (reading.final.end if reading.final else None), e.answers.get(reading.answers or "")
        if end and seen and end["state"] != seen.state:
            yield f"{reading}: its end says {end['state']}, the store {seen.state}"


def _one_end(answer: Answer) -> Broken:
    ends = [number for number, value in answer.frames if "state" in value]
    if answer.frames and ends != [answer.last]:
        yield f"{answer}: ends are at {ends} of {answer.last} frames"
    if answer.frames and answer.frames[-1][1].get("state") != answer.state:
        yield f"{answer}: its last frame is {answer.frames[-1][1]}"


def _deserved(e: Evidence, answer: Answer) -> Broken:
    """Whether what happened gave cause to this state."""
    call = call_of(e, answer)
    began = call.received_at if call else 0.0
    if answer.state in SUCCESS and (call is None or STATES.get(call.finish or "") != answer.state):
        yield f"{answer}: upstream's finish reason was {call.finish if call else None}"
    if answer.state == "interrupted" and not any(f.kind in STOPS and f.until >= began for f in e.faults):
        yield f"{answer}: interrupted, though no server was stopped"
    if answer.lost and not any(f.kind in KILLS and f.until >= began for f in e.faults):
        yield f"{answer}: its worker is said to be lost, though none was killed"
    if answer.state == "stopped" and not e.of(answer.run_id, "stop"):
        yield f"{answer}: stopped, though nobody pressed Stop"


# -- P4


def p4(e: Evidence) -> Broken:
    """Nothing that was cut looks whole, and nothing that failed looks like a success."""
    for reading in e.readings:
        received, answer = reading.final, e.answers.get(reading.answers or "")
        if received is None or reading.what == "stop" or received.status != 200:
            continue
        if received.whole and received.end is None:
            yield f"{reading}: the body ended properly, without a last frame; it is {received.body[-200:]!r}"
        if received.streams and received.headers.get("transfer-encoding") != "chunked":
            yield f"{reading}: a body that its connection's end delimits: nobody can tell that it was cut"
        if received.strange:
            yield f"{reading}: no frames: {received.strange[:3]}"
        if received.end and received.end["state"] in SUCCESS and answer and answer.state not in SUCCESS:
            yield f"{reading}: it carries {received.end['state']}, but the answer is {answer.state}"


# -- P5


def p5(e: Evidence) -> Broken:
    """One submission, one call."""
    for tag, calls in Counter(call.tag for call in e.upstream).items():
        if calls > 1:
            yield f"{tag}: {calls} calls reached the model server"


# -- P6


def p6(e: Evidence) -> Broken:
    """Stop closes upstream's connection within 1 s."""
    for noticed in noticing(e):
        if noticed.ours > NOTICING_S:
            yield f"{noticed.what}: upstream's connection was closed after {noticed.seconds:.2f} s"


# -- P7


def p7(e: Evidence) -> Broken:
    """Heartbeats come within 250 ms of their time, whatever else goes on."""
    for delay in delays(e):
        if delay.ours > LATE_S:
            yield f"{delay.what}: {delay.seconds:.2f} s late (the machine: {delay.noise:.2f} s)"


# -- P8


def p8(e: Evidence) -> Broken:
    """From any number on, a reader gets the exact rest, or is told that it cannot."""
    for reading in e.readings:
        answer = e.answers.get(reading.answers or "")
        if reading.what == "stop" or reading.final is None or answer is None:
            continue
        if reading.streams:
            yield from _exact(e, reading, answer)
        elif reading.what == "events":
            yield from _refused(e, reading, answer)
        elif reading.final.end is not None:
            yield from _whole_answer(reading, answer)
    for reading in e.readings:
        if reading.ended in (None, "timeout"):
            yield f"{reading}: it is still open, though its Run is over"


def _exact(e: Evidence, reading: Reading, answer: Answer) -> Broken:
    numbers = [number for number, _ in reading.frames]
    if numbers != list(range(reading.after + 1, reading.after + 1 + len(numbers))):
        yield f"{reading}: the frames' numbers are {numbers[:5]} … {numbers[-5:]}"
    known = dict(answer.frames)
    for number, value in reading.frames:
        if number in lost_tail(answer):
            continue
        if known.get(number) != value:
            yield f"{reading}: frame {number} is {str(value)[:200]}, the store has {str(known.get(number))[:200]}"
            return


def lost_tail(answer: Answer) -> range:
    """The numbers whose frames a reader may have seen and the store lost, with the worker that was killed.

    The end that was written in its stead stands at the first of them. P2 bounds how much that may be.
    """
    return range(answer.last, 1 << 30) if answer.lost else range(0)


def _refused(e: Evidence, reading: Reading, answer: Answer) -> Broken:
    """A reader that got no frames: there are none after that number, or they are said to be gone.

    Of a Run whose worker was killed nobody knows whether the reader's last frame is the stored one of that number.
    """
    at = (reading.sent_at, reading.ended_at or reading.sent_at)
    allowed = {
        204: reading.after == answer.last and not answer.lost,
        410: reading.after > answer.last or reading.after in lost_tail(answer),
        503: e.store_away(*at) or bool(e.during(STOPS, at[0] - 1, at[1])),
    }
    if not allowed.get(reading.status or 0, False):
        said = reading.final.body[:200] if reading.final else b""
        yield f"{reading}: answered with {reading.status} {said!r}; {answer} has frames to {answer.last}"


def _whole_answer(reading: Reading, answer: Answer) -> Broken:
    """A JSON answer has the stored text."""
    said = reading.final.json if reading.final else {}
    completion = said.get("completion", "")
    if completion != answer.content and not (completion == EMPTY and not answer.content):
        yield f"{reading}: {_difference(answer.content, completion)}"


PROMISES: dict[str, Callable[[Evidence], Broken]] = {
    "P1": p1,
    "P2": p2,
    "P3": p3,
    "P4": p4,
    "P5": p5,
    "P6": p6,
    "P7": p7,
    "P8": p8,
}


def broken(e: Evidence) -> list[str]:
    """Every place where a promise was broken."""
    return [f"{name}: {sentence}" for name, check in PROMISES.items() for sentence in check(e)]
