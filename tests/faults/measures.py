"""What a session's promises are measured by: lags, noticing times, delays of heartbeats."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from tests.faults.record import HEARTBEAT_S, STOPS, SUCCESS, Answer, Evidence, Reading, Upstream, whole

HANDLED = SUCCESS | {"truncated", "upstream_error"}
"""The ends before which all that upstream sent was read."""
LEFT = {"client_closed", "client_reset"}
"""How upstream's connection ends that ChatStream closed, or the kernel for it."""


class Measured(NamedTuple):
    """A value in seconds, and what this machine may have added to it."""

    what: object
    seconds: float
    noise: float

    @property
    def ours(self) -> float:
        return max(0.0, self.seconds - self.noise)


def lags(e: Evidence, after: set[str] | None = None) -> Iterator[Measured]:
    """How long before a Run's end the first piece was sent that it lacks; infinite where nothing may be missing.

    :param after: only of Runs that ended by these faults
    """
    for answer in e.answers.values():
        call, kept = call_of(e, answer), e.kept(answer)
        if call is None or (after is not None and not _broken_by(e, call, after)):
            continue
        stored = len(answer.content) - len(kept.content if kept else "")
        missing = _first_missing(call, stored)
        if missing is None:
            yield Measured(answer, 0.0, 0.0)
            continue
        end = float("inf") if _read_to_its_end(answer, call) else _horizon(e, answer, call)
        what = f"{answer}: {stored} of {len(call.text)} characters, upstream's connection: {call.ended}"
        yield Measured(what, end - missing, e.noise(missing, end))


def _read_to_its_end(answer: Answer, call: Upstream) -> bool:
    """Whether all that was sent must be there. A reset takes with it what was still on its way."""
    return answer.state in HANDLED and call.ended != "we_reset"


def _broken_by(e: Evidence, call: Upstream, kinds: set[str]) -> bool:
    """Whether upstream's connection closed in the moment of such a fault: its Run lived there."""
    return call.ended in LEFT and bool(e.during(kinds, call.ended_at - 0.2, call.ended_at + 0.2))


def _horizon(e: Evidence, answer: Answer, call: Upstream) -> float:
    """The time at which a Run ended that did not read upstream to its end."""
    if call.ended in LEFT:
        return call.ended_at
    ends = [f.at for f in e.faults if f.kind in STOPS and f.at >= call.received_at and answer.state == "interrupted"]
    ends += [r.sent_at for r in e.of(answer.run_id, "stop") if answer.state == "stopped"]
    return min(ends, default=call.ended_at)


def _first_missing(call: Upstream, stored: int) -> float | None:
    """When the first piece was sent that goes beyond so many characters."""
    said = ""
    for saying in call.said:
        said += saying.text
        if len(whole(said)) > stored:
            return saying.at
    return None


def noticing(e: Evidence) -> Iterator[Measured]:
    """From pressing Stop to the end of upstream's connection, where Stop could get to the Run at all."""
    for press in e.readings:
        answer = e.answers.get(press.run_id or "")
        call = call_of(e, answer) if answer else None
        if press.what != "stop" or press.status != 202 or call is None or call.ended not in LEFT:
            continue
        took = call.ended_at - press.sent_at
        if took > 0 and answer and answer.state == "stopped" and _reachable(e, press, call):
            yield Measured(press, took, e.noise(press.sent_at, call.ended_at))


def _reachable(e: Evidence, press: Reading, call: Upstream) -> bool:
    at_home = e.homes(press.tag) == {press.server}
    undisturbed = not e.during(STOPS, call.received_at, call.ended_at)
    return undisturbed and (at_home or not e.store_away(press.sent_at, call.ended_at))


def delays(e: Evidence) -> Iterator[Measured]:
    """For each stream, its worst wait between two pieces: by how much it was longer than a heartbeat's time."""
    for reading in e.streams():
        if reading.lazy or reading.ended_at is None:
            continue
        times = [at for at, _ in reading.pieces] + [reading.ended_at]
        gaps = [_delay(e, reading, start, end) for start, end in itertools.pairwise(times)]
        yield max(gaps, key=lambda gap: gap.ours)


def _delay(e: Evidence, reading: Reading, start: float, end: float) -> Measured:
    faults = [fault.kind for fault in e.faults if fault.at <= end and fault.until >= start]
    what = f"{reading}, piece after {start - reading.sent_at:.2f} s, faults then: {faults}"
    return Measured(what, end - start - HEARTBEAT_S, e.noise(start, end))


def call_of(e: Evidence, answer: Answer) -> Upstream | None:
    return next(iter(e.calls(answer.tag)), None)
