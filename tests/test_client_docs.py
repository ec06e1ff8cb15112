"""Every example of docs/client.md, run: Python as a doctest, commands in a shell, a conversation on a terminal."""

import doctest
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.cli.commands import MODULE, Terminal
from tests.servers.app import ChatStream
from tests.servers.server import ROOT, Server, http_status

PAGE = (ROOT / "docs/client.md").read_text()
LANGUAGES = {"python", "console", "terminal"}
CTRL_D = "\x04"


class Demo(Server):
    """The demo model, as a model server of its own."""

    name = "demo"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "chatstream.upstream.demo", "--port", str(self.port)]

    def environment(self) -> Mapping[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT)}

    def ready(self) -> bool:
        return http_status(self.port, "/v1/models") == 200


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as server:
        yield server


@pytest.fixture(scope="module")
def server(demo: Demo) -> Iterator[ChatStream]:
    with ChatStream({"OPENAI_BASE_URL": demo.url}) as server:
        yield server


def here(text: str, server: ChatStream, demo: Demo) -> str:
    """The page's addresses as those of this test."""
    text = text.replace("http://127.0.0.1:8000", server.url)
    return text.replace("http://127.0.0.1:11434/v1", demo.url).replace("llama3.2", "demo-fast")


@pytest.fixture
def env(server: ChatStream, tmp_path: Path) -> dict[str, str]:
    """A shell's, with the command on its path."""
    script = tmp_path / "chatstream"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} {" ".join(MODULE)} "$@"\n')
    script.chmod(0o755)
    known = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    return known | {"CHATSTREAM_URL": server.url, "LC_ALL": "C.UTF-8", "TERM": "xterm", "NO_COLOR": "1"}


def test_every_block_is_of_a_kind_that_is_run() -> None:
    assert set(re.findall(r"^```(\w+)$", PAGE, re.MULTILINE)) == LANGUAGES
    assert [len(blocks(language)) > 0 for language in LANGUAGES] == [True] * len(LANGUAGES)


def test_python(server: ChatStream, demo: Demo) -> None:
    source = here("\n".join(blocks("python")), server, demo)
    test = doctest.DocTestParser().get_doctest(source, {}, "docs/client.md", None, 0)
    said: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert (result.failed, result.attempted > 20) == (0, True), "".join(said)


@pytest.mark.parametrize("block", blocks("console"), ids=lambda block: block.splitlines()[0])
def test_commands(block: str, server: ChatStream, demo: Demo, env: dict[str, str], tmp_path: Path) -> None:
    for example in re.split(r"^\$ ", here(block, server, demo), flags=re.MULTILINE)[1:]:
        command, _, expected = example.partition("\n")
        done = subprocess.run(
            command,
            shell=True,
            env=env,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert alike(done.stdout, expected), f"{command}\n{done.stdout}"


@pytest.mark.parametrize("block", blocks("terminal"), ids=lambda block: block.splitlines()[0])
def test_conversation(block: str, env: dict[str, str], tmp_path: Path) -> None:
    first, *lines = block.splitlines()
    command = first.removeprefix("$ chatstream ").split()
    terminal = Terminal([sys.executable, *MODULE, *command], env, tmp_path)
    for line in lines:
        if line.startswith("> "):
            terminal.wait("> ")
            terminal.type(line.removeprefix("> ") + "\n")
        else:
            terminal.wait(line.rstrip("…"))
    terminal.wait("> ")
    terminal.type(CTRL_D)
    assert terminal.done()[0] == 0


def alike(printed: str, shown: str) -> bool:
    """Whether this was printed; … in the page stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, shown.split("…"))), printed) is not None
