"""Install what the tests start or drive: `make system`, idempotent, and without a network once all is there.

Debian packages are installed when run by root; anybody else is told what is missing and what that leaves untested.
"""

import ctypes.util
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.install_clients import install_clients
from tests.install_mongod import CannotInstall, install_mongod
from tests.servers.programs import find


@dataclass(frozen=True)
class Need:
    """Something from a Debian package: how to see that it is there, and what waits for it."""

    packages: tuple[str, ...]
    present: Callable[[], bool]
    without: str


def program(name: str) -> Callable[[], bool]:
    return lambda: find(name) is not None


def file(path: str) -> Callable[[], bool]:
    return Path(path).exists


NEEDS = (
    Need(("nginx",), program("nginx"), "tests behind nginx are skipped"),
    Need(("chromium",), program("chromium"), "tests in a browser are skipped"),
    Need(("chromium-driver",), program("chromedriver"), "tests in a browser are skipped"),
    Need(("firefox-esr",), program("firefox-esr"), "tests in Firefox are skipped"),
    Need(("webkit2gtk-driver",), program("WebKitWebDriver"), "tests in WebKit are skipped"),
    Need(("xvfb", "xauth"), program("xvfb-run"), "tests in WebKit are skipped"),
    Need(("fonts-noto-core",), file("/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf"), "screenshots lack letters"),
    Need(
        ("fonts-noto-color-emoji",),
        file("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"),
        "screenshots lack emoji",
    ),
    Need(("mosquitto",), program("mosquitto"), "tests of MQTT are skipped"),
    Need(("gcc", "libc6-dev"), lambda: bool(find("cc")) and Path("/usr/include/stdio.h").exists(), "no make bench"),
    Need(("procps",), program("pgrep"), "no make bench"),
)
MONGOD_LIBRARY = Need(("libcurl4",), lambda: bool(ctypes.util.find_library("curl")), "the mongod of PyPI cannot run")


def main() -> None:
    needs = NEEDS if find("mongod") else (*NEEDS, MONGOD_LIBRARY)
    missing = [need for need in needs if not need.present()]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        install_packages(missing)
        missing = [need for need in missing if not need.present()]
    report(missing)
    if not find("mongod"):
        provide_mongod()
    install_clients()


def install_packages(needs: Sequence[Need]) -> None:
    names = package_names(needs)
    print("Installing", *names, flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for action in (["update"], ["install", "--yes", "--no-install-recommends", *names]):
        done = subprocess.run(["apt-get", "-qq", *action], env=quiet, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"apt-get {action[0]} failed:\n{done.stderr.strip()}")
            return


def report(missing: Sequence[Need]) -> None:
    """Say what is missing, what that means, and the one command that mends it."""
    if not missing:
        return
    print("Missing on this machine:")
    for need in missing:
        print(f"  {' '.join(need.packages):24} {need.without}")
    print("On Debian and Ubuntu: sudo apt-get install", *package_names(missing))


def provide_mongod() -> None:
    print("Fetching a mongod into .cache/ (45 MB, once)", flush=True)
    try:
        install_mongod()
    except CannotInstall as reason:
        print(f"Missing on this machine:\n  mongod: tests on MongoDB are skipped; {reason}")


def package_names(needs: Sequence[Need]) -> list[str]:
    return [name for need in needs for name in need.packages]


if __name__ == "__main__":
    main()
