"""The programs that tests start: where they are, and what happens without one."""

import os
import shutil
from pathlib import Path

import pytest

from tests.servers.server import ROOT

MONGOD_FOLDER = ROOT / ".cache" / "mongod-6.0.27"
"""Where `make system` puts a mongod and its libraries, when the machine has none."""

# An ordinary user's PATH on Debian lacks the sbin folders, and nginx lives in one.
PLACES = ("/usr/local/sbin", "/usr/sbin", "/sbin", str(MONGOD_FOLDER))


def find(program: str) -> Path | None:
    """The program's path: from PATH first, then from the places an ordinary PATH leaves out."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *PLACES))
    found = shutil.which(program, path=path)
    return Path(found) if found else None


def need(program: str) -> Path:
    """The program's path. Without it the test is skipped, in CI it fails: nothing goes unchecked there."""
    found = find(program)
    if found:
        return found
    message = f"{program} is not installed: `make system` installs it, or says what to do"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
