"""`make bench`: measure the stream beside nginx and the peers, print it, and write docs/performance.md.

    python -m bench.run [--rounds 3] [--case paced] … [--part rows] … [--quick] [--no-peers]

Parts: rows (the cases), memory, idle (streams held open), recorder (its share of the CPU), curve (streams against CPU).
Only a whole run writes: with --case, --part, --quick or --no-peers the result is printed, and goes where --page says.
A whole run takes most of an hour, of a machine that does nothing else. Ends with 1 if a limit was not met.
"""

import argparse
import signal
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import cores, report
from bench.cases import CASES
from bench.document import PAGE
from bench.ours import StoreOfBench
from bench.parts import PARTS, QUICK, WHOLE, Bench
from bench.peer_relays import peers
from bench.tools import CannotMeasure, compiled
from tests.servers.programs import find


def main() -> int:
    args = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # servers are closed then, and their folders removed
    try:
        bench, results = _measured(args)
    except CannotMeasure as reason:
        print(reason, file=sys.stderr)
        return 2
    told = report.Report(bench.size, results, bench.missing)
    print(told.text())
    whole = not (args.case or args.part or args.quick or args.no_peers)
    if page := args.page or (PAGE if whole else None):
        told.write(page)
    return int(any(not verdict.met for verdict in told.verdicts))


def _measured(args: argparse.Namespace) -> tuple[Bench, dict[str, list[Any]]]:
    """The records of each part. Servers and programs are gone when it returns."""
    if not find("nginx"):
        raise CannotMeasure("There is no nginx, and every figure is told beside its: apt-get install nginx")
    cores.take_ours()
    with ExitStack() as stack:
        tools = stack.enter_context(compiled())
        mongod = stack.enter_context(StoreOfBench()) if find("mongod") else None
        relays, missing = ([], {}) if args.no_peers else peers(tools)
        size = replace(QUICK if args.quick else WHOLE, **_chosen(args))
        bench = Bench(tools, mongod, relays, missing, size)
        return bench, {part: list(getattr(bench, part)()) for part in args.part or PARTS}


def _chosen(args: argparse.Namespace) -> dict[str, Any]:
    chosen = {"rounds": args.rounds, "cases": args.case}
    return {name: value for name, value in chosen.items() if value}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--case", action="append", choices=CASES)
    parser.add_argument("--part", action="append", choices=PARTS)
    parser.add_argument("--quick", action="store_true", help="small numbers, to see that everything runs")
    parser.add_argument("--page", type=Path, help="a page with the marks of docs/performance.md, to write to")
    parser.add_argument("--no-peers", action="store_true", help="nginx and ChatStream alone")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
