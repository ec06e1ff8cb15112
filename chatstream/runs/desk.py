"""The desk: start a Run, find it, follow it, stop it. What every blueprint talks to."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gevent

from chatstream.errors import ChatStreamError, Conflict, Interrupted, NotFound, StoreUnavailable, UpstreamTimeout
from chatstream.runs import distant, watch
from chatstream.runs.admission import Admission
from chatstream.runs.dialogue import Dialogue
from chatstream.runs.distant import Mirrors
from chatstream.runs.driver import Drained, Driver, Overdue, Stopped
from chatstream.runs.recorder import Recorder
from chatstream.runs.recovery import LEASE_MS, Sweeper
from chatstream.runs.run import Run
from chatstream.runs.viewers import Pulse
from chatstream.runs.watch import Watch
from chatstream.settings import Settings
from chatstream.store.ports import RunStore
from chatstream.store.records import RunRecord, Submission, now_ms
from chatstream.store.spool import Spool
from chatstream.upstream.deadlines import Deadlines
from chatstream.upstream.pace import Paces
from chatstream.upstream.relay import Relay
from chatstream.wire.events import RunEvent

ORDERS_S = 0.2
"""How often other workers' orders are looked for, while there are Runs here."""
GUARD_S, WITHDRAW_S = 0.1, 1.0
RENEW_S, SWEEP_S = 5.0, 10.0
STOP_S = 2.0
SAVE_S = 4.0
"""How long a stopping server tries to store what it interrupted."""

_log = logging.getLogger(__name__)


