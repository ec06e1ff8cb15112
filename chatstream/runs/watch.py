"""Who looks after the deadlines of all answers of this worker."""

import time
from collections.abc import Callable

from chatstream.runs.wheel import Wheel
from chatstream.settings import Settings
from chatstream.upstream.deadlines import REST_S, Deadlines

TICK_S = 0.25


class Watch:
    """Looks at an answer when it can be overdue: of 5000 silent ones, looking at each took 2 % of a core."""

    def __init__(self, settings: Settings) -> None:
        self._soonest = min(REST_S, settings.silence_s, settings.first_token_s)
        """No deadline that changes comes sooner than this from then."""
        self._wheel = Wheel[Deadlines](TICK_S)
        self._over: dict[Deadlines, Callable[[], None]] = {}

    def add(self, deadlines: Deadlines, over: Callable[[], None]) -> None:
        """:param over: called when one has passed, and again until they are removed"""
        self._over[deadlines] = over
        self._put(deadlines)

    def remove(self, deadlines: Deadlines) -> None:
        self._over.pop(deadlines, None)
        self._wheel.remove(deadlines)

    def look(self) -> None:
        """To be called every `TICK_S`."""
        now = time.monotonic()
        for deadlines in self._wheel.due(now):
            self._put(deadlines)
            if deadlines.over(now):
                self._over[deadlines]()

    def _put(self, deadlines: Deadlines) -> None:
        self._wheel.put(deadlines, time.monotonic() + min(deadlines.left(), self._soonest))
