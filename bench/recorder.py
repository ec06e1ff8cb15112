"""The recorder's share of the CPU: its greenlet's time (clocked.py) and all threads of the worker but the first.

Those threads are the store's: SQLite's writer with its readers, so that what begins and opens chats is counted too, and
the share is rather too large. MongoDB is written by the greenlet itself; mongod is no part of the relay.
"""

import urllib.request
from dataclasses import dataclass
from pathlib import Path

from bench.cases import CASES
from bench.ours import OneWorker
from bench.processes import cpu_seconds, other_threads_seconds
from bench.relays import Relay
from bench.row import served, warm_up

APP = "bench.clocked:app"


@dataclass(frozen=True)
class Share:
    relay: str
    case: str
    greenlet_percent: float
    threads_percent: float

    @property
    def percent(self) -> float:
        return round(self.greenlet_percent + self.threads_percent, 1)


def measure_share(relay: Relay, name: str, tools: Path) -> Share:
    """Of a relay that serves `APP`, in this case."""
    case = CASES[name]
    with served(relay, case, tools) as (_, server, client):
        assert isinstance(server, OneWorker)
        client.load(warm_up(case)).line()
        before = _seconds(server)
        client.load(case).line()
        greenlet, threads, all_ = (b - a for a, b in zip(before, _seconds(server), strict=True))
        return Share(relay.name, f"{name}, recorder", round(100 * greenlet / all_, 1), round(100 * threads / all_, 1))


def _seconds(server: OneWorker) -> tuple[float, float, float]:
    """CPU seconds so far: of the recorder's greenlet, of the worker's other threads, of everything."""
    with urllib.request.urlopen(f"{server.url}/recorder-seconds") as answer:
        greenlet = float(answer.read())
    return greenlet, other_threads_seconds(server.worker_pids()[0]), cpu_seconds(server.pid)
