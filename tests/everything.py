"""All tests: `python -m tests.everything [pytest's arguments]`, which `make test` runs.

Tests wait for browsers and servers most of their time, so four shares run side by side on two cores. Those marked
`alone` come after, by themselves.
"""

import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

PAGE = "tests/web/page/"
"""Browsers take most of the processor; other tests mostly wait."""
SHARES = 4
TOGETHER, ALONE = ("-m", "not alone"), ("-m", "alone")
NONE_CHOSEN = 5
"""pytest's status where none of its tests was asked for."""

Run = subprocess.Popen[bytes]


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = sys.argv[1:]
    files = sorted(map(str, Path("tests").rglob("test_*.py")), key=_last_if_no_browser)
    with ExitStack() as stack:
        shares = []
        for n in range(SHARES):
            told = stack.enter_context(tempfile.TemporaryFile()) if n else None
            share = files[n::SHARES][:: 1 if n % 2 else -1]  # half of them with browsers first, half with them last
            run = stack.enter_context(running([*share, *TOGETHER, *arguments], told))
            shares.append((run, told))
        statuses = [_ended(run, told) for run, told in shares]
    with running(["tests", *ALONE, *arguments]) as alone:
        statuses.append(alone.wait())
    return _whole(statuses)


def _last_if_no_browser(file: str) -> tuple[bool, str]:
    """Neighbours, which take about as long, come into different shares."""
    return not file.startswith(PAGE), file


@contextmanager
def running(arguments: Sequence[str], output: object = None) -> Iterator[Run]:
    """A pytest, which ends as on Ctrl-C if this does."""
    run = subprocess.Popen([sys.executable, "-m", "pytest", *arguments], stdout=output)  # type: ignore[call-overload]
    try:
        yield run
    finally:
        if run.poll() is None:
            run.terminate()
            run.wait()


def _ended(run: Run, told: BinaryIO | None) -> int:
    """Its status, once what it told stands with the rest."""
    status = run.wait()
    if told:
        told.seek(0)
        shutil.copyfileobj(told, sys.stdout.buffer)
        sys.stdout.flush()
    return status


def _whole(statuses: Sequence[int]) -> int:
    """The worst one; that nothing was chosen counts only where it holds for all."""
    chosen = [status for status in statuses if status != NONE_CHOSEN]
    return max(map(abs, chosen)) if chosen else NONE_CHOSEN


if __name__ == "__main__":
    sys.exit(main())
