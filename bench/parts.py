"""The parts of `make bench`: what each measures, of whom, and how it is told."""

import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import cores, idle, ours, recorder
from bench.cases import CASES
from bench.curve import Point, measure_curve
from bench.idle import Idle, measure_idle
from bench.memory import Memory, measure_memory
from bench.recorder import Share, measure_share
from bench.relays import NGINX, Relay
from bench.rounds import rounds
from bench.row import Row


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    rounds: int
    cases: Sequence[str]
    memory_streams: int
    rest_s: int
    """How long a relay is left alone before what it kept of its memory is looked at."""
    idle_streams: int
    idle_s: int
    heartbeat_s: int
    curve: Sequence[int]


@dataclass(frozen=True)
class Bench:
    """What every part needs. `mongod` is None where there is none: then nothing is measured on MongoDB."""

    tools: Path
    mongod: ours.StoreOfBench | None
    peers: Sequence[Relay]
    missing: dict[str, str]
    """The peers that could not be had, and why."""
    size: Size

    def recorded(self, settings: ours.Settings | None = None, app: str = "wsgi:app") -> list[Relay]:
        """ChatStream on every store there is."""
        on_mongo = [ours.on_mongo(self.mongod, settings or {}, app)] if self.mongod else []
        return [ours.on_sqlite(settings or {}, app), *on_mongo]

    def rows(self) -> Iterator[Row]:
        """The peers take the longest and have no limits: they are measured in one round."""
        relays = [NGINX, *self.recorded(), ours.v1({})]
        for case in self.size.cases:
            yield from told(rounds(relays, case, self.size.rounds, self.tools, self.peers))

    def memory(self) -> Iterator[Memory]:
        for relay in (NGINX, *self.recorded(), ours.v1({})):
            yield from told([measure_memory(relay, self.size.memory_streams, self.size.rest_s, self.tools)])

    def idle(self) -> Iterator[Idle]:
        streams = min(self.size.idle_streams, cores.most_streams())
        settings = idle.settings(streams, self.size.heartbeat_s)
        for relay in (*self.recorded(settings), ours.v1(settings)):
            yield from told([measure_idle(relay, streams, self.size.heartbeat_s, self.size.idle_s, self.tools)])

    def recorder(self) -> Iterator[Share]:
        cases = [case for case in ("paced", "fast") if case in self.size.cases]
        for case, relay in itertools.product(cases * self.size.rounds, self.recorded(app=recorder.APP)):
            yield from told([measure_share(relay, case, self.tools)])

    def curve(self) -> Iterator[Point]:
        numbers = [number for number in self.size.curve if number <= cores.most_streams()]
        for relay in (NGINX, ours.on_sqlite({}), ours.v1({}), *self.peers):
            yield from told(measure_curve(relay, numbers, self.tools))


PARTS = ("rows", "memory", "idle", "recorder", "curve")
WHOLE = Size(3, tuple(CASES), 1000, 10, 5000, 35, 15, (50, 100, 200, 400, 700, 1000, 1500, 2000))
QUICK = Size(1, ("single",), 200, 2, 500, 6, 2, (100,))
"""To see in some minutes that everything runs; its figures say little."""


def told(records: Any) -> Iterator[Any]:
    """The records as they come, each also told on the way: a whole run takes long."""
    for record in records:
        print(json.dumps(vars(record)), file=sys.stderr, flush=True)
        yield record
