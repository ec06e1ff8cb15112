"""The recorder: writes the new events of all of this worker's Runs in one transaction, a few times a second.

What the store has not taken after `SPOOL_S` is written to the worker's spool, so that nothing older is ever in memory
alone. A Run's last event reaches its viewers once it is stored or spooled, so that whoever saw the end finds it again;
if neither can be written, after `PATIENCE_S`.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence

import gevent
from gevent.event import Event

from chatstream.errors import ChatStreamError, StoreUnavailable, TooLarge
from chatstream.runs import recovery
from chatstream.runs.run import Run
from chatstream.runs.spooling import Spooling
from chatstream.store.ports import RunStore
from chatstream.store.records import batches, ending
from chatstream.store.spool import Spool
from chatstream.wire.events import RunEvent, size

SHORTEST_S, LONGEST_S = 0.25, 0.6
QUICK_S = 0.1
"""How often Runs are written that somebody follows from another worker."""
SPOOL_S = 0.75
"""How old an event may become in memory alone, before it is spooled."""
PORTION = 4 << 20
"""About how many characters are written in one transaction."""
PATIENCE_S = 3.0
_BUSY = 1000
"""The number of Runs at which the interval is longest."""

_log = logging.getLogger(__name__)


class Recorder:
    """Takes Runs with `add`, is told of their end with `finish`.

    :param done: called with a Run that needs no place in memory any more
    :param stop: called with a Run that is not ours to write any more; it shall end
    """

    def __init__(
        self, store: RunStore, spool: Spool, worker: str, done: Callable[[Run], None], stop: Callable[[Run], None]
    ) -> None:
        self._store = store
        self._spooling = Spooling(store, spool, worker)
        self._worker = worker
        self._done = done
        self._stop = stop
        self._runs: dict[str, Run] = {}
        self._ending: dict[str, tuple[RunEvent, float]] = {}
        self._watched: dict[str, float] = {}
        self._urgent = Event()
        self._next = self._safe = time.monotonic()
        self._warned = False

    @property
    def idle(self) -> bool:
        """Whether the store has all there was."""
        return not self._runs and self._spooling.empty

    def add(self, run: Run) -> None:
        self._runs[run.id] = run

    def finish(self, run: Run) -> None:
        """The Run's end is decided (`run.end`): write it now, with all that is left."""
        if run.id not in self._runs:
            return  # given up as one that cannot be written: it has its end
        self._ending[run.id] = RunEvent("end", run.end, run.age_ms()), time.monotonic() + PATIENCE_S
        self._urgent.set()

    def watch(self, run_id: str) -> None:
        """Write this Run every `QUICK_S` for the next seconds."""
        self._watched[run_id] = time.monotonic() + 5

    def run(self) -> None:
        """The recorder's loop, for a greenlet of its own."""
        while True:
            self._urgent.wait(QUICK_S if self._watched else max(0.0, self._next - time.monotonic()))
            self._urgent.clear()
            self.flush()

    def flush(self) -> None:
        """Write what is due. Failing is no loss: the same is written the next time, over whatever arrived."""
        began, (runs, all_) = time.monotonic(), self._due()
        try:
            for portion in self._portions(runs):
                self._write_together(portion)
            if all_:
                self._safe = began
                self._spooling.written(list(self._runs.values()))
        except StoreUnavailable as error:
            self._away(error)

    def _portions(self, runs: Sequence[Run]) -> Iterator[list[Run]]:
        """Runs that have something to write, as many at once as a database takes in good time."""
        portion: list[Run] = []
        taken = 0
        for run in runs:
            if len(run.events) > run.stored or run.id in self._ending:
                portion.append(run)
                taken += sum(map(size, self._unwritten(run)))
            if taken > PORTION:
                yield portion
                portion, taken = [], 0
        if portion:
            yield portion

    def _write_together(self, runs: Sequence[Run]) -> None:
        """:raises StoreUnavailable: also if it took some of them, but not all"""
        try:
            self._write(runs)
        except StoreUnavailable:
            raise
        except Exception as error:
            _log.exception("the events of %d runs could not be written together", len(runs))
            for run in runs:
                self._write_alone(run)
            if any(run.id in self._runs and self._unwritten(run) for run in runs):
                raise StoreUnavailable(str(error)) from error

    def guard(self, patience_s: float = SPOOL_S) -> None:
        """Spool what has waited for the store too long. To be called every tenth of a second, beside `run`."""
        if time.monotonic() - self._safe < patience_s:
            return
        try:
            self.secure()
            self._warned = False
        except StoreUnavailable as error:
            if not self._warned:
                _log.warning("%s Events wait in memory.", error)
            self._warned = True

    def secure(self) -> None:
        """Spool all that the store lacks now.

        :raises StoreUnavailable: if that is not possible
        """
        began = time.monotonic()
        runs = list(self._runs.values())
        self._spooling.write([(run, run.stored + 1, self._unwritten(run)) for run in runs])
        self._safe = max(self._safe, began)
        for run in runs:
            if run.id in self._ending and not run.ended and self._spooling.has(run, len(run.events) + 1):
                run.finish(self._ending[run.id][0])
        for run in self._spooling.release(runs):
            self._forget(run)

    def _due(self) -> tuple[list[Run], bool]:
        """The Runs to be written now, and whether these are all."""
        now = time.monotonic()
        if now >= self._next:
            busy = min(1.0, len(self._runs) / _BUSY)
            self._next = now + SHORTEST_S + busy * (LONGEST_S - SHORTEST_S)
            self._watched = {run_id: until for run_id, until in self._watched.items() if until > now}
            return list(self._runs.values()), True
        return [self._runs[run_id] for run_id in {*self._ending, *self._watched} if run_id in self._runs], False

    def _unwritten(self, run: Run) -> list[RunEvent]:
        """The events that the store lacks, the last one with them once it is decided."""
        events = run.events[run.stored :]
        if run.id in self._ending and not run.ended:
            events.append(self._ending[run.id][0])
        return events

    def _write(self, runs: Sequence[Run]) -> None:
        new = {run.id: self._unwritten(run) for run in runs}
        ended = {run.id for run in runs if run.id in self._ending}
        found = [batch for run in runs for batch in batches(run.id, run.stored + 1, new[run.id])]
        endings = [ending(run.record, [*run.events[: run.stored], *new[run.id]]) for run in runs if run.id in ended]
        lost = self._store.record(self._worker, found, endings)
        for run in runs:
            run.stored += len(new[run.id]) if run.id not in lost else 0
            if run.id not in self._runs:
                continue  # released to the spool meanwhile
            if run.id in lost:
                self._lost(run)
            elif run.id in ended:
                self._end(run, self._ending[run.id][0])

    def _lost(self, run: Run) -> None:
        """The Run is no longer ours: ended by a commit that we did not hear of, taken over, or deleted."""
        if run.id not in self._ending:
            self._stop(run)
            return
        last = self._ending[run.id][0]
        present = self._store.run(run.record.owner, run.id)
        told = present is None or present.state == last.data["state"]
        self._end(run, last if told else recovery.interrupted(run.record, run.age_ms()))

    def _write_alone(self, run: Run) -> None:
        try:
            self._write([run])
        except (TooLarge, ValueError):  # whenever it is tried: no database takes this
            _log.exception("run %s cannot be written; it ends with what was stored", run.id)
            with contextlib.suppress(ChatStreamError):
                recovery.conclude(self._store, run.record, self._worker)
            self._stop(run)
            self._end(run, recovery.interrupted(run.record, run.age_ms()))
        except Exception:  # noqa: BLE001 – the database refuses, for whatever reason: it is tried again
            _log.exception("run %s could not be written", run.id)

    def _end(self, run: Run, last: RunEvent) -> None:
        if not run.ended:
            run.finish(last)
        self._forget(run)

    def _forget(self, run: Run) -> None:
        self._ending.pop(run.id, None)
        self._runs.pop(run.id, None)
        self._done(run)

    def _away(self, error: StoreUnavailable) -> None:
        _log.warning("events of %d runs could not be written, trying again: %s", len(self._runs), error)
        for run_id, (last, patience) in self._ending.items():
            if not self._runs[run_id].ended and time.monotonic() >= patience:
                self._runs[run_id].finish(last)
        gevent.sleep(SHORTEST_S)
        self._urgent.set()