class Desk:
    """One per worker."""

    def __init__(self, store: RunStore, settings: Settings, folder: Path, worker: str) -> None:
        self.worker = worker
        self._store = store
        self._settings = settings
        self._live: dict[str, tuple[Driver, gevent.Greenlet]] = {}
        self._unstored: dict[str, Run] = {}
        self._admission = Admission(store, settings)
        self._spool = Spool(folder, worker)
        self._recorder = Recorder(store, self._spool, worker, done=self._forget, stop=self._abandon)
        self._sweeper = Sweeper(store, folder, worker)
        self._pulse = Pulse(settings.heartbeat_s)
        self._watch = Watch(settings)
        self._mirrors = Mirrors(store, self._pulse)
        self.paces = Paces(settings)
        """How often upstream is read."""
        self._drained_by = math.inf
        self.listeners: list[Callable[[Run], None]] = []
        """Told of each Run that has ended, once that is stored. They must not wait."""

    def open(self) -> None:
        """Start the desk's own greenlets."""
        try:
            self._spool.open()
        except StoreUnavailable as error:
            _log.warning("%s It is tried again when it is needed.", error)
        self.paces.open()
        jobs: list[tuple[Callable[[], None], float]] = [
            (self._recorder.run, 0),
            (self._recorder.guard, GUARD_S),
            (self._pulse.beat, self._pulse.tick),
            (self._watch.look, watch.TICK_S),
            (self._follow_orders, ORDERS_S),
            (self._renew, RENEW_S),
            (self._sweeper.sweep, SWEEP_S),
            (self._admission.withdraw, WITHDRAW_S),
        ]
        for job, pause in jobs:
            gevent.spawn(_repeat, job, pause)

    # -- what blueprints call

    def lease(self) -> int:
        """The lease to put into a new Run's record."""
        return now_ms() + LEASE_MS

    def admit(self) -> None:
        """:raises Busy: if as many answers are running as are allowed, or the server is stopping"""
        self._admission.admit(len(self._live))

    @property
    def draining(self) -> bool:
        """Whether this server is stopping: it admits nobody more."""
        return self._admission.closed

    def start(self, submission: Submission, dialogue: Dialogue) -> RunRecord:
        """Store the submission, then call upstream. The same request id twice gives the first one's Run.

        :raises Conflict: if that request id was used for something else
        :raises StoreUnavailable: if it could not be stored
        """
        self.admit()
        earlier = self._admission.begin(submission)
        if earlier is not None:
            if earlier.request_hash != submission.run.request_hash:
                raise Conflict("This requestId was used for another request. Use a new one.")
            return earlier
        run = Run(submission.run, submission.kept)
        self._drive(Driver(run, dialogue, self.paces.runs, Deadlines(self._settings)))
        return submission.run

    def attach(self, relay: Relay) -> Callable[[], None]:
        """Look after an answer that is passed on without a Run; the result closes it, and ends that."""
        self._admission.relays.add(relay)
        self._watch.add(relay.deadlines, partial(_end_overdue, relay))

        def detach() -> None:
            self._admission.relays.discard(relay)
            self._watch.remove(relay.deadlines)
            relay.close()

        return detach

    def _drive(self, driver: Driver) -> None:
        run = driver.run
        self._unstored[run.id] = run
        self._recorder.add(run)
        greenlet = gevent.spawn(driver.drive)
        self._live[run.id] = driver, greenlet
        self._watch.add(driver.deadlines, partial(_kill_overdue, driver, greenlet))
        greenlet.rawlink(lambda _: self._ended(driver))

    def here(self, run_id: str) -> Run | None:
        """The Run, if it lives in this worker and is not wholly stored yet."""
        return self._unstored.get(run_id)

    def find(self, owner: str, run_id: str) -> RunRecord:
        """:raises NotFound: if there is none, or it is somebody else's"""
        run = self.here(run_id)
        record = run.record if run is not None and run.record.owner == owner else self._store.run(owner, run_id)
        if record is None:
            raise NotFound("There is no such run.")
        return record

    def follow(self, record: RunRecord, after: int) -> Iterator[list[RunEvent]]:
        """Event lists from number `after` + 1 to the Run's end; an empty list is a heartbeat.

        :raises Gone: if the Run ended before that number
        """
        run = self.here(record.id)
        if run is not None:
            return run.follow(after, self._pulse)
        return self._mirrors.follow(record, after)

    def stop(self, record: RunRecord) -> None:
        """End a Run, wherever it lives; return once its upstream is closed."""
        driver, greenlet = self._live.get(record.id, (None, None))
        if driver is not None and greenlet is not None:
            greenlet.kill(Stopped(), timeout=STOP_S)
        elif self.here(record.id) is None and record.state == "running":
            distant.stop(self._store, record, STOP_S)

    def drain(self, patience_s: float) -> None:
        """Admit nobody more, let answers finish for so long, interrupt the rest; return when all is stored.

        Called again, as gunicorn's hooks do, it does not begin anew: the shorter time counts.
        """
        self._admission.closed = True
        self._drained_by = min(self._drained_by, time.monotonic() + patience_s)
        _wait_until(lambda: not self._live and self._admission.idle, self._drained_by - time.monotonic())
        for _, greenlet in list(self._live.values()):
            greenlet.kill(Drained(), block=False)
        for relay in list(self._admission.relays):
            relay.end(Interrupted())
        _wait_until(lambda: not self._live and self._recorder.idle, SAVE_S)
        if self._recorder.idle:
            self._spool.close()
        else:
            self._recorder.guard(0)  # the next server takes it in

    # -- a Run's end

    def _ended(self, driver: Driver) -> None:
        del self._live[driver.run.id]
        self._watch.remove(driver.deadlines)
        driver.conclude()
        self._recorder.finish(driver.run)

    def _forget(self, run: Run) -> None:
        self._unstored.pop(run.id, None)
        for heard in self.listeners:
            heard(run)

    def _abandon(self, run: Run) -> None:
        if run.id in self._live:
            self._live[run.id][1].kill(Stopped(), block=False)

    # -- the desk's own greenlets

    def _follow_orders(self) -> None:
        if not self._live:
            return
        for order in self._store.orders(self.worker, now_ms()):
            if order.run_id not in self._live:
                continue
            if order.stop:
                self._live[order.run_id][1].kill(Stopped(), block=False)
            else:
                self._recorder.watch(order.run_id)

    def _renew(self) -> None:
        if not self._recorder.idle:
            self._store.renew(self.worker, self.lease())


def _kill_overdue(driver: Driver, greenlet: gevent.Greenlet) -> None:
    greenlet.kill(Overdue(driver.deadlines.passed()), block=False)


def _end_overdue(relay: Relay) -> None:
    if (why := relay.overdue()) is not None:
        relay.end(UpstreamTimeout(why))


def _wait_until(true: Callable[[], bool], patience_s: float) -> None:
    give_up = time.monotonic() + patience_s
    while not true() and time.monotonic() < give_up:
        gevent.sleep(0.02)


def _repeat(job: Callable[[], Any], pause: float) -> None:
    while True:
        try:
            job()
        except ChatStreamError as error:
            _log.warning("%s: %s", job.__name__, error)
        except Exception:  # noqa: BLE001 – a worker without this job would lose streams in silence
            _log.exception("%s failed", job.__name__)
        gevent.sleep(pause)
