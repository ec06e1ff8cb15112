"""What a program and all it started used: CPU time and memory."""

import time
from contextlib import suppress
from pathlib import Path


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    parents = _parents()
    found = [pid]
    for each in found:  # grows while it is walked
        found += [child for child, parent in parents.items() if parent == each]
    return found


def cpu_seconds(pid: int) -> float:
    """CPU time of a process tree, in user and kernel, of ended threads too."""
    return sum(_cpu_clock(each) for each in tree(pid))


def other_threads_seconds(pid: int) -> float:
    """CPU time of all threads of this process but the first."""
    threads = Path(f"/proc/{pid}/task").glob("[0-9]*/schedstat")
    return sum(int(path.read_text().split()[0]) for path in threads if path.parent.name != str(pid)) / 1e9


def memory_kib(pid: int) -> int:
    """Proportional set size of a process tree: what is shared counts once."""
    return sum(_pss(each) for each in tree(pid))


def _parents() -> dict[int, int]:
    """proc(5): the parent is the fourth field of stat, after a name that may hold spaces."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # ended since
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    return parents


def _cpu_clock(pid: int) -> float:
    """Exact, where /proc counts hundredths of a second: the clock that clock_getcpuclockid(3) names."""
    try:
        return time.clock_gettime(~pid << 3 | 2)
    except OSError:
        return 0.0


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
