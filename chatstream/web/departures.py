"""Readers who leave, or stop reading: noticed at once, by a watcher on their socket, not by the next write.

gunicorn itself learns of a departed client when it writes, the second time; and it has no limit to how long a write may
take. Both are mended here, on the connection of the present request.
"""

import errno
import select
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import gevent
from flask import Response, request
from gevent import monkey

from chatstream.errors import Departed
from chatstream.web.dispatching import WRITER
from chatstream.web.services import services

_LEFT = select.POLLRDHUP | select.POLLHUP | select.POLLERR
_poll = monkey.get_original("select", "poll")  # asks without waiting
_READABLE = 1
_LOOK_S = 0.5
"""How often is looked at a reader who has sent more than its request."""


def attend(streamed: Response) -> None:
    """Watch over the reader of this response until it is closed; cut one that takes nothing for `CHATSTREAM_READER_S`.

    The limit counts for each write, so a slow reader is safe if it takes what is written at once in it.
    """
    connection = request.environ.get("gunicorn.socket")
    if connection is None:
        return
    limit(connection, services().settings.reader_s)
    watch = _Watch(connection, request.environ[WRITER])
    streamed.call_on_close(watch.end)
    streamed.call_on_close(partial(connection.settimeout, None))


def limit(connection: Any, patience_s: float) -> None:
    """How long each read and write of the connection may take."""
    connection.settimeout(patience_s)
    if connection.family in (socket.AF_INET, socket.AF_INET6):  # a reader whose machine is gone acknowledges nothing
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(patience_s * 1000))


def cut(why: str) -> ConnectionResetError:
    """What to raise in a response that must not look whole: gunicorn ends the connection.

    Without chunks (HTTP/1.0) the end of the connection is the end of the body, so it has to be a reset.
    """
    connection = request.environ.get("gunicorn.socket")
    if connection is not None and request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return ConnectionResetError(errno.ECONNRESET, why)


@contextmanager
def attended() -> Iterator[None]:
    """Raise `Departed` in this block if the reader of the present request leaves."""
    connection = request.environ.get("gunicorn.socket")
    watch = _Watch(connection, gevent.getcurrent()) if connection is not None else None
    try:
        yield
    finally:
        if watch is not None:
            watch.end()


class _Watch:
    """Interrupts a greenlet when the connection's reader leaves, until it is ended.

    No closure, which would hold itself by its name, and with it all of the request, until the collector comes.
    """

    def __init__(self, connection: Any, serving: gevent.Greenlet) -> None:
        loop = gevent.get_hub().loop
        self._connection, self._serving = connection, serving
        self._readable, self._clock = loop.io(connection.fileno(), _READABLE), loop.timer(_LOOK_S, _LOOK_S)
        self._readable.start(self._look)

    def end(self) -> None:
        for watcher in (self._readable, self._clock):
            watcher.stop()
            watcher.close()

    def _look(self) -> None:
        self._readable.stop()  # whatever came stays there unread: from now on only the clock can tell
        if _has_left(self._connection):
            self._clock.stop()
            self._serving.kill(Departed(), block=False)
        elif not self._clock.active:
            self._clock.start(self._look)


def _has_left(connection: Any) -> bool:
    poller = _poll()
    poller.register(connection.fileno(), _LEFT)
    return bool(poller.poll(0))
