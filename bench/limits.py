"""What the stream has to reach, and whether it did: limits held against the median of all rounds."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

SQLITE, MONGO, V1 = OURS = ("ChatStream, SQLite", "ChatStream, MongoDB", "ChatStream, /v1")
RECORDED = (SQLITE, MONGO)


@dataclass(frozen=True)
class Limit:
    """A bound on one figure (an attribute) of the records that have one of these relays and this case."""

    relays: Sequence[str]
    case: str
    what: str
    figure: str
    bound: float
    unit: str = ""
    at_least: bool = False
    of: Any = median

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}{self.unit}"


class Verdict(NamedTuple):
    """`measured` is None if nothing was, and then the limit is not met."""

    limit: Limit
    relay: str
    measured: float | None
    met: bool


CPU, RATE = "CPU per token", "tokens a second"
LIMITS = (
    Limit(RECORDED, "paced", CPU, "cpu_ratio", 1.25, " × nginx"),
    Limit(RECORDED, "paced", RATE, "tok_s_ratio", 0.95, " × nginx", at_least=True),
    Limit(RECORDED, "paced", "age of tokens, p99", "age_p99_ms", 200, " ms"),
    Limit(RECORDED, "paced", "time to first token, p50", "ttft_p50_ms", 600, " ms"),
    Limit(RECORDED, "paced", "time to first token, p99", "ttft_p99_ms", 1000, " ms"),
    Limit(RECORDED, "fast", CPU, "cpu_ratio", 0.8, " × nginx"),
    Limit(RECORDED, "fast", "age of tokens, p99", "age_p99_ms", 60, " ms"),
    Limit(RECORDED, "burst", CPU, "cpu_ratio", 1.5, " × nginx"),
    Limit([V1], "paced", CPU, "cpu_ratio", 1.1, " × nginx"),
    Limit([V1], "fast", CPU, "cpu_ratio", 0.8, " × nginx"),
    Limit(OURS, "single", "time to first token, p50, beyond nginx's", "ttft_p50_over_ms", 2, " ms"),
    *(Limit(OURS, case, "streams lost", "failed", 0, of=max) for case in ("paced", "fast", "burst", "single")),
    Limit(RECORDED, "memory", "per stream of 200 tokens, at the peak", "peak", 60, " KiB"),
    Limit([V1], "memory", "per stream of 200 tokens, at the peak", "peak", 30, " KiB"),
    Limit(OURS, "memory", "left after two waves, of the peak", "left_percent", 10, " %"),
    Limit(OURS, "memory", "streams lost", "failed", 0, of=max),
    Limit(OURS, "idle", "streams held open", "open", 5000, at_least=True, of=min),
    Limit(OURS, "idle", "CPU, of a core", "cpu_percent", 5, " %"),
    Limit(OURS, "idle", "latest heartbeat, beyond its time", "late_max_ms", 1000, " ms", of=max),
    Limit(RECORDED, "paced, recorder", "share of the CPU", "percent", 15, " %"),
    Limit(RECORDED, "fast, recorder", "share of the CPU", "percent", 15, " %"),
)


def verdicts(records: Sequence[Any], limits: Sequence[Limit] = LIMITS) -> list[Verdict]:
    """One for each limit and relay, case by case. A record has `relay`, `case` and figures."""
    found = [_verdict(limit, relay, records) for limit in limits for relay in limit.relays]
    cases = [limit.case for limit in limits]
    return sorted(found, key=lambda verdict: (cases.index(verdict.limit.case), OURS.index(verdict.relay)))


def _verdict(limit: Limit, relay: str, records: Sequence[Any]) -> Verdict:
    figures = [getattr(each, limit.figure) for each in records if (each.relay, each.case) == (relay, limit.case)]
    if not figures:
        return Verdict(limit, relay, None, False)
    measured = limit.of(figures)
    reached = operator.ge if limit.at_least else operator.le
    return Verdict(limit, relay, measured, reached(measured, limit.bound))
