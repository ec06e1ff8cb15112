"""ChatStream itself, served as `make run` serves it, in processes of its own."""

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.servers.server import ROOT, Server, http_status


class ChatStream(Server):
    """`gunicorn wsgi:app` with the checkout's own configuration and exactly the given settings.

    Its working directory is a folder of its own, and of the developer's environment it sees only where programs and
    temporary files are: no setting and no `.env` leaks in. Data lies in `folder / "data"` and outlives `restart`.
    Name a model server (OPENAI_BASE_URL), or it looks for one on this machine's usual ports.
    """

    name = "chatstream"

    def __init__(self, env: Mapping[str, str] | None = None, workers: int = 1, checkout: Path = ROOT) -> None:
        super().__init__()
        self.env = dict(env or {})
        self.workers = workers
        self.checkout = checkout

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "gunicorn", "--config", str(self.checkout / "gunicorn.conf.py"), "wsgi:app"]

    def environment(self) -> Mapping[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "LANG") if name in os.environ}
        python = {"PYTHONPATH": str(self.checkout), "PYTHONUNBUFFERED": "1", "HOME": str(self.folder)}
        settings = {
            "CHATSTREAM_BIND": self.address,
            "CHATSTREAM_DATA_DIR": str(self.folder / "data"),
            "CHATSTREAM_WORKERS": str(self.workers),
            "CHATSTREAM_TITLES": "off",  # a model server is asked what a test asks it, and nothing else
        }
        return {**kept, **python, **settings, **self.env}

    def ready(self) -> bool:
        return len(self.worker_pids()) >= self.workers and http_status(self.port, "/healthz") == 200

    def worker_pids(self) -> list[int]:
        """The workers of the running master, oldest first; empty when it has ended."""
        if not self.running():
            return []
        return sorted(pid for pid, parent in _parents().items() if parent == self.pid)

    def kill_worker(self) -> int:
        """End the oldest worker at once (SIGKILL) and return its pid; the master starts another."""
        victim = self.worker_pids()[0]
        os.kill(victim, signal.SIGKILL)
        return victim


def _parents() -> dict[int, int]:
    """The parent of each process (proc(5): the fourth field of stat, after a name that may hold spaces); no zombies."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue  # ended between the listing and the reading
        if state != "Z":
            parents[int(stat.parent.name)] = int(parent)
    return parents
