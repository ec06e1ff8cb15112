"""What of this worker's Runs is in its spool, and what was left to it alone."""

import logging
from collections.abc import Iterator, Sequence

from gevent.lock import BoundedSemaphore

from chatstream.runs import recovery
from chatstream.runs.run import Run
from chatstream.store.ports import RunStore
from chatstream.store.spool import Spool, Spooled, encode
from chatstream.wire.events import RunEvent

_log = logging.getLogger(__name__)

HELD_BYTES = 32 << 20
"""Spooled bytes of ended Runs that stay in memory too, where viewers can read them while the store is away."""


class Spooling:
    """The spool, with the Runs that are in it."""

    def __init__(self, store: RunStore, spool: Spool, worker: str) -> None:
        self._store = store
        self._spool = spool
        self._worker = worker
        self._upto: dict[str, int] = {}
        self._bytes: dict[str, int] = {}
        self._released: set[str] = set()
        self._one = BoundedSemaphore()  # writing and clearing wait for the disk

    @property
    def empty(self) -> bool:
        return not self._upto

    def has(self, run: Run, number: int) -> bool:
        """Whether the Run's event with this number is in the spool."""
        return self._upto.get(run.id, 0) >= number

    def write(self, runs: Sequence[tuple[Run, int, list[RunEvent]]]) -> None:
        """Spool what is not there yet of these Runs' events, the first of which have the numbers given.

        :raises StoreUnavailable: if that is not possible
        """
        with self._one:
            if self._spool.renew():
                _log.error("The spool was removed while it was in use. What is in memory is spooled again.")
                self._upto.clear()
                self._bytes.clear()
            lines: dict[str, bytes] = {}
            upto: dict[str, int] = {}
            for run, first, events in runs:
                new = events[max(0, self._upto.get(run.id, 0) - first + 1) :]
                if new and (line := _line(run, first + len(events) - len(new), new)):
                    lines[run.id], upto[run.id] = line, first + len(events) - 1
            if lines:
                self._spool.write(list(lines.values()))
            self._upto |= upto
            self._bytes |= {run_id: self._bytes.get(run_id, 0) + len(line) for run_id, line in lines.items()}

    def release(self, runs: Sequence[Run]) -> Iterator[Run]:
        """The ended Runs, oldest first, that are too much to be held in memory and are safe in the spool."""
        held = sum(size for run_id, size in self._bytes.items() if run_id not in self._released)
        for run in runs:
            if held <= HELD_BYTES:
                return
            if run.ended and self.has(run, len(run.events)):
                held -= self._bytes[run.id]
                self._released.add(run.id)
                yield run

    def written(self, runs: Sequence[Run]) -> None:
        """The store took what there was of these, which are all Runs in memory: take in the others, and clear.

        :raises StoreUnavailable: if it is away again
        """
        with self._one:
            if self.empty or any(run.stored < self._upto.get(run.id, 0) for run in runs):
                return
            if self._released:
                theirs = ([e for e in entries if e.run.id in self._released] for entries in self._spool.read())
                for record in recovery.take_in(self._store, self._worker, theirs):
                    recovery.conclude(self._store, record, self._worker)
            self._spool.clear()
            self._upto.clear()
            self._bytes.clear()
            self._released.clear()


def _line(run: Run, first: int, events: list[RunEvent]) -> bytes:
    """Nothing for events that cannot be written at all: their Run is left to the recorder, the others are not kept."""
    try:
        return encode(Spooled(run.record, first, events))
    except ValueError:
        return b""
