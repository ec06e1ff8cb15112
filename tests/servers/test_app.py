"""The starter of ChatStream, tried on a small app in a folder that looks like a checkout."""

import json
import urllib.request
from pathlib import Path

import pytest

from tests.servers.app import ChatStream
from tests.servers.server import ends

CONFIGURATION = """
import os
bind = os.environ["CHATSTREAM_BIND"]
workers = int(os.environ["CHATSTREAM_WORKERS"])
worker_class = "gevent"
"""

APP = """
import json, os
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"pid": os.getpid(), "cwd": os.getcwd(), "env": dict(os.environ)}).encode()]
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "gunicorn.conf.py").write_text(CONFIGURATION)
    (tmp_path / "wsgi.py").write_text(APP)
    (tmp_path / ".env").write_text("AI_MODEL=the-developers-own\n")
    return tmp_path


def ask(app: ChatStream) -> dict:
    with urllib.request.urlopen(f"{app.url}/", timeout=10) as response:
        return json.load(response)


def test_it_has_the_given_settings_and_no_others(checkout: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "the developer's own")
    monkeypatch.setenv("MONGODB_URI", "mongodb://127.0.0.1:1/")
    with ChatStream({"AI_MODEL": "test-model"}, checkout=checkout) as app:
        seen = ask(app)
        ours = ("AI_", "CHATSTREAM_", "MONGODB_", "OPENAI_")
        assert {name: value for name, value in seen["env"].items() if name.startswith(ours)} == {
            "AI_MODEL": "test-model",
            "CHATSTREAM_BIND": app.address,
            "CHATSTREAM_DATA_DIR": str(app.folder / "data"),
            "CHATSTREAM_TITLES": "off",
            "CHATSTREAM_WORKERS": "1",
        }
        assert Path(seen["cwd"]) == app.folder  # where a `.env` would be read, and none is


def test_a_killed_worker_is_replaced(checkout: Path):
    with ChatStream(workers=2, checkout=checkout) as app:
        workers = app.worker_pids()
        assert len(workers) == 2
        killed = app.kill_worker()
        app.wait_until(lambda: len(app.worker_pids()) == 2 and killed not in app.worker_pids(), "have a new worker")
        assert ask(app)["pid"] in app.worker_pids()


def test_stop_is_graceful_and_restart_serves_at_the_same_address(checkout: Path):
    with ChatStream(checkout=checkout) as app:
        url = app.url
        assert app.stop() == 0
        app.restart()
        assert app.url == url
        assert ask(app)["pid"] in app.worker_pids()


def test_kill_takes_the_workers_along(checkout: Path):
    with ChatStream(workers=2, checkout=checkout) as app:
        workers = app.worker_pids()
        app.kill()
        assert app.worker_pids() == []
        assert all(ends(pid) for pid in workers)


def test_an_app_that_cannot_start_is_shown_in_its_own_words(checkout: Path):
    (checkout / "wsgi.py").write_text("raise RuntimeError('MONGODB_URI is not a URI')")
    app = ChatStream(checkout=checkout)
    with pytest.raises(RuntimeError, match="MONGODB_URI is not a URI"):
        app.start()
    app.close()
