"""The figures of many sessions: how much was tried, and the worst that was measured."""

from collections import Counter
from dataclasses import dataclass, field

from tests.faults.measures import delays, lags, noticing
from tests.faults.record import KILLS, Evidence

LOSSES = ("P1", "P2", "P8")
"""The promises whose breach is a loss."""


@dataclass
class Figures:
    """Sums and worsts; add a session with `take`."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    worst: dict[str, float] = field(default_factory=dict)

    def take(self, e: Evidence, rules: list[str], failures: list[str]) -> None:
        self.faults.update(fault.kind for fault in e.faults)
        self.faults.update("client left" for reading in e.readings if reading.ended == "left")
        self.faults.update("slow reader" for reading in e.readings if reading.lazy)
        self.faults.update(f"model server: {call.ended}" for call in e.upstream if call.ended != "finished")
        self.counts.update(
            sessions=1,
            rules=len(rules),
            submissions=len(e.submissions),
            answers=len(e.answers),
            streams=sum(1 for _ in e.streams()),
            resumes=sum(reading.what == "events" for reading in e.readings),
            stops=sum(reading.what == "stop" for reading in e.readings),
            tokens=sum(len(call.said) for call in e.upstream),
            lost=sum(failure.startswith(LOSSES) for failure in failures),
            failures=len(failures),
        )
        self._worst("lag after kill -9", [lag.ours for lag in lags(e, KILLS)])
        self._worst("noticing time of Stop", [noticed.seconds for noticed in noticing(e)])
        self._worst("wait for all ends", [e.settled_s])
        self._worst("heartbeat delay", [delay.ours for delay in delays(e)])

    def add(self, other: "Figures") -> None:
        """Those of other sessions."""
        self.counts.update(other.counts)
        self.faults.update(other.faults)
        for what, seconds in other.worst.items():
            self._worst(what, [seconds])

    def _worst(self, what: str, seconds: list[float]) -> None:
        self.worst[what] = max([self.worst.get(what, 0.0), *seconds])

    def markdown(self) -> str:
        """A small table."""
        rows = [(name, str(number)) for name, number in self.counts.items() if name not in ("lost", "failures")]
        rows += [("faults", ", ".join(f"{n} × {kind}" for kind, n in self.faults.most_common()) or "none")]
        rows += [(f"worst {what}", f"{seconds:.2f} s") for what, seconds in self.worst.items()]
        rows += [("anything lost", str(self.counts["lost"])), ("promises broken", str(self.counts["failures"]))]
        return "\n".join(["| what | how much |", "|---|---|", *(f"| {what} | {value} |" for what, value in rows)])
