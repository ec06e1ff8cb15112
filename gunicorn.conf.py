"""gunicorn's configuration, from ChatStream's settings. gunicorn reads this file by itself: `gunicorn wsgi:app`."""

from gevent import monkey

monkey.patch_all()  # the master looks for model servers before it forks; nothing may hold unpatched sockets

import resource

from chatstream.app import choose_store, describe
from chatstream.errors import ChatStreamError
from chatstream.settings import load, misspelt
from chatstream.upstream.gateway import discover

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
graceful_timeout = 30
keepalive = 75
max_requests = 0  # replacing a worker would end the answers it is writing
loglevel = "warning"
control_socket_disable = True


def on_starting(server):
    """Refuse to start with a sentence before any worker is forked; the workers inherit the model server found here."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # two descriptors a stream; shells often allow 1024
    try:
        choose_store(settings).prepare()
        discover(settings)
    except ChatStreamError as error:
        raise SystemExit(f"ChatStream does not start: {error}") from None


def when_ready(server):
    print("\n".join([describe(settings), *misspelt()]), flush=True)
