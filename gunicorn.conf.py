"""gunicorn's configuration, from ChatStream's settings. gunicorn reads this file by itself: `gunicorn wsgi:app`."""

from gevent import monkey

monkey.patch_all()  # the master looks for model servers before it forks; nothing may hold unpatched sockets

import gc
import logging
import resource
import sys

import gevent
from gunicorn.http import wsgi

gevent.config.track_greenlet_tree = False  # where each greenlet was made: 14 objects for every stream

from chatstream.app import describe, prepare
from chatstream.errors import ChatStreamError
from chatstream.settings import load, misspelt
from chatstream.upstream.gateway import discover
from chatstream.web import writing

wsgi.Response = writing.Response

try:
    settings = load()
except ChatStreamError as error:
    raise SystemExit(f"ChatStream does not start: {error}") from None

bind = settings.bind
workers = settings.workers
worker_class = "gevent"
worker_connections = 4 * settings.max_streams + 1000  # admission is the application's: a full gunicorn would be silent
backlog = 4096
timeout = 60
graceful_timeout = int(settings.drain_s) + 10  # past it a worker is killed: the drain has to be over before
keepalive = 75
max_requests = 0  # replacing a worker would end the answers it is writing
loglevel = "warning"
control_socket_disable = True


def on_starting(server):
    """Refuse to start with a sentence before any worker is forked; the workers inherit the model server found here."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # two descriptors a stream; shells often allow 1024
    try:
        prepare(settings)
        discover(settings)
    except ChatStreamError as error:
        raise SystemExit(f"ChatStream does not start: {error}") from None


def when_ready(server):
    print("\n".join([describe(settings), *misspelt()]), flush=True)


def post_worker_init(worker):
    # A thousand streams are many live objects, which every full collection walks through in vain: with these lines 33
    # instead of 37 µs of CPU per token, and 28 instead of 25 thousand tokens a second (bench/measure.py, case paced).
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    logging.getLogger("gunicorn.error").addFilter(_is_news)
    gevent.spawn(_drain, worker)


def _is_news(record):
    """A reader that was cut because it stopped reading (CHATSTREAM_READER_S) is no error of ours: no traceback."""
    return not (record.exc_info and isinstance(record.exc_info[1], TimeoutError))


def worker_exit(server, worker):
    """A worker without open connections leaves at once, and so does an interrupted one: save its answers first."""
    if desk := _desk(worker):
        desk.drain(0 if getattr(worker, "interrupted", False) else settings.drain_s)
        if settings.mqtt_url:
            gevent.sleep(1)  # the last frames: no connection of gunicorn's waits for them


def worker_int(worker):
    worker.interrupted = True


def _drain(worker):
    while worker.alive:
        gevent.sleep(0.1)
    _desk(worker).drain(settings.drain_s)
    gevent.sleep(1)  # the last frames, and requests that are no streams
    sys.exit(0)  # connections that are merely kept alive would hold the worker until it is killed


def _desk(worker):
    app = getattr(worker, "wsgi", None)  # absent if the worker could not load the application
    return app.extensions["chatstream"].desk if app else None
