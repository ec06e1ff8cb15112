"""How often upstream is read.

After the first token it is read at most once per frame, so that cost grows with frames and not with tokens. The frame
grows with the load of the worker, up to 100 ms: smoothness gives way first, throughput never.
"""

import time

import gevent
from gevent import get_hub
from gevent.hub import Waiter

from chatstream.settings import Settings
from chatstream.turns import let_others

LONGEST_S = 0.1
EASE, STRAIN = 0.25, 0.75
"""Shares of one core: up to the first a frame has its shortest length, from the second on its longest."""
_LOOK_S = 0.1
_STEP_S = 0.008
_BELIEVED = 0.4
"""How much of a change is believed at once. With 0.8 a rush of 200 made p99 of their tokens 78 instead of 55 ms old."""


class Load:
    """What share of a core this worker takes, 0 to 1, or how far its timers lag behind."""

    def __init__(self) -> None:
        self.share = 0.0

    def watch(self) -> None:
        """Measure it, for ever."""
        while True:
            at, spent = time.monotonic(), time.process_time()
            gevent.sleep(_LOOK_S)
            passed = time.monotonic() - at
            self.take((time.process_time() - spent) / passed, passed - _LOOK_S)

    def take(self, share: float, late: float) -> None:
        """Take one observation: the share of a core that was used, and by how many seconds a timer came late.

        Others may use the same core: then the lateness tells.
        """
        seen = max(share, late * 10)
        self.share += (min(seen, 1.0) - self.share) * _BELIEVED


class Clock:
    """Wakes sleepers in steps of 8 ms, together: 11 instead of 16 µs for each, with 200 of them and a timer of gevent's
    own for every one."""

    def __init__(self) -> None:
        self._due: dict[int, list[Waiter]] = {}
        self._timer = get_hub().loop.timer(_STEP_S, _STEP_S)
        self._at = 0

    def sleep_until(self, moment: float) -> None:
        """Sleep until then, on `time.monotonic`'s clock, or up to a step longer."""
        waiter = Waiter()
        self._due.setdefault(int(moment / _STEP_S) + 1, []).append(waiter)
        if not self._timer.active:
            self._at = int(time.monotonic() / _STEP_S)
            self._timer.start(self._beat)
        waiter.get()

    def _beat(self) -> None:
        loop, now = get_hub().loop, int(time.monotonic() / _STEP_S)
        for step in range(self._at, now + 1):
            for waiter in self._due.pop(step, ()):
                loop.run_callback(waiter.switch, None)
        self._at = now + 1
        if not self._due:
            self._timer.stop()


class Pace:
    """The frames of one worker's streams of one kind.

    :param shortest_s: the length of a frame while the worker has little to do; 0: upstream is read as it sends
    """

    def __init__(self, shortest_s: float, load: Load, clock: Clock) -> None:
        self._shortest = shortest_s
        self._load = load
        self._clock = clock

    @property
    def frame_s(self) -> float:
        """The present length of a frame."""
        if not self._shortest or self._shortest >= LONGEST_S:
            return self._shortest
        strained = min(1.0, max(0.0, (self._load.share - EASE) / (STRAIN - EASE)))
        return self._shortest + strained * (LONGEST_S - self._shortest)

    def rest(self, read_at: float) -> None:
        """Sleep until a frame has passed since `read_at`; the others have their turn in any case."""
        due = read_at + self.frame_s
        if due > time.monotonic():
            self._clock.sleep_until(due)
        else:
            let_others()


class Paces:
    """Both kinds of streams of a worker, under one load."""

    def __init__(self, settings: Settings) -> None:
        self._load, clock = Load(), Clock()
        self.runs = Pace(settings.frame_ms / 1000, self._load, clock)
        self.relays = Pace(settings.relay_frame_ms / 1000, self._load, clock)

    def open(self) -> None:
        """Begin to measure the load."""
        gevent.spawn(self._load.watch)
