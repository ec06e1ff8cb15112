"""What all started programs share."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.programs import find, need
from tests.servers.server import ROOT, Server, ends, http_status

STARTER = """
import os, signal, sys
from tests.servers.test_server import Slow
server = Slow().start()
print(server.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


class Slow(Server):
    """A web server of the standard library's, ready a moment after its start."""

    name = "slow"

    def command(self) -> list[str]:
        serve = f"import time, http.server as h; time.sleep(0.2); h.test(h.SimpleHTTPRequestHandler, port={self.port})"
        return [sys.executable, "-c", serve]

    def ready(self) -> bool:
        return http_status(self.port, "/") == 200


class Broken(Slow):
    def command(self) -> list[str]:
        return [sys.executable, "-c", "print('the disk is full'); raise SystemExit(1)"]


class Deaf(Slow):
    ready_within = 0.5

    def command(self) -> list[str]:
        return [sys.executable, "-c", "import time; print('still waiting', flush=True); time.sleep(60)"]


class Parent(Slow):
    """A program with a child that would live on."""

    def command(self) -> list[str]:
        return ["sh", "-c", "sleep 60 & echo $!; wait"]

    def ready(self) -> bool:
        return bool(self.log_tail())


def test_start_waits_until_it_serves_and_close_leaves_nothing():
    with Slow() as server:
        assert http_status(server.port, "/") == 200
        pid = server.pid
    assert http_status(server.port, "/") is None
    assert not Path(f"/proc/{pid}").exists()
    assert not server.folder.exists()


@pytest.mark.parametrize(
    ("kind", "words"), [(Broken, "(?s)ended before.*the disk is full"), (Deaf, "(?s)within 0.5 s.*still waiting")]
)
def test_a_failed_start_says_why_in_the_programs_own_words(kind: type[Server], words: str):
    server = kind()
    with pytest.raises(RuntimeError, match=words):
        server.start()
    server.close()


def test_a_failure_beside_a_server_carries_its_log():
    with pytest.raises(AssertionError) as failure, Slow() as server:
        assert http_status(server.port, "/nothing-here") == 200
    assert "/nothing-here" in "".join(failure.value.__notes__)


def test_kill_takes_the_programs_own_children_along():
    with Parent() as server:
        child = int(server.log_tail())
        assert not ends(child, seconds=0.1)
        server.kill()
        assert ends(child)


def test_the_log_is_shown_from_the_mark_on():
    with Slow() as server:
        http_status(server.port, "/before")
        server.mark_log()
        http_status(server.port, "/after")
        assert "/after" in server.log_tail()
        assert "/before" not in server.log_tail()


def test_it_does_not_outlive_the_process_that_started_it(tmp_path: Path):
    command = [sys.executable, "-c", STARTER]
    environment = {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    starter = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ends(int(starter.stdout))


def test_a_missing_program_is_skipped_on_a_desk_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch):
    either = (pytest.skip.Exception, pytest.fail.Exception)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(either, match="no-such-program is not installed") as outcome:
        need("no-such-program")
    assert outcome.type is pytest.skip.Exception
    monkeypatch.setenv("CI", "true")
    with pytest.raises(either, match="no-such-program is not installed") as outcome:
        need("no-such-program")
    assert outcome.type is pytest.fail.Exception


def test_programs_of_the_system_are_found_with_an_ordinary_users_path(monkeypatch: pytest.MonkeyPatch):
    nginx = need("nginx")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert find("nginx") == nginx
