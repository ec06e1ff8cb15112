"""Plain programs that use the client: processes of their own, with blocking sockets and without gevent."""

import os
import subprocess
import sys

from tests.servers.server import ROOT


def run(source: str, *arguments: str, **env: str) -> str:
    """What a program prints; the last line of its error if it fails."""
    clean = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **env}
    done = subprocess.run(
        [sys.executable, "-c", source, *arguments], env=clean, capture_output=True, text=True, check=False, timeout=60
    )
    return (done.stdout if done.returncode == 0 else done.stderr.strip().splitlines()[-1]).strip()
