"""The WSGI entry: `gunicorn wsgi:app`, `flask run`."""

from gevent import monkey

monkey.patch_all()  # before anything else imports sockets

from chatstream.app import create_app

app = create_app()
