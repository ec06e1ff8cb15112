"""`make bench-check`: whether the stream still costs about what it did, in less than a minute, for CI.

Runs 200 paced streams through nginx and through ChatStream, recorded in SQLite. The margins are wide, and a machine may
be busy with something else: only what is missed three times in a row fails. Ends with 1 then.
"""

import sys
from pathlib import Path

from bench import cores, tables
from bench.cases import Case
from bench.limits import SQLITE, Limit, verdicts
from bench.ours import on_sqlite
from bench.relays import NGINX
from bench.row import Row, measure
from bench.tools import CannotMeasure, compiled
from tests.servers.programs import find

NAME, CASE = "check", Case(200, 200, 200, 20_000)
LIMITS = (
    Limit([SQLITE], NAME, "CPU per token", "cpu_ratio", 3.5, " × nginx"),
    Limit([SQLITE], NAME, "tokens a second", "tok_s_ratio", 0.5, " × nginx", at_least=True),
    Limit([SQLITE], NAME, "streams lost", "failed", 0),
)
ATTEMPTS = 3


def main() -> int:
    if not find("nginx"):
        print("There is no nginx, and every figure is told beside its: apt-get install nginx", file=sys.stderr)
        return 2
    cores.take_ours()
    try:
        with compiled() as tools:
            return int(not any(_passes(tools) for _ in range(ATTEMPTS)))
    except CannotMeasure as reason:
        print(reason, file=sys.stderr)
        return 2


def _passes(tools: Path) -> bool:
    found = verdicts(_beside_nginx(tools), LIMITS)
    print(tables.of_verdicts(found), flush=True)
    return all(verdict.met for verdict in found)


def _beside_nginx(tools: Path) -> list[Row]:
    first, ours = (measure(relay, NAME, CASE, tools) for relay in (NGINX, on_sqlite({})))
    return [first, ours.beside(first)]


if __name__ == "__main__":
    sys.exit(main())
