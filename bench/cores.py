"""Who runs where: the relay on one core, and all that is not the relay on another."""

import os
import resource
from collections.abc import Sequence
from pathlib import Path

_CORES = sorted(os.sched_getaffinity(0))
PINNED = len(_CORES) > 1
"""With one core nothing is pinned: CPU times still compare, rates do not."""
SPARE = 500
"""Descriptors that are no streams."""


def for_relay(command: Sequence[str]) -> list[str]:
    return _on(0, command)


def for_bench(command: Sequence[str]) -> list[str]:
    return _on(1, command)


def take_ours() -> None:
    """Move this process off the relay's core, and let it and what it starts hold as many descriptors as it may."""
    if PINNED:
        os.sched_setaffinity(0, {_CORES[1]})
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors(), descriptors()))


def descriptors() -> int:
    """The most that a process may hold here."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def most_streams() -> int:
    """How many a relay may have open: it takes two descriptors for each."""
    return (descriptors() - SPARE) // 2


def bench_seconds() -> float:
    """How long the core has been busy on which all is that is not the relay: proc(5), all of the line but idle, iowait.

    With one core for everything this says nothing of either, and is 0.
    """
    if not PINNED:
        return 0.0
    lines = dict(line.split(maxsplit=1) for line in Path("/proc/stat").read_text().splitlines() if " " in line)
    user, nice, system, _, _, irq, softirq, *_ = map(int, lines[f"cpu{_CORES[1]}"].split())
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _on(core: int, command: Sequence[str]) -> list[str]:
    return ["taskset", "-c", str(_CORES[core]), *command] if PINNED else list(command)
