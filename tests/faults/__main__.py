"""The long form: random sessions on both stores in turn, until the time is over.

python -m tests.faults --minutes 10 --seed 12345
"""

import argparse
import secrets
import sys
import time
from contextlib import ExitStack
from itertools import count, takewhile

from tests.faults.figures import Figures
from tests.faults.sessions import sessions
from tests.faults.world import World

STORES = ("sqlite", "mongo")
SESSIONS, RULES = 4, 30


def main() -> int:
    parser = argparse.ArgumentParser(description="Random sessions against real servers, and the promises on each.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=None, help="else one is chosen, and printed")
    parser.add_argument("--store", choices=STORES, default=None, help="only this one")
    given = parser.parse_args()
    base = secrets.randbelow(10**6) if given.seed is None else given.seed
    print(f"seed {base}", flush=True)
    return run(base, given.minutes * 60, (given.store,) if given.store else STORES)


def run(base: int, seconds: float, stores: tuple[str, ...]) -> int:
    """Batches of sessions, each with a seed of its own. Returns the exit status."""
    until, total = time.monotonic() + seconds, Figures()
    with ExitStack() as stack:
        worlds = [stack.enter_context(World(store)) for store in stores]
        for number in takewhile(lambda _: time.monotonic() < until, count(base)):
            world = worlds[number % len(worlds)]
            figures, failures = sessions(world, SESSIONS, RULES, number)
            total.add(figures)
            for failure in failures:
                print(f"\n--seed {number} --store {world.store}, {failure}", flush=True)
    print(f"\n{total.markdown()}")
    return 1 if total.counts["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
