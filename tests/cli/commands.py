"""The command line as a user has it: a process of its own, with pipes or on a terminal."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from contextlib import suppress
from fcntl import ioctl
from pathlib import Path
from typing import Any, NamedTuple

from tests.servers.server import ROOT

PATIENCE_S = 20.0
MODULE = ["-m", "chatstream"]


class Done(NamedTuple):
    """What a command left."""

    status: int
    out: str
    err: str

    @property
    def chat_id(self) -> str:
        """The chat that standard error names."""
        (found,) = re.findall(r"--chat ([0-9a-f]{24})", self.err)
        return str(found)


class Command:
    """A running command with pipes."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self._read = {process.stdout: b"", process.stderr: b""}

    def wait_out(self, wanted: str) -> None:
        """Wait until standard output has exactly this."""
        self._wait(self.process.stdout, lambda text: text == wanted, wanted)

    def wait_err(self, wanted: str) -> None:
        """Wait until standard error holds this."""
        self._wait(self.process.stderr, lambda text: wanted in text, wanted)

    def first_line(self) -> str:
        """The first line of standard output, once it is there."""
        self._wait(self.process.stdout, lambda text: "\n" in text, "a line")
        return self._read[self.process.stdout].decode().split("\n")[0]

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)

    def close_out(self) -> None:
        """Read its standard output no more."""
        assert self.process.stdout
        self.process.stdout.close()
        del self._read[self.process.stdout]

    def done(self) -> Done:
        """Wait for its end."""
        while self._more(PATIENCE_S):
            continue
        status = self.process.wait(PATIENCE_S)
        out, err = (self._read.get(stream, b"").decode() for stream in (self.process.stdout, self.process.stderr))
        return Done(status, out, err)

    def _wait(self, stream: Any, true: Any, wanted: str) -> None:
        while not true(self._read[stream].decode(errors="replace")):
            assert self._more(PATIENCE_S), f"it never said {wanted!r}, but {self._read}"

    def _more(self, seconds: float) -> bool:
        """Read what is next; whether anything came."""
        watched = [stream for stream in self._read if stream and not stream.closed]
        ready, _, _ = select.select(watched, [], [], seconds) if watched else ([], [], [])
        for stream in ready:
            data = os.read(stream.fileno(), 65536)
            self._read[stream] += data
            if not data:
                stream.close()
        return bool(ready)


class Terminal:
    """A command on a terminal of its own, to which all three of its streams belong unless said otherwise."""

    def __init__(self, command: Sequence[str], env: dict[str, str], folder: Path, **streams: Any) -> None:
        self._master, slave = pty.openpty()
        settings = termios.tcgetattr(slave)
        settings[3] &= ~termios.ECHO  # what is typed is not what is shown
        termios.tcsetattr(slave, termios.TCSANOW, settings)
        own = {"stdin": slave, "stdout": slave, "stderr": slave, **streams}
        self.process = subprocess.Popen(command, cwd=folder, env=env, preexec_fn=lambda: _control(slave), **own)
        self._name = os.ttyname(slave)
        os.close(slave)
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def wait(self, wanted: str) -> str:
        """Wait until this is shown, behind what was waited for before; returns what came up to it."""
        while wanted not in self.seen:
            assert self._more(), f"it never showed {wanted!r}, but {self.seen!r}"
        before, _, self.seen = self.seen.partition(wanted)
        return before

    def wait_taken(self) -> None:
        """Wait until all that was typed is read. Python's readline spins if Ctrl-C takes letters away before it has
        read them; no hand is so fast."""
        terminal = os.open(self._name, os.O_RDONLY | os.O_NOCTTY)
        eventually(lambda: ioctl(terminal, termios.FIONREAD, bytes(4)) == bytes(4))
        os.close(terminal)
        time.sleep(0.2)

    def insist(self, key: str, wanted: str) -> None:
        """Type this until that is shown: Python's readline may miss a signal that comes right behind its prompt."""
        for _ in range(20):
            self.type(key)
            if self._more(1):
                break
        self.wait(wanted)

    def done(self) -> tuple[int, str]:
        """Wait for its end: the exit status, and the rest of what is shown."""
        while self._more():
            continue
        return self.process.wait(PATIENCE_S), self.seen

    def close(self) -> None:
        os.close(self._master)

    def _more(self, seconds: float = PATIENCE_S) -> bool:
        ready, _, _ = select.select([self._master], [], [], seconds)
        with suppress(OSError):  # EIO: nobody has the terminal open any more
            data = os.read(self._master, 65536) if ready else b""
            self.seen += data.decode(errors="replace").replace("\r\n", "\n")
            return bool(data)
        return False


def _control(slave: int) -> None:
    """Make it the process's terminal, in a session of its own, so that Ctrl-C is a signal; and so is its end,
    whoever runs the tests."""
    os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    ioctl(slave, termios.TIOCSCTTY, 0)


class Commands:
    """Starts commands, and ends those that a failing test left."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self.env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(folder), "CHATSTREAM_URL": url}
        self.env |= {"TERM": "xterm", "LC_ALL": "C.UTF-8"}
        self._started: list[Any] = []

    def start(
        self, *arguments: str, program: Sequence[str] = MODULE, stdin: Any = subprocess.DEVNULL, **env: str
    ) -> Command:
        process = subprocess.Popen(
            [sys.executable, *program, *arguments],
            cwd=self.folder,
            env=self.env | env,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._started.append(process)
        return Command(process)

    def run(self, *arguments: str, given: bytes | None = None, **more: Any) -> Done:
        """A command to its end. `given` is its standard input."""
        command = self.start(*arguments, stdin=subprocess.PIPE if given is not None else subprocess.DEVNULL, **more)
        if given is not None:
            _feed(command.process, given)
        return command.done()

    def terminal(self, *arguments: str, streams: dict[str, Any] | None = None, **env: str) -> Terminal:
        command = [sys.executable, *MODULE, *arguments]
        terminal = Terminal(command, self.env | env, self.folder, **(streams or {}))
        self._started.append(terminal.process)
        return terminal

    def close(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()


def _feed(process: "subprocess.Popen[bytes]", given: bytes) -> None:
    """Write all of it, also to a command that does not want it."""
    assert process.stdin
    with suppress(BrokenPipeError), process.stdin:
        process.stdin.write(given)


def eventually(true: Any, seconds: float = PATIENCE_S) -> None:
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, f"not within {seconds} s"
        time.sleep(0.05)
