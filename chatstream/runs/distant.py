"""Runs that live in another worker, or ended: followed and stopped through the store."""

import logging
import math
import time
from collections.abc import Iterator

import gevent

from chatstream.errors import StoreUnavailable
from chatstream.runs.run import EventLog
from chatstream.runs.viewers import Pulse
from chatstream.store.ports import RunStore
from chatstream.store.records import RunRecord, now_ms
from chatstream.wire.events import RunEvent

POLL_S = 0.1
_WATCH_S = 3.0
"""How long an order to write a Run out quickly holds; it is given again while somebody follows."""

_log = logging.getLogger(__name__)


class Mirrors:
    """The Runs of other workers that are followed here, each read from the store once for all its viewers."""

    def __init__(self, store: RunStore, pulse: Pulse) -> None:
        self._store = store
        self._pulse = pulse
        self._mirrors: dict[str, Mirror] = {}

    def follow(self, record: RunRecord, after: int) -> Iterator[list[RunEvent]]:
        """Event lists from number `after` + 1 to the end; an empty list when nothing came for a heartbeat's time.

        While the store is away, the heartbeats go on.

        :raises Gone: if the Run ended before it came so far
        """
        mirror = self._mirrors.get(record.id)
        if mirror is None:
            mirror = self._mirrors[record.id] = Mirror(self._store, record)
            gevent.spawn(mirror.poll)
        mirror.viewers += 1
        try:
            yield from mirror.follow(after, self._pulse)
        finally:
            mirror.viewers -= 1
            if not mirror.viewers and self._mirrors.get(record.id) is mirror:
                del self._mirrors[record.id]


class Mirror(EventLog):
    """What the store has of a Run, read again and again until its end, or until nobody looks any more."""

    def __init__(self, store: RunStore, record: RunRecord) -> None:
        super().__init__()
        self.viewers = 0
        self._store = store
        self._record = record
        self._watched = -math.inf

    def poll(self) -> None:
        while not self.ended:
            try:
                self._read()
            except StoreUnavailable:
                pass  # it is asked again
            except Exception:  # noqa: BLE001 – its viewers must not wait for ever: they are cut, and may come again
                _log.exception("run %s could not be followed", self._record.id)
                self._end()
            gevent.sleep(POLL_S)
            if not self.viewers:
                return

    def _read(self) -> None:
        if new := self._store.events(self._record.id, len(self.events)):
            self._take(new)
        else:
            self._look_for_the_end()
        if not self.ended and time.monotonic() - self._watched > _WATCH_S / 2:
            self._watched = time.monotonic()
            self._store.order_watch(self._record.id, now_ms() + int(_WATCH_S * 1000))

    def _take(self, events: list[RunEvent]) -> None:
        self.events += events
        if events[-1].kind == "end":
            self._end()
        else:
            self.wake()

    def _end(self) -> None:
        self.ended = True
        self.wake()

    def _look_for_the_end(self) -> None:
        present = self._store.run(self._record.owner, self._record.id)
        if present is None:  # the chat was deleted, and that stopped its answer
            end = {"chatId": self._record.chat_id, "state": "stopped", "usage": None, "timings": None}
            self._take([RunEvent("end", end, 0)])
        elif present.state != "running":
            if last := self._store.events(self._record.id, len(self.events)):  # it may have ended since
                self._take(last)
            self._end()


def stop(store: RunStore, record: RunRecord, patience_s: float) -> None:
    """Ask the Run's worker to stop it, and wait until it did."""
    store.order_stop(record.id)
    give_up = time.monotonic() + patience_s
    while time.monotonic() < give_up:
        present = store.run(record.owner, record.id)
        if present is None or present.state != "running":
            return
        gevent.sleep(POLL_S / 2)
