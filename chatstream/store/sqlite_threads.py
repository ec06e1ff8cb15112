"""SQLite beside an event loop: every call into it happens in a thread, and no thread waits for a lock.

A locked database answers at once (`timeout=0`); the waiting is `gevent.sleep`, which delays nobody else.
Writes of all greenlets that wait at the same moment share one transaction, and so one `fsync` (group commit).
"""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import gevent
from gevent.event import AsyncResult, Event
from gevent.threadpool import ThreadPool

from chatstream.errors import StoreError, StoreUnavailable
from chatstream.store import threads

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]
"""What it does on a connection. It may be called twice, the first time rolled back."""

READERS = 2
PATIENCE_S = 2.5
"""How long a job waits for a locked database before it is refused."""
RETRY_S = 0.02
_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """A connection whose commits survive a power loss, and whose transactions are begun by hand.

    :param mode: `rwc` makes the file if there is none (https://www.sqlite.org/uri.html)
    """
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, timeout=0, isolation_level=None, check_same_thread=False, uri=True)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """SQLite's exceptions as ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StoreUnavailable(f"The database cannot be used now: {error}. Try again in a moment.") from error
    except sqlite3.Error as error:
        raise StoreError(f"The database refused: {error}.") from error


def locked(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF in _LOCKED


def patiently(call: Callable[[], T]) -> T:
    """Call until the database is not locked, sleeping in between.

    :raises StoreUnavailable: when it stays locked, or cannot be used at all
    """
    give_up, pause = time.monotonic() + PATIENCE_S, 0.002
    with translated():
        while True:
            try:
                return call()
            except sqlite3.OperationalError as error:
                if not locked(error) or time.monotonic() > give_up:
                    raise
            gevent.sleep(pause)
            pause = min(pause * 2, 0.05)


class Readers:
    """Threads that read, each with a connection of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._pool = ThreadPool(READERS)

    def run(self, job: Job[T]) -> T:
        result: T = patiently(lambda: threads.call(self._pool, self._read, job))
        return result

    def _read(self, job: Job[T]) -> T:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = connect(self._path)
        return job(connection)

    def close(self) -> None:
        self._pool.kill()


class Asked(NamedTuple):
    """A job of the writer, who waits for it, and until when it waits for a locked database."""

    job: Job[Any]
    result: AsyncResult
    give_up: float


class Writer:
    """One thread that writes. What is asked while a transaction runs goes into the next one, together.

    :param last: the last job of each transaction
    """

    def __init__(self, path: Path, last: Job[None]) -> None:
        self._path = path
        self._last = last
        self._connection: sqlite3.Connection | None = None
        self._pool = ThreadPool(1)
        self._queue: list[Asked] = []
        self._asked = Event()
        self._loop: gevent.Greenlet | None = None

    def run(self, job: Job[T]) -> T:
        """Run the job in the next transaction; return its result once that is on the disk.

        :raises StoreUnavailable: if it could not be written; then nothing of it was
        """
        self._loop = self._loop or gevent.spawn(self._write)
        result = AsyncResult()
        self._queue.append(Asked(job, result, time.monotonic() + PATIENCE_S))
        self._asked.set()
        with translated():
            written: T = result.get()
        return written

    def _write(self) -> None:
        while True:
            self._asked.wait()
            self._asked.clear()
            asked, self._queue = self._queue, []
            try:
                outcomes = threads.call(self._pool, self._transact, [each.job for each in asked])
            except Exception as error:  # noqa: BLE001 – whoever asked gets it, and this loop must go on
                self._failed(asked, error)
                continue
            for each, outcome in zip(asked, outcomes, strict=True):
                _deliver(each.result, outcome)
            del asked, outcomes, each, outcome  # not to be held while nothing is asked: they hold the last answers

    def _failed(self, asked: list[Asked], error: Exception) -> None:
        """While the database is locked, each job waits for its own time; those asked meanwhile join it."""
        waiting = [each for each in asked if locked(error) and time.monotonic() < each.give_up]
        for each in asked:
            if each not in waiting:
                _deliver(each.result, error)
        self._queue[:0] = waiting
        if self._queue:
            gevent.sleep(RETRY_S)
            self._asked.set()

    def _transact(self, jobs: list[Job[Any]]) -> list[Any]:
        """The result of each job, or the exception of one that failed alone.

        A savepoint for each makes SQLite copy every page that a job touches, and FTS5 write its words at once: 50
        instead of 7 writes to the disk for an answer, 190 instead of 135 µs. So they are there only where one failed.
        """
        try:
            return self._committed(jobs, _plainly)
        except _Refused:
            return self._committed(jobs, _alone)

    def _committed(self, jobs: list[Job[Any]], run: Callable[[sqlite3.Connection, Job[Any]], Any]) -> list[Any]:
        if self._connection is None:
            self._connection = connect(self._path)
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            outcomes = [run(connection, job) for job in jobs]
            self._last(connection)
            connection.execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if not locked(error) and not isinstance(error, _Refused):
                self._connection = None  # one that was opened while the file was read-only stays so for ever
                connection.close()
            raise
        return outcomes

    def close(self) -> None:
        if self._loop is not None:
            self._loop.kill()
        self._pool.kill()


class _Refused(Exception):
    """A job failed by itself, the disk and the file are sound."""


def _plainly(connection: sqlite3.Connection, job: Job[Any]) -> Any:
    try:
        return job(connection)
    except sqlite3.OperationalError:
        raise  # the disk or the file: no neighbour fares better
    except Exception as error:
        raise _Refused from error


def _alone(connection: sqlite3.Connection, job: Job[Any]) -> Any:
    """The job's result, or the exception of a job that failed and left nothing behind."""
    connection.execute("SAVEPOINT job")
    try:
        result = _plainly(connection, job)
    except _Refused as refused:
        connection.execute("ROLLBACK TO job")
        result = refused.__cause__
    connection.execute("RELEASE job")
    return result


def _deliver(result: AsyncResult, outcome: Any) -> None:
    if isinstance(outcome, Exception):
        result.set_exception(outcome)
    else:
        result.set(outcome)
