"""ChatStream, and what its requests left to the garbage collector: `gunicorn tests.web.garbage:app`, GET /garbage."""

import gc
import os
import signal
from collections import Counter
from pathlib import Path

import gevent
from flask import Flask

from wsgi import app as served

TOLD = "garbage.txt"


def left() -> Counter[str]:
    """The types of what only the collector could find, since it ran last."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    found = Counter(type(each).__name__ for each in gc.garbage)
    gc.garbage.clear()
    gc.set_debug(0)
    gc.collect()  # or it would be found again
    return found


def tell() -> None:
    """Out of any request, which would have garbage of its own."""
    told = Path(os.environ["CHATSTREAM_DATA_DIR"], TOLD)
    told.with_suffix(".part").write_text("\n".join(left().elements()))
    told.with_suffix(".part").rename(told)


def watched() -> Flask:
    gc.disable()
    gevent.signal_handler(signal.SIGUSR2, tell)
    return served


app = watched()
