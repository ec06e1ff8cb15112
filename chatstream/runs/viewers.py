"""Who waits for a Run's next event: woken by it, or by a heartbeat."""

import time

from gevent import get_hub
from gevent.hub import Waiter

from chatstream.runs.wheel import Wheel


class Viewer:
    """Somebody who reads a Run, and waits for its next event again and again."""

    __slots__ = ("_hub", "_waiter", "since", "waits")

    def __init__(self) -> None:
        self._hub = get_hub()
        self._waiter = Waiter(self._hub)
        self.waits = False
        self.since = time.monotonic()
        """When it began to wait, the last time."""

    def wait(self) -> bool:
        """Whether an event woke it, not the clock."""
        self.since = time.monotonic()
        self.waits = True
        try:
            woken: bool = self._waiter.get()
            return woken
        finally:
            self.waits = False
            self._waiter.clear()

    def wake(self, by_event: bool = True) -> None:
        """Let it go on, if it waits. Only the first call counts."""
        if self.waits:
            self.waits = False
            self._hub.loop.run_callback(self._waiter.switch, by_event)


class Pulse:
    """One clock for the heartbeats of all viewers.

    A viewer is looked at when it can be due, not each time it waits: so a heartbeat costs a stream that flows nothing.

    :param every: seconds without an event after which a viewer gets a heartbeat
    """

    def __init__(self, every: float) -> None:
        self.every = every
        self.tick = min(0.05, every / 4)
        self._wheel = Wheel[Viewer](self.tick)

    def add(self, viewer: Viewer) -> None:
        """Look after it, from when it began to wait."""
        self._wheel.put(viewer, viewer.since + self.every)

    def remove(self, viewer: Viewer) -> None:
        self._wheel.remove(viewer)

    def beat(self) -> None:
        """Wake whoever waited long enough. To be called every `tick` seconds."""
        now = time.monotonic()
        for viewer in self._wheel.due(now):
            if viewer.waits and now - viewer.since >= self.every:
                viewer.since = now
                viewer.wake(by_event=False)
            self.add(viewer)
