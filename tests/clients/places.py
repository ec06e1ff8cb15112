"""Where the clients of others are, once `make system` has fetched them; and what happens without them."""

import functools
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.servers.server import ROOT

HERE = Path(__file__).parent
LOCK = HERE / "package-lock.json"
NODE_MODULES = HERE / "node_modules"
"""Beside the scripts, where Node looks for what they import."""
CACHE = ROOT / ".cache" / "clients"
NODE_FOLDER = CACHE / "node-24.19.0"
NODE_OLDEST = 22
"""What the newest openai and ai ask for."""
VENVS = ("openai-2", "langchain-llm")
"""Each made from `<name>.txt` beside this file."""


def venv(name: str) -> Path:
    return CACHE / name


def pins(folder: Path) -> str | None:
    """What this folder was made from, if that was finished."""
    file = folder / "pins"
    return file.read_text() if file.exists() else None


def need_python(name: str) -> Path:
    """The Python of a venv; without it the test is skipped, in CI it fails."""
    if pins(venv(name)) is None:
        miss(f"the Python clients in .cache/clients/{name} are not installed")
    return venv(name) / "bin" / "python"


def need_node() -> Path:
    """A Node.js, with the clients' packages in place; without it the test is skipped, in CI it fails."""
    node = find_node()
    if node is None or pins(NODE_MODULES) != LOCK.read_text():
        miss("the Node clients are not installed")
    assert node
    return node


def miss(what: str) -> None:
    message = f"{what}: `make system` installs them, or says what to do"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def find_node() -> Path | None:
    """A Node.js that is new enough and has its npm: the machine's own, else the one that was fetched."""
    found = shutil.which("node")
    if found and shutil.which("npm", path=str(Path(found).parent)) and major(found) >= NODE_OLDEST:
        return Path(found)
    fetched = NODE_FOLDER / "bin" / "node"
    return fetched if fetched.exists() else None


@functools.cache
def major(node: str) -> int:
    """The first figure of its version; 0 if it does not run."""
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return int(done.stdout.removeprefix("v").split(".")[0]) if done.returncode == 0 else 0
