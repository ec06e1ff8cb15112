"""The three C programs: the model server, and two loads."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import cores
from bench.cases import Case
from bench.relays import Relay
from tests.servers.server import Server, http_status

HERE = Path(__file__).parent
LIMIT_S = 400
"""When a load gives up: the slowest peer takes 2 minutes for a case."""


class CannotMeasure(Exception):
    """Something that is needed is missing; the text says what."""


@contextmanager
def compiled() -> Iterator[Path]:
    """The programs, in a folder that goes away.

    :raises CannotMeasure: without a C compiler
    """
    compiler = shutil.which("cc")
    if compiler is None:
        raise CannotMeasure("There is no C compiler: apt-get install gcc libc6-dev")
    with tempfile.TemporaryDirectory(prefix="chatstream-bench-") as folder:
        for name in ("source", "load", "hold"):
            subprocess.run([compiler, "-O2", "-o", f"{folder}/{name}", HERE / f"{name}.c"], check=True)
        yield Path(folder)


class Source(Server):
    """The model server of a case."""

    name = "source"

    def __init__(self, tools: Path, case: Case) -> None:
        super().__init__()
        self._tools = tools
        self._case = case

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def command(self) -> list[str]:
        numbers = (self.port, self._case.tokens, self._case.interval_us, self._case.silence_ms)
        return cores.for_bench([str(self._tools / "source"), *map(str, numbers)])

    def ready(self) -> bool:
        return http_status(self.port, "/v1/models") == 200


@dataclass(frozen=True)
class Client:
    """Whoever reads a relay's streams."""

    tools: Path
    relay: Relay
    port: int

    def load(self, case: Case) -> "Started":
        """Reads every stream to its end (load.c)."""
        return self._start("load", case.at_once, case.total, case.tokens)

    def hold(self, streams: int, settle_s: int, seconds: int) -> "Started":
        """Opens streams, and watches them for some seconds (hold.c)."""
        return self._start("hold", streams, settle_s, seconds)

    def _start(self, program: str, *numbers: int) -> "Started":
        body = self.tools / "body.json"
        body.write_text(self.relay.body)
        asked = (str(self.port), self.relay.path, str(body), *map(str, numbers))
        environment = {**os.environ, "MARK": self.relay.mark, "LIMIT_S": str(LIMIT_S)}
        command = cores.for_bench([str(self.tools / program), *asked, *self.relay.headers])
        return Started(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))


@dataclass(frozen=True)
class Started:
    """A load that runs, and tells in lines of JSON."""

    process: "subprocess.Popen[str]"

    def runs(self) -> bool:
        return self.process.poll() is None

    def line(self) -> dict[str, Any]:
        """What it says next, awaited. Raises CannotMeasure if it says nothing more."""
        assert self.process.stdout
        said = self.process.stdout.readline()
        if not said:
            raise CannotMeasure(f"the load ended with status {self.process.wait()} and no result")
        found: dict[str, Any] = json.loads(said)
        return found
