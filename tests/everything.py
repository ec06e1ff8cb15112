"""All tests: `python -m tests.everything [pytest's arguments]`, which `make test` runs.

Tests of the page wait for a browser and others for servers, so the two run side by side. Those that look at times and
shares of the processor come after them, by themselves.
"""

import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

PAGE = "tests/web/page"
ALONE = (
    *("tests/bench", "tests/faults", "tests/runs", "tests/web/test_heartbeats.py", "tests/web/test_slow_readers.py"),
    *("tests/web/test_killed_workers.py", "tests/web/test_departed_readers.py"),
)
NONE_CHOSEN = 5
"""pytest's status where none of its tests was asked for."""

Run = subprocess.Popen[bytes]


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = sys.argv[1:]
    others = [f"--ignore={place}" for place in (PAGE, *ALONE)]
    with tempfile.TemporaryFile() as told, running([PAGE, *arguments], told) as page:
        with running(["tests", *others, *arguments]) as beside:
            statuses = [beside.wait(), page.wait()]
        told.seek(0)
        shutil.copyfileobj(told, sys.stdout.buffer)
        sys.stdout.flush()
    with running([*ALONE, *arguments]) as alone:
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
