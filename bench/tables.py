"""Figures as tables in Markdown, which read well in a terminal too."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from bench.curve import Point
from bench.limits import Verdict
from bench.row import Row

ROWS = {
    "failed": "lost",
    "tok_s": "tokens/s",
    "cpu_us_per_token": "CPU µs per token",
    "cpu_ratio": "× nginx",
    "ttft_p50_ms": "first token ms, p50",
    "ttft_p99_ms": "p99",
    "age_p50_ms": "age ms, p50",
    "age_p99_ms": "p99",
    "kb_per_stream": "KiB per stream",
    "bench_percent": "other core %",
}
MEMORY = {
    "streams": "streams",
    "failed": "lost",
    "start_mib": "MiB at the start",
    "peak": "KiB per stream, peak",
    "left": "left after",
    "left_after_two": "left after a second wave",
}
IDLE = {
    "open": "streams open",
    "cpu_percent": "CPU %",
    "beats": "heartbeats",
    "late_p50_ms": "late ms, p50",
    "late_p99_ms": "p99",
    "late_max_ms": "at most",
}
SHARES = {"greenlet_percent": "its greenlet %", "threads_percent": "store's threads %", "percent": "together %"}


def table(head: Sequence[str], lines: Iterable[Sequence[str]], texts: int = 1) -> str:
    """With columns of even width; the first ones are text, the others are figures."""
    rows = [list(head), *map(list, lines)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    rule = ["-" * width if at < texts else "-" * (width - 1) + ":" for at, width in enumerate(widths)]
    return "\n".join(_line(row, widths, texts) for row in (rows[0], rule, *rows[1:]))


def of_records(columns: dict[str, str], records: Sequence[Any], keys: Sequence[str] = ("relay",)) -> str:
    """One line per relay, or relay and case, in the order they came: the medians of its records."""
    groups: dict[tuple[str, ...], list[Any]] = {}
    for record in records:
        groups.setdefault(tuple(getattr(record, key) for key in keys), []).append(record)
    lines = [[*group, *(_median(each, name) for name in columns)] for group, each in groups.items()]
    return table([*keys, *columns.values()], lines, texts=len(keys))


def of_rows(rows: Sequence[Row]) -> str:
    """The same for a case; below it, why streams were lost, round by round. One stream alone says nothing of memory."""
    why = [f"{row.relay}: {row.why}." for row in rows if row.why]
    some = {name: head for name, head in ROWS.items() if name != "kb_per_stream" or rows[0].case != "single"}
    return "\n\n".join([of_records(some, rows), *why])


def of_curve(points: Sequence[Point]) -> str:
    """A line per relay, a column per number of streams: CPU in percent, in brackets where it did not keep pace."""
    numbers = sorted({point.streams for point in points})
    found = {(point.relay, point.streams): _held(point) for point in points}
    relays = dict.fromkeys(point.relay for point in points)
    lines = [[relay, *(found.get((relay, number), "") for number in numbers)] for relay in relays]
    return table(["relay", *map(str, numbers)], lines)


def of_verdicts(found: Sequence[Verdict]) -> str:
    """Every limit, whether it was met or not."""
    head = ("case", "relay", "what", "limit", "measured", "met")
    return table(head, [_verdict(each) for each in found], texts=4)


def figure(value: float) -> str:
    """Three digits that count, without an exponent."""
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _median(records: Sequence[Any], name: str) -> str:
    return figure(median(getattr(each, name) for each in records))


def _held(point: Point) -> str:
    cpu = f"{point.cpu_percent:.0f}"
    return cpu if point.kept_pace else f"({cpu})"


def _verdict(each: Verdict) -> list[str]:
    measured = "not measured" if each.measured is None else f"{figure(each.measured)}{each.limit.unit}"
    return [each.limit.case, each.relay, each.limit.what, str(each.limit), measured, "yes" if each.met else "**no**"]


def _line(cells: Sequence[str], widths: Sequence[int], texts: int) -> str:
    pairs = enumerate(zip(cells, widths, strict=True))
    return f"| {' | '.join(cell.ljust(width) if at < texts else cell.rjust(width) for at, (cell, width) in pairs)} |"
