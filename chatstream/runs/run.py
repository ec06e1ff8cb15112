"""A Run: one answer, as a numbered, timed, append-only list of events, and the viewers that read it.

It belongs to no connection. A viewer holds an index into the list and no queue: a slow one costs no memory, takes all
it missed at once, and never slows the Run.
"""

import time
from collections.abc import Iterator
from typing import Any

from gevent.event import Event

from chatstream.errors import ChatStreamError, Gone
from chatstream.runs.viewers import Pulse, Viewer
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
        self._viewers: list[Viewer] = []

    def wake(self) -> None:
        """Let every waiting viewer go on. It does so after this greenlet waits for something."""
        for viewer in self._viewers:
            viewer.wake()

    def follow(self, after: int, pulse: Pulse) -> Iterator[list[RunEvent]]:
        """Event lists from number `after` + 1 to the end; an empty list when nothing came for a heartbeat's time.

        :raises Gone: if there is nothing after that number, or no last event. A stream without it must not look whole
        """
        viewer = Viewer()
        self._viewers.append(viewer)
        pulse.add(viewer)
        try:
            yield from self._told(after, viewer)
        finally:
            self._viewers.remove(viewer)
            pulse.remove(viewer)

    def _told(self, after: int, viewer: Viewer) -> Iterator[list[RunEvent]]:
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
            elif not viewer.wait():
                yield []


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
