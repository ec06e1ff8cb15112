"""Formulas drawn by a process beside the worker: whatever is in one, the worker only waits, and its streams go on."""

import logging
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import gevent
import msgspec
from gevent import subprocess
from gevent.lock import BoundedSemaphore

from chatstream.reading.mathml import MOST
from chatstream.settings import SECRET
from chatstream.web.kept import Kept

ROOT = Path(__file__).parents[2]
KEPT = 4_000_000
"""Characters of MathML that one worker keeps."""
TOGETHER = 8_000
"""So much is asked for at once, in characters: less than a pipe holds, or both sides would wait for each other."""
PATIENCE_S = 10
"""The process ends itself when it works too long; this is for one that does not get to work."""
ENDED_MAX = 3
"""Of one answer, so many formulas may end the process. What follows stays as it is written."""

Formula = tuple[str, bool]
"""Its LaTeX, and whether it is displayed."""
Draw = Callable[[Sequence[Formula]], list[str]]

_HALVES = re.compile("[\ud800-\udfff]")
"""Of characters: no text that a process could be sent."""
_log = logging.getLogger(__name__)


class Drawing:
    """The process, started when there is something to draw, and again after it was ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen | None = None
        self._turn = BoundedSemaphore()
        self._kept = Kept(KEPT)

    def of_answer(self) -> Draw:
        """Draws the formulas of one answer: MathML for each, or nothing where one cannot be drawn."""
        ended = 0

        def draw(formulas: Sequence[Formula]) -> list[str]:
            nonlocal ended
            for batch in _batches(filter(self._can_be_drawn, formulas)):
                if ended < ENDED_MAX:
                    with self._turn:
                        ended += self._draw(batch)
            return [self._known(each) or "" for each in formulas]

        return draw

    def _can_be_drawn(self, formula: Formula) -> bool:
        latex, _ = formula
        return self._known(formula) is None and len(latex) <= MOST and not _HALVES.search(latex)

    def _known(self, formula: Formula) -> str | None:
        return self._kept.get(_key(formula))

    def _draw(self, batch: Sequence[Formula]) -> int:
        """:return: how often the process was ended"""
        done, ended = 0, 0
        while done < len(batch) and ended < ENDED_MAX:
            try:
                with gevent.Timeout(PATIENCE_S):
                    for made in self._answers(batch[done:]):
                        self._kept.put(_key(batch[done]), made)
                        done += 1
            except (OSError, EOFError, gevent.Timeout):
                self._end()
                self._kept.put(_key(batch[done]), "")
                done, ended = done + 1, ended + 1
            except BaseException:  # whoever asked was stopped: the rest of the answers would be taken for others'
                self._end()
                raise
        return ended

    def _answers(self, formulas: Sequence[Formula]) -> Iterator[str]:
        process = self._process = self._process or _started()
        process.stdin.write(msgspec.json.encode(formulas) + b"\n")
        process.stdin.flush()
        for _ in formulas:
            line = process.stdout.readline()
            if not line.endswith(b"\n"):
                raise EOFError
            yield msgspec.json.decode(line, type=str)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                pipe.close()
        _log.warning("a formula ended the process that draws them, with status %s", process.wait())


def _started() -> subprocess.Popen:
    path = os.pathsep.join(filter(None, [str(ROOT), *sys.path]))
    return subprocess.Popen(
        [sys.executable, "-m", "chatstream.reading.mathml"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**{name: value for name, value in os.environ.items() if name not in SECRET}, "PYTHONPATH": path},
        start_new_session=True,
    )


def _batches(formulas: Iterable[Formula]) -> Iterator[Sequence[Formula]]:
    batch: list[Formula] = []
    size = 0
    for formula in dict.fromkeys(formulas):
        if batch and size + len(formula[0]) > TOGETHER:
            yield batch
            batch, size = [], 0
        batch.append(formula)
        size += len(formula[0]) + 20
    if batch:
        yield batch


def _key(formula: Formula) -> bytes:
    latex, display = formula
    return sha256(latex.encode(errors="surrogatepass") + bytes([display])).digest()
