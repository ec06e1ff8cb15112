"""Fetch the peers into .cache/bench, each pinned with all it needs: FastAPI into a venv, Express into node_modules.

What was made from the same pins is left as it is: no network then.
"""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from bench.relays import PEERS
from tests.clients.places import find_node, pins
from tests.install_clients import npm, stamp
from tests.install_mongod import CannotInstall, attempt
from tests.servers.server import ROOT

CACHE = ROOT / ".cache" / "bench"
VENV = CACHE / "venv"
EXPRESS = CACHE / "express"
REQUIREMENTS = PEERS / "requirements.txt"
LOCK = PEERS / "package-lock.json"
NPM_QUIET = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def missing_peers() -> dict[str, str]:
    """Install what is not there; the reason for each that cannot be had."""
    steps = {"FastAPI": install_fastapi, "Express": install_express}
    reasons = {name: _reason(install) for name, install in steps.items()}
    return {name: reason for name, reason in reasons.items() if reason}


def install_fastapi() -> None:
    if pins(VENV) == stamp(REQUIREMENTS):
        return
    print("Fetching FastAPI into .cache/bench/venv (once)", file=sys.stderr, flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    attempt("venv", [sys.executable, "-m", "venv", "--without-pip", str(VENV)])
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", str(VENV)]
    attempt("pip install", [*pip, "install", "--no-deps", "--requirement", str(REQUIREMENTS)])
    (VENV / "pins").write_text(stamp(REQUIREMENTS))


def install_express() -> None:
    if pins(EXPRESS) == LOCK.read_text() and find_node():
        return
    print("Fetching Express into .cache/bench/express (once)", file=sys.stderr, flush=True)
    EXPRESS.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", LOCK.name, "express_relay.mjs"):  # Node looks for packages beside the script
        shutil.copy(PEERS / name, EXPRESS)
    attempt("npm ci", [*npm(), "ci", *NPM_QUIET, "--prefix", str(EXPRESS.resolve())])  # npm stumbles over links
    (EXPRESS / "pins").write_text(LOCK.read_text())


def _reason(install: Callable[[], None]) -> str:
    try:
        install()
    except CannotInstall as reason:
        return str(reason)
    return ""


def litellm() -> Path | None:
    """LiteLLM's proxy where it is installed: nothing here does that, for it brings a hundred packages."""
    found = shutil.which("litellm", path=str(CACHE / "litellm/bin")) or shutil.which("litellm")
    return Path(found) if found else None
