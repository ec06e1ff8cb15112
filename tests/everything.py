"""All tests: `python -m tests.everything [pytest's arguments]`, which `make test` runs.

Tests wait for browsers and servers, so two halves run side by side. Those marked `alone` come after, by themselves.
"""

import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

FIRST = ("tests/web/page", "tests/web/test_store_away.py")
"""Half of the time that all takes."""
TOGETHER, ALONE = ("-m", "not alone"), ("-m", "alone")
NONE_CHOSEN = 5
"""pytest's status where none of its tests was asked for."""

Run = subprocess.Popen[bytes]


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = sys.argv[1:]
    others = [f"--ignore={place}" for place in FIRST]
    with tempfile.TemporaryFile() as told, running([*FIRST, *TOGETHER, *arguments], told) as first:
        with running(["tests", *others, *TOGETHER, *arguments]) as second:
            statuses = [second.wait(), first.wait()]
        told.seek(0)
        shutil.copyfileobj(told, sys.stdout.buffer)
        sys.stdout.flush()
    with running(["tests", *ALONE, *arguments]) as alone:
        statuses.append(alone.wait())
    return _whole(statuses)


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


def _whole(statuses: Sequence[int]) -> int:
    """The worst one; that nothing was chosen counts only where it holds for all."""
    chosen = [status for status in statuses if status != NONE_CHOSEN]
    return max(map(abs, chosen)) if chosen else NONE_CHOSEN


if __name__ == "__main__":
    sys.exit(main())
