"""All tests: `python -m tests.everything [pytest's arguments]`, which `make test` runs.

Tests wait for browsers and servers most of their time, so four shares at a time run side by side on two cores; there
are more of them, so that none is long alone in the end. Tests marked `alone` come after, by themselves.
"""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

PAGE = "tests/web/page/"
"""Browsers take most of the processor; other tests mostly wait."""
SHARES, AT_ONCE = 12, 4
TOGETHER, ALONE = ("-m", "not alone"), ("-m", "alone")
NONE_CHOSEN = 5
"""pytest's status where none of its tests was asked for."""

Run = subprocess.Popen[bytes]


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = sys.argv[1:]
    files = sorted(map(str, Path("tests").rglob("test_*.py")), key=_last_if_no_browser)
    shares = [files[n::SHARES][:: 1 if n % 2 else -1] for n in range(SHARES)]  # half of them have browsers first
    statuses = list(_side_by_side([[*share, *TOGETHER, *arguments] for share in shares]))
    with running(["tests", *ALONE, *arguments]) as alone:
        statuses.append(alone.wait())
    return _whole(statuses)


def _last_if_no_browser(file: str) -> tuple[bool, str]:
    """Neighbours, which take about as long, come into different shares."""
    return not file.startswith(PAGE), file


def _side_by_side(shares: list[list[str]]) -> Iterator[int]:
    """The status of each, as they end."""
    under_way: list[tuple[Run, BinaryIO]] = []
    with ExitStack() as stack:
        while shares or under_way:
            while shares and len(under_way) < AT_ONCE:
                told = stack.enter_context(tempfile.TemporaryFile())
                under_way.append((stack.enter_context(running(shares.pop(0), told)), told))
            for share in [share for share in under_way if share[0].poll() is not None]:
                under_way.remove(share)
                yield _ended(*share)
            time.sleep(0.2)


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


def _ended(run: Run, told: BinaryIO) -> int:
    """Its status, once what it told stands with the rest."""
    told.seek(0)
    shutil.copyfileobj(told, sys.stdout.buffer)
    sys.stdout.flush()
    return run.wait()


def _whole(statuses: Sequence[int]) -> int:
    """The worst one; that nothing was chosen counts only where it holds for all."""
    chosen = [status for status in statuses if status != NONE_CHOSEN]
    return max(map(abs, chosen)) if chosen else NONE_CHOSEN


if __name__ == "__main__":
    sys.exit(main())
