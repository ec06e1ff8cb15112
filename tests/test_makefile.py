"""The two commands of a newcomer, where the machine is not as it should be."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.server import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for file in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / file, tmp_path)
    return tmp_path


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *arguments], cwd=folder, capture_output=True, text=True, check=False)


def python(folder: Path, script: str) -> str:
    """A Python of one's own making: a shell script that is given `-c CODE` or `-m venv FOLDER`."""
    program = folder / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return f"PYTHON={program}"


def test_make_alone_lists_every_target(checkout: Path):
    targets = re.search(r"^\.PHONY: (.*)", (checkout / "Makefile").read_text(), re.MULTILINE)
    assert targets
    listed = re.findall(r"^  make ([\w-]+) +\S", make(checkout).stdout, re.MULTILINE)
    assert sorted(listed) == sorted(targets[1].split())


def test_an_old_python_is_refused_with_what_to_do(checkout: Path):
    runs_as_310 = f'exec {sys.executable} -c "import sys; sys.version_info = (3, 10); $2"'
    done = make(checkout, "run", python(checkout, runs_as_310))
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stdout
    assert "make run PYTHON=" in done.stdout


def test_a_python_without_venv_is_refused_with_the_package_to_install(checkout: Path):
    done = make(checkout, "run", python(checkout, 'case "$2" in *ensurepip*) exit 1; esac'))
    assert done.returncode != 0
    assert "apt-get install python3-venv" in done.stdout


def test_a_failed_venv_leaves_nothing_that_looks_like_one(checkout: Path):
    done = make(checkout, "run", python(checkout, 'case "$1" in -m) mkdir -p .venv/bin; exit 1; esac'))
    assert done.returncode != 0
    assert not (checkout / ".venv").exists()


def test_what_is_installed_is_not_installed_again(checkout: Path):
    becomes_its_venv = 'case "$2" in venv) mkdir -p .venv/bin; cp "$0" .venv/bin/python;; esac'
    fake = python(checkout, f'{becomes_its_venv}; echo "$@" >> {checkout}/asked')
    assert make(checkout, "settings", fake).returncode == 0
    assert make(checkout, "settings", fake).returncode == 0
    asked = (checkout / "asked").read_text()
    assert asked.count("pip install") == 1
    assert asked.count("-m chatstream.settings") == 2
