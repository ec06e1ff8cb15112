"""What was measured, as text: for the terminal, and for docs/performance.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from bench import document, machine, plot, tables
from bench.cases import CASES
from bench.curve import KEPT, Point
from bench.idle import Idle
from bench.limits import LIMITS, Verdict, verdicts
from bench.memory import Memory
from bench.parts import Size
from bench.recorder import Share
from bench.row import Row

MEMORY = """\
### Memory

Streams of 200 tokens, all held open; then {rest_s} s of nothing; then the same again. KiB of proportional set size for
each stream, above what the warm relay had."""
IDLE = """\
### Held open, idle

{streams} streams whose model is silent, with a heartbeat due every {heartbeat_s} s, watched for {idle_s} s. How late
heartbeats were is seen from their readers."""
RECORDER = """\
### The recorder's share of the CPU

The time of its greenlet, and of all threads of the worker but the first: those are the store's, and begin chats too."""
CURVE = f"""\
### Streams held against CPU

![CPU of one core against streams held, for each relay](img/performance.svg)

CPU of one core in percent, with so many streams of 50 tokens a second; in brackets where fewer than {KEPT:.0%} of the
tokens arrived in time. After that point a relay was not asked for more."""
FULL_PERCENT = 95
FULL = "The other core, of model server and readers, was full, which slows what is measured: {where}."


@dataclass(frozen=True)
class Report:
    """`results` holds the records of each part that was measured; `missing` the peers that were not, and why."""

    size: Size
    results: Mapping[str, Sequence[Any]]
    missing: Mapping[str, str]

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """On all that was measured; on a whole run, on every limit there is."""
        records = list(chain(*self.results.values()))
        cases = {record.case for record in records if hasattr(record, "case")}
        return verdicts(records, [limit for limit in LIMITS if limit.case in cases])

    def text(self) -> str:
        sections = [machine.description(), self._missing(), self._limits()]
        return "\n\n".join(filter(None, [*sections, *map(self._section, self.results)]))

    def write(self, page: Path) -> None:
        """The page's part of the streams, and its plot."""
        if points := self.results.get("curve"):
            (page.parent / "img" / "performance.svg").write_text(plot.svg(points))
        document.replace("streams", self.text(), page)

    def _missing(self) -> str:
        return "\n".join(f"Not measured: {name} ({reason})." for name, reason in self.missing.items())

    def _limits(self) -> str:
        if not self.verdicts:
            return ""
        missed = sum(not verdict.met for verdict in self.verdicts)
        summary = f"{len(self.verdicts) - missed} of {len(self.verdicts)} limits are met, {missed} missed"
        how = f"cases and recorder: medians of {self.size.rounds} rounds, each ratio to nginx in its own"
        return f"### Limits\n\n{summary} ({how}).\n\n{tables.of_verdicts(self.verdicts)}"

    def _section(self, part: str) -> str:
        return str(getattr(self, f"_{part}")(self.results[part]))

    def _rows(self, rows: Sequence[Row]) -> str:
        cases = {name: [row for row in rows if row.case == name] for name in self.size.cases}
        tabled = [f"### {name}: {CASES[name]}\n\n{tables.of_rows(of)}" for name, of in cases.items()]
        full = [f"{row.relay} in {row.case}" for row in rows if row.bench_percent >= FULL_PERCENT]
        return "\n\n".join([*tabled, *_full(full)])

    def _memory(self, records: Sequence[Memory]) -> str:
        said = MEMORY.format(**vars(self.size))
        return f"{said}\n\n{tables.of_records(tables.MEMORY, records)}"

    def _idle(self, records: Sequence[Idle]) -> str:
        said = IDLE.format(streams=records[0].streams, **vars(self.size))
        return f"{said}\n\n{tables.of_records(tables.IDLE, records)}"

    def _recorder(self, records: Sequence[Share]) -> str:
        return f"{RECORDER}\n\n{tables.of_records(tables.SHARES, records, ('relay', 'case'))}"

    def _curve(self, points: Sequence[Point]) -> str:
        full = [f"{point.relay} at {point.streams}" for point in points if point.bench_percent >= FULL_PERCENT]
        return "\n\n".join([CURVE, tables.of_curve(points), *_full(full)])


def _full(places: Sequence[str]) -> list[str]:
    """Where the bench itself had no more to give."""
    return [FULL.format(where=", ".join(dict.fromkeys(places)))] if places else []
