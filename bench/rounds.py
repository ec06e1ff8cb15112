"""Relays side by side: each round measures all of them in turn, and each row is told beside the round's first."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.cases import CASES
from bench.relays import Relay
from bench.row import Row, measure


def rounds(relays: Sequence[Relay], case: str, count: int, tools: Path, once: Sequence[Relay] = ()) -> Iterator[Row]:
    """The rows as they are measured.

    :param once: relays that only the first round measures
    """
    for number in range(count):
        first = None
        for relay in [*relays, *(once if number == 0 else ())]:
            row = measure(relay, case, CASES[case], tools)
            first = first or row
            yield row.beside(first)
