"""What a stream takes in memory while it is open, and what is left of that when it has ended.

Two waves of streams, each held open for a while after its last token so that all are there at the same moment. What the
first wave leaves may be an allocator's keepsake; what the second adds to it is a leak.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from bench.cases import Case, kept
from bench.processes import memory_kib
from bench.relays import Relay
from bench.row import failed, peak_kib, served, warm_up
from bench.tools import Client
from tests.servers.server import Server

HELD_S = 8
"""How long all are held open: some begin seconds after the first."""


@dataclass(frozen=True)
class Memory:
    """KiB of proportional set size per stream, above what the warm relay had."""

    relay: str
    streams: int
    failed: int
    start_mib: float
    peak: float
    left: float
    left_after_two: float
    case: str = "memory"

    @property
    def left_percent(self) -> float:
        """How much of what the streams took is still taken, after the second wave."""
        return round(100 * self.left_after_two / self.peak, 1)


def measure_memory(relay: Relay, streams: int, rest_s: int, tools: Path) -> Memory:
    """:param rest_s: how long the relay is left alone before what is left is looked at"""
    case = kept(streams, HELD_S)
    with served(relay, case, tools) as (_, server, client):
        client.load(warm_up(case)).line()
        start = memory_kib(server.pid)
        waves = [_wave(server, client, case, rest_s) for _ in range(2)]
        (failed, peak, left), (failed_too, _, left_after_two) = waves
        above = [round((kib - start) / streams, 1) for kib in (peak, left, left_after_two)]
        return Memory(relay.name, streams, failed + failed_too, round(start / 1024, 1), *above)


def _wave(server: Server, client: Client, case: Case, rest_s: int) -> tuple[int, int, int]:
    """Failed streams; KiB at the peak; KiB when all is over."""
    started = client.load(case)
    peak = peak_kib(server.pid, started)
    told = started.line()
    time.sleep(rest_s)
    return failed(told), peak, memory_kib(server.pid)
