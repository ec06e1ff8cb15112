"""One relay in one case, measured once."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from bench.cases import Case
from bench.cores import bench_seconds
from bench.processes import cpu_seconds, memory_kib
from bench.relays import Relay
from bench.tools import Client, Source, Started
from tests.servers.server import Server

WARM_UP = 4
"""Streams before the measurement: what is made once is made then."""
SAMPLE_S = 0.5


@dataclass(frozen=True)
class Row:
    """Times in milliseconds. `failed` are streams that were refused, lost, or not whole."""

    relay: str
    case: str
    failed: int
    tok_s: float
    cpu_us_per_token: float
    kb_per_stream: float
    ttft_p50_ms: float
    ttft_p99_ms: float
    age_p50_ms: float
    age_p99_ms: float
    bench_percent: float
    """How busy the core was on which all else is: model server, readers, mongod."""
    cpu_ratio: float = 1.0
    tok_s_ratio: float = 1.0
    ttft_p50_over_ms: float = 0.0
    why: str = ""
    """Why streams failed."""

    def beside(self, first: "Row") -> "Row":
        """The same, compared with the first row of its round: two ratios, and how much later the first token came."""
        return replace(
            self,
            cpu_ratio=round(self.cpu_us_per_token / first.cpu_us_per_token, 3),
            tok_s_ratio=round(self.tok_s / first.tok_s, 3),
            ttft_p50_over_ms=round(self.ttft_p50_ms - first.ttft_p50_ms, 2),
        )


class Stage(NamedTuple):
    """A model server, the relay before it, and whoever reads that."""

    source: Source
    server: Server
    client: Client


@contextmanager
def served(relay: Relay, case: Case, tools: Path) -> Iterator[Stage]:
    """All that a case takes, until the block ends."""
    with Source(tools, case) as source, relay.serve(source.url) as server:
        yield Stage(source, server, Client(tools, relay, server.port))


def measure(relay: Relay, name: str, case: Case, tools: Path) -> Row:
    """Start all it takes, warm it up, read every stream of the case, and end it all."""
    with served(relay, case, tools) as (_, server, client):
        client.load(warm_up(case)).line()
        idle, before = memory_kib(server.pid), (cpu_seconds(server.pid), bench_seconds(), time.monotonic())
        started = client.load(case)
        peak = peak_kib(server.pid, started)
        after = (cpu_seconds(server.pid), bench_seconds(), time.monotonic())
        spent, bench, seconds = (b - a for a, b in zip(before, after, strict=True))
    return _row(relay.name, name, started.line(), (peak - idle) / case.at_once, spent, bench / seconds)


def warm_up(case: Case) -> Case:
    return case._replace(at_once=WARM_UP, total=WARM_UP)


def peak_kib(pid: int, started: Started) -> int:
    """The most memory the relay had while the load ran."""
    peak = 0
    while started.runs():
        time.sleep(SAMPLE_S)
        peak = max(peak, memory_kib(pid))
    return peak


def _row(relay: str, case: str, told: Mapping[str, Any], kb_per_stream: float, cpu_s: float, bench: float) -> Row:
    return Row(
        relay=relay,
        case=case,
        failed=failed(told),
        why=why(told),
        tok_s=told["tok_s"],
        cpu_us_per_token=round(cpu_s * 1e6 / max(1, told["tokens"]), 2),
        kb_per_stream=round(kb_per_stream, 1),
        ttft_p50_ms=told["ttft_ms"]["p50"],
        ttft_p99_ms=told["ttft_ms"]["p99"],
        age_p50_ms=told["age_ms"]["p50"],
        age_p99_ms=told["age_ms"]["p99"],
        bench_percent=round(100 * bench, 1),
    )


def failed(told: Mapping[str, Any]) -> int:
    """Streams that were refused, not whole, or did not end in time."""
    return int(told["bad"] + told["short"] + told["streams"] - told["done"])


def why(told: Mapping[str, Any]) -> str:
    """What became of them."""
    unended = told["streams"] - told["done"]
    found = ((told["bad"], f"with status {told['bad_status']}"), (told["short"], "not whole"), (unended, "without end"))
    return ", ".join(f"{count} {what}" for count, what in found if count)
