"""What dead workers left: their spooled events are taken into the store, and their Runs get an end.

A worker of this machine is known to be dead at once, by the lock of its file (`store/spool.py`). Of one elsewhere it
is only known that its lease is over.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chatstream.errors import StoreUnavailable, WorkerLost
from chatstream.store import spool
from chatstream.store.ports import RunStore
from chatstream.store.records import Batch, RunRecord, batches, ending, now_ms, opening
from chatstream.store.spool import Spooled
from chatstream.wire.events import RunEvent

LEASE_MS = 30_000
"""How long a worker may not be heard of before its Runs are given an end."""
REACHED_S = 12.0
"""How long the store has to be reachable before a lease that is over says anything: others were cut off as well."""

_log = logging.getLogger(__name__)


class Sweeper:
    """One per worker.

    :param folder: where the workers of this machine have their files
    """

    def __init__(self, store: RunStore, folder: Path, worker: str) -> None:
        self._store = store
        self._folder = folder
        self._worker = worker
        self._reached = time.monotonic()

    def sweep(self) -> None:
        """End the Runs of the dead. :raises StoreUnavailable:"""
        try:
            for left in spool.left(self._folder):
                self._inherit(left)
            orphans = self._store.orphans(now_ms())
        except StoreUnavailable:
            self._reached = time.monotonic()
            raise
        if time.monotonic() - self._reached < REACHED_S:
            return
        living = spool.spooling(self._folder) | {self._worker}
        for orphan in orphans:
            if orphan.worker not in living:
                with _alone(orphan.id):
                    bury(self._store, orphan, f"{self._worker} sweeping")  # a name that is never renewed

    def _inherit(self, left: spool.Left) -> None:
        self._store.renew(left.worker, now_ms() + LEASE_MS)  # nobody else shall take its Runs over meanwhile
        take_in(self._store, left.worker, left.read())
        for record in self._store.runs_of(left.worker):
            with _alone(record.id):
                conclude(self._store, record, left.worker)
        left.remove()


def take_in(store: RunStore, worker: str, spooled: Iterable[list[Spooled]]) -> list[RunRecord]:
    """Store what a worker spooled and the store lacks; the Runs among them whose last event was spooled."""
    stored: dict[str, int] = {}
    ended = []
    for entries in spooled:
        for entry in entries:
            with _alone(entry.run.id):
                _add(store, worker, entry, stored)
            if entry.events and entry.events[-1].kind == "end":
                ended.append(entry.run)
    return ended


@contextmanager
def _alone(run_id: str) -> Iterator[None]:
    """A Run that cannot be written keeps no other from its end."""
    try:
        yield
    except StoreUnavailable:
        raise
    except Exception:  # noqa: BLE001 – whatever it is
        _log.exception("run %s cannot be written", run_id)


def _add(store: RunStore, worker: str, entry: Spooled, stored: dict[str, int]) -> None:
    """:param stored: how many events of each Run the store is known to have"""
    run_id = entry.run.id
    if run_id not in stored:
        stored[run_id] = len(store.events(run_id, 0))
    first = stored[run_id] + 1
    new = entry.events[max(0, first - entry.first) :]
    if not new or entry.first > first:
        return  # it has them, or there is a hole, behind which nothing has a place
    stored[run_id] += len(new)
    if store.record(worker, batches(run_id, first, new), []):
        _log.warning("%d events of run %s came too late: it was deleted, or given its end by another", len(new), run_id)


def bury(store: RunStore, orphan: RunRecord, worker: str) -> None:
    """Give a Run whose worker died its end. Of several workers that find it, one does."""
    now = now_ms()
    if store.take_over(orphan.id, worker, now, now + LEASE_MS):
        conclude(store, orphan, worker)


def conclude(store: RunStore, record: RunRecord, worker: str) -> None:
    """End a Run with what the store has of it: by the end that was stored, if it came that far, else `interrupted`."""
    stored = store.events(record.id, 0)
    events = stored or [opening(record)]
    if events[-1].kind != "end":
        events = [*events, interrupted(record, events[-1].at)]
    missing = events[len(stored) :]
    batches = [Batch(run_id=record.id, first=len(stored) + 1, events=missing)] if missing else []
    store.record(worker, batches, [ending(record, events)])


def is_lost(end: RunEvent) -> bool:
    """Whether a Run's last event is one of those given to it in its worker's stead."""
    error = end.data.get("error")
    return error is not None and error["code"] == WorkerLost.code


def interrupted(record: RunRecord, at: int) -> RunEvent:
    """The last event of a Run whose worker cannot end it."""
    timings = {"firstTokenMs": None, "totalMs": at, "tokensPerSecond": None}
    error = {"message": str(WorkerLost()), "code": WorkerLost.code}
    end = {"chatId": record.chat_id, "state": "interrupted", "usage": None, "timings": timings, "error": error}
    return RunEvent("end", end, at)
