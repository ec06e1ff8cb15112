"""Streams held against CPU: how many streams of 50 tokens a second a core carries, and for how much of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.cases import held
from bench.cores import bench_seconds
from bench.processes import cpu_seconds
from bench.relays import Relay
from bench.row import served

STREAMS = (50, 100, 200, 400, 700, 1000, 1500, 2000)
TOKENS_S = 50
SETTLE_S, SECONDS = 3, 8
KEPT = 0.95


@dataclass(frozen=True)
class Point:
    relay: str
    streams: int
    cpu_percent: float
    pace: float
    """Tokens that arrived, as a part of those that the model server meant to send."""
    age_p99_ms: float
    bench_percent: float
    """How busy the core was on which model server and readers are."""
    case: str = "curve"

    @property
    def kept_pace(self) -> bool:
        return self.pace >= KEPT


def measure_curve(relay: Relay, numbers: Sequence[int], tools: Path) -> Iterator[Point]:
    """Points with more and more streams, up to the first that does not keep pace."""
    for streams in numbers:
        point = measure_point(relay, streams, tools)
        yield point
        if not point.kept_pace:
            return


def measure_point(relay: Relay, streams: int, tools: Path) -> Point:
    with served(relay, held(streams), tools) as stage:
        started = stage.client.hold(streams, SETTLE_S, SECONDS)
        started.line()
        relay_before, bench_before = cpu_seconds(stage.server.pid), bench_seconds()
        told = started.line()
        relay_s, bench_s = cpu_seconds(stage.server.pid) - relay_before, bench_seconds() - bench_before
    return Point(
        relay=relay.name,
        streams=streams,
        cpu_percent=round(100 * relay_s / told["seconds"], 1),
        pace=round(told["tok_s"] / (streams * TOKENS_S), 3),
        age_p99_ms=told["age_ms"]["p99"],
        bench_percent=round(100 * bench_s / told["seconds"], 1),
    )
