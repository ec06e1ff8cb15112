"""Work done by a process beside the worker: whatever a text holds, the worker only waits, and its streams go on."""

import logging
import os
import re
import signal
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Generic, TypeVar

import gevent
import msgspec
from gevent import subprocess
from gevent.lock import BoundedSemaphore

from chatstream.settings import SECRET
from chatstream.turns import in_turn
from chatstream.web.kept import Kept

ROOT = Path(__file__).parents[2]
KEPT = 4_000_000
"""Characters of what each process has made that one worker keeps."""
TOGETHER = 8_000
"""So much is asked for at once, in characters: then another answer has its turn."""
PATIENCE_S = 10
"""The process ends itself when it works too long; this is for one that does not get to work."""
ENDED_MAX = 3
"""Of one answer, so many texts may end the process. What follows stays as it is written."""
ANSWER_S = 5
"""So long the process works for one answer, before what follows stays as it is written: many texts may each take just
less than ends it. A megabyte of common code takes two."""

How = TypeVar("How")
Made = TypeVar("Made")

_HALVES = re.compile("[\ud800-\udfff]")
"""Of characters: no text that a process could be sent."""
_log = logging.getLogger(__name__)


class Process:
    """Takes a line with texts, and gives a line for each."""

    def __init__(self, module: str) -> None:
        path = os.pathsep.join(filter(None, [str(ROOT), *sys.path]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**{name: value for name, value in os.environ.items() if name not in SECRET}, "PYTHONPATH": path},
            start_new_session=True,
        )

    def answers(self, items: Sequence[tuple[str, object]]) -> Iterator[str]:
        self._process.stdin.write(msgspec.json.encode(items) + b"\n")
        self._process.stdin.flush()
        for _ in items:
            line = self._process.stdout.readline()
            if not line.endswith(b"\n"):
                raise EOFError
            yield line.decode()

    def end(self) -> int:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                pipe.close()
        return int(self._process.wait())


class Beside(Generic[How, Made]):
    """The process, started when there is something to do, and again after it was ended.

    :param module: what it runs: `confined.serve` of texts, each with how it is to be taken
    :param most: longer texts stay as they are written. In characters
    :param made: what it makes of one; empty where it makes nothing
    """

    def __init__(self, module: str, most: int, made: type[Made]) -> None:
        self._module = module
        self._most = most
        self._nothing = made()
        self._decoder = msgspec.json.Decoder(made)
        self._process: Process | None = None
        self.turn = BoundedSemaphore()
        """Whoever uses the process has it."""
        self._kept = Kept(KEPT)

    def of_answer(self) -> "OfAnswer[How, Made]":
        return OfAnswer(self)

    def to_be_made(self, item: tuple[str, How]) -> bool:
        text, _ = item
        return len(text) <= self._most and self._kept.get(_key(item)) is None and not _HALVES.search(text)

    def made(self, item: tuple[str, How]) -> Made:
        line = self._kept.get(_key(item))
        return self._decoder.decode(line) if line else self._nothing

    def make(self, batch: Sequence[tuple[str, How]]) -> int:
        """Once the process is free.

        :return: how many of them have ended it
        """
        left, ended = deque(filter(self.to_be_made, batch)), 0
        while left and ended < ENDED_MAX:
            first = None if self._process else left[0]
            process = self._begun()
            if process is None:
                return ENDED_MAX
            if self._broke(process, left):
                too_long = self._end(process) == -signal.SIGVTALRM
                if too_long or left[0] is first:
                    self._kept.put(_key(left.popleft()), "")
                    ended += 1
        return ended

    def _begun(self) -> Process | None:
        try:
            self._process = self._process or Process(self._module)
        except OSError as error:
            _log.warning("%s cannot be started: %s", self._module, error)
        return self._process

    def _broke(self, process: Process, left: deque[tuple[str, How]]) -> bool:
        """Whether the process ended before all was made. Then the first that is left has ended it, or was there when
        something else did: it is charged if it took too long, or does it to a new process again."""
        try:
            with gevent.Timeout(PATIENCE_S) as patience:
                for line in process.answers(list(left)):
                    self._kept.put(_key(left.popleft()), line)
        except (OSError, EOFError):
            return True
        except BaseException as error:
            if error is patience:
                return True
            self._end(process)  # whoever asked was stopped: the rest of the answers would be taken for others'
            raise
        return False

    def _end(self, process: Process) -> int:
        """:return: its status, negative for a signal's number"""
        self._process = None
        status = process.end()
        _log.warning("%s was ended, with status %s", self._module, status)
        return status


class OfAnswer(Generic[How, Made]):
    """Makes something of each text of one answer, in their order, and nothing of one that ends the process."""

    def __init__(self, beside: Beside[How, Made]) -> None:
        self._beside = beside
        self._ended = 0
        self._taken_s = 0.0
        self.hurried = False
        """Whether something was left as it is for want of time: another time there may be some."""

    def __call__(self, items: Sequence[tuple[str, How]]) -> list[Made]:
        for batch in _batches(filter(self._beside.to_be_made, in_turn(items))):
            self.hurried |= self._taken_s >= ANSWER_S
            if self._ended < ENDED_MAX and self._taken_s < ANSWER_S:
                self._make(batch)
        return [self._beside.made(item) for item in in_turn(items)]

    def _make(self, batch: Sequence[tuple[str, How]]) -> None:
        with self._beside.turn:
            begun = time.monotonic()
            self._ended += self._beside.make(batch)
            self._taken_s += time.monotonic() - begun


def _batches(items: Iterable[tuple[str, How]]) -> Iterator[Sequence[tuple[str, How]]]:
    batch: list[tuple[str, How]] = []
    size = 0
    for item in dict.fromkeys(items):
        if batch and size + len(item[0]) > TOGETHER:
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += len(item[0]) + 20
    if batch:
        yield batch


def _key(item: tuple[str, How]) -> bytes:
    text, how = item
    return sha256(text.encode(errors="surrogatepass")).digest() + str(how).encode()
