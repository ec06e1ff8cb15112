"""ChatStream with a clock on its recorder: `gunicorn bench.clocked:app`, then GET /recorder-seconds.

The clock runs while a greenlet of the recorder has the worker's thread, and stands while it waits: a greenlet trace
stops it at each switch. What the store's threads do is not in it; they have their own times in /proc.
"""

import functools
import time
from collections.abc import Callable
from typing import Any

import greenlet
from flask import Flask

from chatstream.runs.recorder import Recorder


class Clock:
    """CPU seconds of some greenlets of this thread."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._timed: set[greenlet.greenlet] = set()
        self._since = 0.0

    def times(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """A method that never returns, as one whose greenlet is timed."""

        @functools.wraps(method)
        def timed(*args: Any) -> Any:
            self._timed.add(greenlet.getcurrent())
            self._since = time.thread_time()
            return method(*args)

        return timed

    def switched(self, _: str, between: tuple[greenlet.greenlet, greenlet.greenlet]) -> None:
        origin, target = between
        if origin in self._timed:
            self.seconds += time.thread_time() - self._since
        if target in self._timed:
            self._since = time.thread_time()


def timed_app() -> Flask:
    clock = Clock()
    Recorder.run = clock.times(Recorder.run)
    greenlet.settrace(clock.switched)
    from wsgi import app  # makes a recorder: the clock has to be there

    app.add_url_rule("/recorder-seconds", view_func=lambda: str(clock.seconds))
    return app


app = timed_app()
