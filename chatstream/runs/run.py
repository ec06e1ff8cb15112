"""A Run: one answer, as a numbered, timed, append-only list of events, and the viewers that read it.

It belongs to no connection. A viewer holds an index into the list and no queue: a slow one costs no memory, takes all
it missed at once, and never slows the Run.
"""

import time
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from gevent import get_hub
from gevent.event import Event
from gevent.hub import Waiter

from chatstream.errors import ChatStreamError, Gone
from chatstream.store.records import Batch, RunRecord, opening
from chatstream.wire.events import Kind, RunEvent, State

FAILED: frozenset[State] = frozenset({"truncated", "stalled", "upstream_error", "interrupted"})
"""The states that come with an error."""


SLICE = 512
"""Most events a viewer takes at once: what it holds while its reader is slow."""


class EventLog:
    """The list, and those who wait for it to grow."""

    def __init__(self) -> None:
        self.events: list[RunEvent] = []
        self.ended = False
        self._waiting: set[Viewer] = set()

    def wake(self) -> None:
        """Let every waiting viewer go on. It does so after this greenlet waits for something."""
        waiting, self._waiting = self._waiting, set()
        for viewer in waiting:
            viewer.wake()

    def follow(self, after: int, pulse: "Pulse") -> Iterator[list[RunEvent]]:
        """Event lists from number `after` + 1 to the end; an empty list when nothing came for a heartbeat's time.

        :raises Gone: if there is nothing after that number, or no last event. A stream without it must not look whole
        """
        at = after
        while True:
            events = self.events[at : at + SLICE]
            if events:
                at += len(events)
                yield events
            elif self.ended:
                if at == after or self.events[-1].kind != "end":
                    raise Gone("This run ended before the frame that was asked for.")
                return
            elif not self._wait(pulse):
                yield []

    def _wait(self, pulse: "Pulse") -> bool:
        """Wait for the next wake-up; False when it was the heartbeat's."""
        viewer = Viewer()
        self._waiting.add(viewer)
        try:
            return pulse.wait(viewer)
        finally:
            self._waiting.discard(viewer)


class Run(EventLog):
    """A running answer. Only its own greenlet appends.

    :param kept: the events it begins with, which the store has already
    """

    def __init__(self, record: RunRecord, kept: Batch | None = None) -> None:
        super().__init__()
        self.record = record
        self.id = record.id
        self.events = list(kept.events) if kept else [opening(record)]
        self.given = len(self.events)
        """How many events it began with, before upstream was called."""
        self.state: State = "running"
        self.error: ChatStreamError | None = None
        self.end: dict[str, Any] | None = None
        """The data of the last event, once it is decided; the event itself follows when it is stored."""
        self.opened = Event()
        """Set when upstream has begun to answer, or the Run ended without it."""
        self.stored = len(kept.events) if kept else 0
        """How many events the store has."""
        self._began = time.monotonic()

    def age_ms(self) -> int:
        return int((time.monotonic() - self._began) * 1000)

    def append(self, kind: Kind, data: Any) -> None:
        self.events.append(RunEvent(kind, data, self.age_ms()))

    def finish(self, last: RunEvent) -> None:
        """Append the last event; nothing comes after it."""
        self.events.append(last)
        self.state = last.data["state"]
        self.ended = True
        self.opened.set()
        self.wake()


class Viewer:
    """Somebody waiting for a Run's next event, once."""

    __slots__ = ("_hub", "_waiter", "since")

    def __init__(self) -> None:
        self._hub = get_hub()
        self._waiter = Waiter(self._hub)
        self.since = time.monotonic()

    def wait(self) -> bool:
        woken: bool = self._waiter.get()
        return woken

    def wake(self, by_event: bool = True) -> None:
        self._hub.loop.run_callback(self._waiter.switch, by_event)


class Pulse:
    """One clock for the heartbeats of all viewers: a timer for each wait would cost more than the waiting.

    :param every: seconds without an event after which a viewer gets a heartbeat
    """

    def __init__(self, every: float) -> None:
        self.every = every
        self.tick = min(0.05, every / 4)
        self._waiting: OrderedDict[Viewer, None] = OrderedDict()  # who waits longest comes first

    def wait(self, viewer: Viewer) -> bool:
        """Whether an event woke the viewer, not the clock."""
        self._waiting[viewer] = None
        try:
            return viewer.wait()
        finally:
            self._waiting.pop(viewer, None)

    def beat(self) -> None:
        """Wake whoever waited long enough. To be called every `tick` seconds."""
        before = time.monotonic() - self.every
        while self._waiting and next(iter(self._waiting)).since <= before:
            self._waiting.popitem(last=False)[0].wake(by_event=False)
