"""How late this machine wakes who sleeps, measured beside a test: what a limit in seconds has to allow for."""

import time
from types import TracebackType
from typing import Self

import gevent

STEP_S = 0.01


class Noise:
    """Sleeps beside the test, in a greenlet of the test's own process."""

    def __enter__(self) -> Self:
        self.worst = 0.0
        """Seconds by which the latest sleep was too long."""
        self._sleeper = gevent.spawn(self._sleep)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sleeper.kill()

    def _sleep(self) -> None:
        while True:
            began = time.monotonic()
            gevent.sleep(STEP_S)
            self.worst = max(self.worst, time.monotonic() - began - STEP_S)
