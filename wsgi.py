"""The WSGI entry: `gunicorn wsgi:app`, `flask run`."""

from gevent import monkey

monkey.patch_all()  # before anything else imports sockets

import os

from chatstream.app import create_app, describe
from chatstream.settings import load

app = create_app()

if os.environ.get("FLASK_RUN_FROM_CLI"):  # under gunicorn its master says this, once for all workers
    print(describe(load()), flush=True)
