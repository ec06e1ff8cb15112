"""What is measured: a program that passes streams on, and how it is asked."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import cores
from tests.servers.programs import find
from tests.servers.server import Server, http_status

PEERS = Path(__file__).parent / "peers"
MESSAGES = '{"model":"bench","stream":true,"messages":[{"role":"user","content":"hi"}]}'
DONE = "[DONE]"


@dataclass(frozen=True)
class Relay:
    """`serve` is given the model server's base URL, and returns the server, not started yet."""

    name: str
    serve: Callable[[str], Server]
    path: str = "/chat"
    body: str = MESSAGES
    mark: str = ""
    """What stands near the end of every answer that is whole. Empty: that is not looked at."""
    headers: tuple[str, ...] = ()


class Program(Server):
    """Any command, on the relay's core. {port}, {source} and {folder} in it are filled in."""

    name = "relay"
    ready_within = 90.0

    def __init__(self, command: str, source: str, environment: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._command = command
        self._source = source
        self._environment = dict(environment or {})

    def command(self) -> list[str]:
        filled = self._command
        for name, value in (("port", self.port), ("source", self._source), ("folder", self.folder)):
            filled = filled.replace(f"{{{name}}}", str(value))
        return cores.for_relay(shlex.split(filled))

    def environment(self) -> Mapping[str, str]:
        return {**super().environment(), **self._environment}

    def ready(self) -> bool:
        return http_status(self.port, "/") is not None


class Nginx(Program):
    """Copies the stream and looks at nothing: what moving the bytes costs. Each figure is told as a ratio to its."""

    name = "nginx"

    def __init__(self, source: str) -> None:
        super().__init__(f"{find('nginx')} -e stderr -c {{folder}}/nginx.conf", source)
        conf = (PEERS / "nginx.conf").read_text()
        upstream = source.removeprefix("http://").removesuffix("/v1")
        for name, value in (("SOURCE", upstream), ("PORT", str(self.port)), ("RUNDIR", str(self.folder))):
            conf = conf.replace(name, value)
        (self.folder / "nginx.conf").write_text(conf)


NGINX = Relay("nginx", Nginx, mark=DONE)


def parsed(text: str) -> Relay:
    """`nginx=nginx`, or `name[:path[:body]]=command`; the command is run in the present folder."""
    spec, _, command = text.partition("=")
    name, *asked = spec.split(":", 2)
    if command == "nginx":
        return NGINX
    here = f"env --chdir={shlex.quote(str(Path.cwd()))} {command}"
    return Relay(name, lambda source: Program(here, source), *asked)
