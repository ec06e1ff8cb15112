"""What is known of a session once it is over. The promises are checked against this and nothing else.

All times are seconds of `time.monotonic`, which every process of one machine shares.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.api import Frame
from tests.faults.received import Received, parse

HEARTBEAT_S = 1.0
SUCCESS = {"complete", "length", "filtered"}
KILLS = {"kill", "crash"}
STOPS = KILLS | {"term", "hup"}
"""The faults after which a Run may be `interrupted`."""
RECOVERY_S = 5.0
"""How long after the store is back a server may still take it for absent."""


@dataclass
class Submission:
    """One answer that was asked for, however often the request was sent."""

    tag: str
    """Names it in the store and in the model server's log: it is the model that was asked for."""
    kind: str
    """send, edit, retry or continue."""
    prompt: str
    """The question's text; also where an earlier question was asked again."""
    body: dict[str, Any] = field(default_factory=dict)


@dataclass
class Reading:
    """One request of a client, and every piece that came back with its time."""

    what: str
    """ask, events or stop."""
    server: int
    tag: str
    sent_at: float
    run_id: str | None = None
    after: int = 0
    lazy: bool = False
    """Whether it stopped reading for a while: then it says nothing about heartbeats."""
    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    ended: str | None = None
    """fin, reset, left (by the client), refused (no connection), timeout; None while it is open."""
    ended_at: float | None = None

    @property
    def received(self) -> Received | None:
        """What came so far; None without a whole head."""
        return parse(b"".join(data for _, data in self.pieces))

    @cached_property
    def final(self) -> Received | None:
        """The same, once, for a reading that is over."""
        return self.received

    @property
    def frames(self) -> list[Frame]:
        return self.final.frames if self.final else []

    @property
    def status(self) -> int | None:
        return self.final.status if self.final else None

    @property
    def streams(self) -> bool:
        return self.final is not None and self.final.streams

    @property
    def answers(self) -> str | None:
        """The id of the Run it was about, as far as it was told."""
        return self.run_id or (self.final.run_id if self.final else None)

    def __str__(self) -> str:
        return f"{self.what} of {self.tag} at server {self.server} (after={self.after}, {self.status}, {self.ended})"


@dataclass
class Saying:
    """A piece that the model server said, and when it began to send it."""

    at: float
    text: str = ""
    reasoning: str = ""


@dataclass
class Upstream:
    """One call that reached the model server, and what it said there."""

    tag: str
    received_at: float
    said: list[Saying] = field(default_factory=list)
    finish: str | None = None
    ended: str | None = "finished"
    """A key of model_wire.ENDINGS."""
    ended_at: float = 0.0

    @property
    def text(self) -> str:
        return whole("".join(saying.text for saying in self.said))

    @property
    def reasoning(self) -> str:
        return whole("".join(saying.reasoning for saying in self.said))


@dataclass
class Answer:
    """An answer as ChatStream gives it when all is over."""

    run_id: str
    message_id: str
    parent_id: str | None
    tag: str
    content: str
    state: str
    """The one in the history."""
    run_state: str | None
    """The one of GET /runs/<id>."""
    frames: list[Frame]
    """The whole list, by GET /runs/<id>/events."""
    reasoning: str = ""

    @property
    def last(self) -> int:
        return self.frames[-1][0] if self.frames else 0

    @property
    def lost(self) -> bool:
        """Whether its end was written in the stead of a worker that died."""
        error = self.frames[-1][1].get("error") if self.frames else None
        return error is not None and error["code"] == "worker_lost"

    def __str__(self) -> str:
        return f"{self.tag} (run {self.run_id}, {self.state})"


@dataclass
class Question:
    content: str
    parent_id: str | None = None


@dataclass
class Fault:
    """Something that was broken, from when to when; `server` is None for the store."""

    kind: str
    at: float
    until: float
    server: int | None = None


@dataclass
class Evidence:
    """A session."""

    submissions: dict[str, Submission] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)
    upstream: list[Upstream] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    """By run id."""
    questions: dict[str, Question] = field(default_factory=dict)
    """By message id."""
    faults: list[Fault] = field(default_factory=list)
    late: list[list[tuple[float, float]]] = field(default_factory=list)
    """What each control saw: (when it woke, how late it was)."""

    settled_s: float = 0.0
    """How long it took until no Run was running, once everything worked."""

    def noise(self, start: float, end: float) -> float:
        """By how much this machine may have delayed things in that time: the controls' worst, added up."""
        return sum(max((by for at, by in seen if start <= at and at - by <= end), default=0.0) for seen in self.late)

    def during(self, kinds: set[str], start: float, end: float, server: int | None = None) -> list[Fault]:
        """The faults of these kinds that overlap that time, of one server or of all."""
        found = (fault for fault in self.faults if fault.kind in kinds and fault.at <= end and fault.until >= start)
        return [fault for fault in found if server is None or fault.server == server]

    def store_away(self, start: float, end: float) -> bool:
        away = {fault.kind for fault in self.faults if fault.server is None}
        return bool(self.during(away, start - RECOVERY_S, end))

    def calls(self, tag: str) -> list[Upstream]:
        return [call for call in self.upstream if call.tag == tag]

    def kept(self, answer: Answer) -> Answer | None:
        """The answer that this one goes on with."""
        submission = self.submissions.get(answer.tag)
        kept = submission.body.get("continue") if submission else None
        return next((other for other in self.answers.values() if other.message_id == kept), None)

    def streams(self) -> Iterator[Reading]:
        """The readings that were answered with a stream."""
        return (reading for reading in self.readings if reading.streams)

    def of(self, run_id: str, what: str) -> list[Reading]:
        return [reading for reading in self.readings if reading.what == what and reading.answers == run_id]

    def homes(self, tag: str) -> set[int]:
        """The servers that a submission was sent to: in one of them its Run lives."""
        return {reading.server for reading in self.readings if reading.what == "ask" and reading.tag == tag}


def whole(text: str) -> str:
    """Text with halves of characters joined, and lone ones replaced."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
