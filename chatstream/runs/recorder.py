"""The recorder: writes the new events of all of this worker's Runs in one transaction, a few times a second.

A Run's last event reaches its viewers once the store has it, so that whoever saw the end finds it again; if the store
is away, after `PATIENCE_S`, and the recorder goes on trying.
"""

import logging
import time
from collections.abc import Callable

import gevent
from gevent.event import Event

from chatstream.errors import ChatStreamError, StoreUnavailable
from chatstream.runs.run import Run
from chatstream.store.ports import RunStore
from chatstream.store.records import Batch, Ending, now_ms
from chatstream.wire.events import RunEvent

SHORTEST_S, LONGEST_S = 0.25, 1.0
QUICK_S = 0.1
"""How often Runs are written that somebody follows from another worker."""
PATIENCE_S = 3.0
_BUSY = 1000
"""The number of Runs at which the interval is longest."""

_log = logging.getLogger(__name__)


class Recorder:
    """Takes Runs with `add`, is told of their end with `finish`, and calls `done` once a Run is wholly stored."""

    def __init__(self, store: RunStore, done: Callable[[Run], None]) -> None:
        self._store = store
        self._done = done
        self._runs: dict[str, Run] = {}
        self._ending: dict[str, tuple[Run, RunEvent, float]] = {}
        self._watched: dict[str, float] = {}
        self._urgent = Event()
        self._swept = time.monotonic()

    def add(self, run: Run) -> None:
        self._runs[run.id] = run

    def finish(self, run: Run) -> None:
        """The Run's end is decided (`run.end`): write it now, with all that is left."""
        self._ending[run.id] = run, RunEvent("end", run.end, run.age_ms()), time.monotonic() + PATIENCE_S
        self._urgent.set()

    def watch(self, run_id: str) -> None:
        """Write this Run every `QUICK_S` for the next seconds."""
        self._watched[run_id] = time.monotonic() + 5

    def run(self) -> None:
        """The recorder's loop, for a greenlet of its own."""
        while True:
            self._urgent.wait(QUICK_S if self._watched else SHORTEST_S)
            self._urgent.clear()
            self.flush()

    def flush(self) -> None:
        """Write what is due. Failing is no loss: the same is written the next time, over whatever arrived."""
        runs = self._due()
        batches = [batch for run in runs if (batch := self._batch(run))]
        endings = [self._end(*self._ending[run.id][:2]) for run in runs if run.id in self._ending]
        if not batches:
            return
        try:
            self._store.record(batches, endings)
        except ChatStreamError as error:
            self._failed(error)
            return
        for batch in batches:
            self._runs[batch.run_id].stored = batch.last
        for ending in endings:
            self._stored(ending.run_id)

    def _due(self) -> list[Run]:
        now = time.monotonic()
        busy = min(1.0, len(self._runs) / _BUSY)
        if now - self._swept >= SHORTEST_S + busy * (LONGEST_S - SHORTEST_S):
            self._swept = now
            self._watched = {run_id: until for run_id, until in self._watched.items() if until > now}
            return list(self._runs.values())
        return [self._runs[run_id] for run_id in {*self._ending, *self._watched} if run_id in self._runs]

    def _batch(self, run: Run) -> Batch | None:
        events = run.events[run.stored :]
        if run.id in self._ending and not run.ended:
            events.append(self._ending[run.id][1])
        return Batch(run_id=run.id, first=run.stored + 1, events=events) if events else None

    def _end(self, run: Run, last: RunEvent) -> Ending:
        record, end = run.record, last.data
        return Ending(
            run_id=run.id,
            message_id=record.message_id,
            chat_id=record.chat_id,
            state=end["state"],
            seq=len(run.events) + (not run.ended),
            content=run.joined("text"),
            reasoning=run.joined("reasoning"),
            error=end.get("error"),
            usage=end["usage"],
            timings=end["timings"],
            at=now_ms(),
        )

    def _stored(self, run_id: str) -> None:
        run, last, _ = self._ending.pop(run_id)
        del self._runs[run_id]
        if not run.ended:
            run.finish(last)
        self._done(run)

    def _failed(self, error: ChatStreamError) -> None:
        _log.warning("events of %d runs could not be written, trying again: %s", len(self._runs), error)
        for run, last, patience in self._ending.values():
            if not run.ended and time.monotonic() >= patience:
                run.finish(last)
        if not isinstance(error, StoreUnavailable):
            gevent.sleep(LONGEST_S)
        gevent.sleep(SHORTEST_S)
        self._urgent.set()
