"""A worker's own file, `<folder>/<worker id>`: proof that it lives, and the place for events while the store is away.

The file is locked (flock(2)) as long as the worker lives: the kernel unlocks it however the process ends. What it holds
is a JSON line for each batch of events, written to the disk before it counts. A line that is not whole, the last of a
process that was killed, is passed over. Whoever finds a file that nobody locks takes it in.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any

import gevent
import msgspec

from chatstream.errors import StoreUnavailable
from chatstream.store import threads
from chatstream.store.records import RunRecord, is_id
from chatstream.turns import let_others
from chatstream.wire.events import RunEvent


class Spooled(msgspec.Struct, frozen=True):
    """Neighbouring events of one Run; the first has the number `first`."""

    run: RunRecord
    first: int
    events: list[RunEvent]


def encode(entry: Spooled) -> bytes:
    """A line. :raises ValueError: if it holds what no JSON can"""
    return _encode(entry) + b"\n"


READ_BYTES = 1 << 20

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Spooled).decode


class Spool:
    """This worker's file."""

    def __init__(self, folder: Path, worker: str) -> None:
        self._folder = folder
        self._path = folder / worker
        self._file: FileIO | None = None
        self._size = 0

    def open(self) -> FileIO:
        """Make the file and lock it, if that was not done.

        :raises StoreUnavailable: if the folder cannot be written to; the message says what to change
        """
        if self._file is None:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._file = _created(self._path)
            except OSError as error:
                why = f"The folder {self._folder} cannot be written to: {error.strerror}."
                raise StoreUnavailable(f"{why} Make it writable, or set CHATSTREAM_DATA_DIR to another one.") from error
        return self._file

    def renew(self) -> bool:
        """Make the file again if somebody removed it; whether so, and what it held is gone."""
        if self._file is None or os.fstat(self._file.fileno()).st_nlink:
            return False
        self._file.close()
        self._file, self._size = None, 0
        return True

    def write(self, lines: Sequence[bytes]) -> None:
        """Append what `encode` made; return once it is on the disk.

        :raises StoreUnavailable: if it could not be written; then nothing of it was
        """
        try:
            _in_thread(self._append, self.open(), b"".join(lines))
        except OSError as error:
            raise StoreUnavailable(f"The spool {self._path} cannot be written: {error.strerror}.") from error

    def _append(self, file: FileIO, lines: bytes) -> None:
        try:
            file.seek(self._size)
            rest = memoryview(lines)
            while rest:
                rest = rest[file.write(rest) :]
            os.fdatasync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                file.truncate(self._size)
            raise
        self._size += len(lines)

    def read(self) -> Iterator[list[Spooled]]:
        return _read(self.open())

    def clear(self) -> None:
        """The store has all of it."""
        self.open().truncate(0)
        self._size = 0

    def close(self) -> None:
        """The worker ends and leaves nothing: the file goes."""
        file, self._file = self._file, None
        if file is not None:
            self._path.unlink(missing_ok=True)
            file.close()


class Left:
    """The file of a worker that died, locked by us."""

    def __init__(self, path: Path, file: FileIO) -> None:
        self.worker = path.name
        self._path = path
        self._file = file

    def read(self) -> Iterator[list[Spooled]]:
        return _read(self._file)

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)


def left(folder: Path) -> Iterator[Left]:
    """The files of dead workers, one after the other, each locked while it is looked at; none is given twice."""
    for path in _files(folder):
        with contextlib.suppress(OSError), FileIO(path) as file:  # gone, or its worker lives
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists():  # else it was taken in a moment ago
                yield Left(path, file)


def spooling(folder: Path) -> set[str]:
    """The living workers that have events in their files, after `left` was gone through."""
    found = set()
    for path in _files(folder):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_size:
                found.add(path.name)
    return found


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if is_id(path.name)] if folder.exists() else []


def _created(path: Path) -> FileIO:
    """A new file that nobody has seen without its lock."""
    hidden = path.with_name(f".{path.name}")
    file = FileIO(hidden, "x+")
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    hidden.rename(path)
    return file


def _in_thread(function: Callable[..., Any], *args: Any) -> Any:
    return threads.call(gevent.get_hub().threadpool, function, *args)


def _read(file: FileIO) -> Iterator[list[Spooled]]:
    """A few lines at a time: a long outage may have left more than fits into memory."""
    lines = BufferedReader(FileIO(os.dup(file.fileno())))
    lines.seek(0)
    with lines:
        while some := _in_thread(lines.readlines, READ_BYTES):
            yield [entry for line in some if (entry := _entry(line)) is not None]
            let_others()


def _entry(line: bytes) -> Spooled | None:
    try:
        return _decode(line) if line.endswith(b"\n") else None
    except msgspec.MsgspecError:
        return None
