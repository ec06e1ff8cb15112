"""What every started program shares: a port, a folder, a log, a wait until it is ready, and a certain end."""

import atexit
import ctypes
import fcntl
import http.client
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""

LIVE: "set[Server]" = set()
"""Servers that are not closed: whose logs a failing test shows."""

_libc = ctypes.CDLL(None)
_choice = random.SystemRandom()
_PR_SET_PDEATHSIG = 1
_PORTS = Path(tempfile.gettempdir()) / f"chatstream-ports-{os.getuid()}"
_held: list[IO[str]] = []


class Server:
    """A program for tests. Subclasses say how to start it (`command`) and how to see that it is `ready`.

    It gets a folder of its own and leads a process group of its own. Whatever happens to the tests, it ends with
    them: `close`, at exit, or by the kernel's parent-death signal. That signal follows the *thread* that started the
    program, so servers are started from the main thread.
    """

    name = "server"
    ready_within = 30.0
    """Seconds from start to `ready`, before it counts as failed."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"chatstream-{self.name}-"))
        self.log_path = self.folder / "log"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._marked = 0
        LIVE.add(self)

    def command(self) -> list[str]:
        """The program and its arguments."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        """All the variables it gets."""
        return os.environ

    def ready(self) -> bool:
        """Whether it serves by now; asked again and again."""
        raise NotImplementedError

    def start(self) -> Self:
        """Start the program and wait until it is ready. Raises RuntimeError with its log if it does not get there."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env=dict(self.environment()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        self.wait_until(self.ready, "be ready")
        return self

    def stop(self, grace: float = 10.0) -> int | None:
        """Ask it to end (SIGTERM), insist after `grace` seconds. Returns its exit status, None if it never ran."""
        if self.process is None:
            return None
        self.signal(signal.SIGTERM)
        try:
            status: int | None = self.process.wait(grace)
        except subprocess.TimeoutExpired:
            status = None
        self.kill()
        return status if status is not None else self.process.returncode

    def kill(self) -> None:
        """End it and all it started at once (SIGKILL to the process group)."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def restart(self) -> Self:
        """Start it again in the same folder, on the same port."""
        self.stop()
        return self.start()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program itself; nothing if it has ended."""
        if self.running():
            os.kill(self.pid, number)

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        """The process id. Raises RuntimeError before `start`."""
        if self.process is None:
            raise RuntimeError(f"{self.name} was not started")
        return self.process.pid

    def close(self) -> None:
        """End it and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        LIVE.discard(self)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error:
            error.add_note(f"The log of {self.name}:\n{self.log_tail()}")
        self.close()

    def mark_log(self) -> None:
        """From here on `log_tail` shows only what is printed later."""
        self._marked = self.log_path.stat().st_size if self.log_path.exists() else 0

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of what it printed since the mark."""
        if not self.log_path.exists():
            return ""
        printed = self.log_path.read_bytes()[self._marked :].decode(errors="replace")
        return "\n".join([line for line in printed.splitlines() if self.worth_showing(line)][-lines:])

    def worth_showing(self, line: str) -> bool:
        """Whether a line of the log can help somebody whose test failed."""
        return True

    def wait_until(self, true: Callable[[], bool], what: str) -> None:
        """Wait for a condition. Raises RuntimeError with the log when the program ends or `ready_within` passes."""
        deadline = time.monotonic() + self.ready_within
        while not true():
            if not self.running():
                raise RuntimeError(f"{self.name} ended before it could {what}. Its log:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"{self.name} did not {what} within {self.ready_within:g} s. Its log:\n{self.log_tail()}"
                )
            time.sleep(0.02)


def ends(pid: int, seconds: float = 10.0) -> bool:
    """Whether a process ends within so long. A zombie has ended: its own parent may be slow to ask for its status."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state in "ZX":
            return True
        time.sleep(0.01)
    return False


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on, below those the kernel gives to outgoing connections.

    So it is still free when its server comes back after a stop. No other test is given it while this process lives.
    """
    _PORTS.mkdir(exist_ok=True)
    while True:
        port = _choice.randrange(20_000, 32_000)
        if not _taken(port):
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def _taken(port: int) -> bool:
    """Whether nobody else has it: a lock on a file of its name goes with this process."""
    file = (_PORTS / str(port)).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    _held.append(file)
    return True


def http_status(port: int, path: str) -> int | None:
    """The status that GET answers with, or None while nobody serves there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@atexit.register
def _close_all() -> None:
    for server in tuple(LIVE):
        server.close()
