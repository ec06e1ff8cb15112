"""The machine and the versions, in the words that a reader of figures asks for."""

import os
import platform
import re
import sqlite3
import subprocess
from datetime import date
from importlib.metadata import version
from pathlib import Path

from bench import cores
from bench.install_peers import REQUIREMENTS, litellm
from bench.relays import PEERS
from tests.clients.places import find_node
from tests.servers.mongod import mongod_environment
from tests.servers.programs import find

OURS = ("gunicorn", "gevent", "Flask", "httptools", "msgspec", "openai", "httpx2", "pymongo")


def description() -> str:
    """A list in Markdown."""
    cpu, system = first("/proc/cpuinfo", r"model name\s*: (.*)"), first("/etc/os-release", 'PRETTY_NAME="(.*)"')
    memory = int(first("/proc/meminfo", r"MemTotal: *(\d+)")) / 2**20
    placed = "the relay on one, all else on another" if cores.PINNED else "one for everything, so rates say little"
    lines = {
        "measured on": date.today().isoformat(),
        "processor": f"{cpu}, {os.cpu_count()} cores: {placed}; {memory:.0f} GiB of memory",
        "system": f"{system}, Linux {platform.release()}",
        "ChatStream": f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in OURS),
        "stores": f"SQLite {sqlite3.sqlite_version}, {_mongod()}",
        "peers": ", ".join(_peers()),
    }
    return "\n".join(f"- {what}: {which}" for what, which in lines.items())


def first(file: str | Path, pattern: str) -> str:
    """What the pattern's group finds in a file; "0" if nothing."""
    try:
        found = re.search(pattern, Path(file).read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else "0"


def _peers() -> list[str]:
    """nginx and Node as they are here; the others as they are pinned."""
    python = [f"{name} {first(REQUIREMENTS, f'^{name}==(.*)')}" for name in ("fastapi", "uvicorn", "uvloop", "openai")]
    pinned = PEERS / "package.json"
    express = [f"{name} {first(pinned, f'{name}.: .([0-9.]+)')}" for name in ("express", "openai")]
    nginx = _said([str(find("nginx")), "-v"], r"nginx/(\S+)")
    return [f"nginx {nginx}", *python, f"Node {_said([str(find_node()), '--version'], 'v(.*)')}", *express, *_litellm()]


def _litellm() -> list[str]:
    found = litellm()
    return [f"litellm {_said([str(found), '--version'], r'([0-9][0-9.]+)')}"] if found else []


def _mongod() -> str:
    program = find("mongod")
    if program is None:
        return "no MongoDB"
    return f"MongoDB {_said([str(program), '--version'], r'v([0-9.]+)', mongod_environment(program.parent))}"


def _said(command: list[str], pattern: str, environment: dict[str, str] | None = None) -> str:
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    except OSError:
        return "(none)"
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else "(unknown)"
