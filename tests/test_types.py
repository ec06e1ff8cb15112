"""The page's scripts are what their JSDoc types say: TypeScript's compiler finds nothing."""

import subprocess
from pathlib import Path

import pytest

from tests.clients.places import NODE_MODULES, need_node
from tests.servers.server import ROOT

COMPILER = "typescript/bin/tsc"
PROJECTS = sorted((ROOT / "tests" / "types").glob("*.json"))
SCRIPTS = sorted((ROOT / "static" / "js").rglob("*.js"))


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.stem)
def test_the_compiler_finds_nothing(project: Path) -> None:
    command = [need_node(), NODE_MODULES / COMPILER, "-p", project]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (checked.stdout, checked.returncode) == ("", 0)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_says_that_it_is_checked(script: Path) -> None:
    assert script.read_text().startswith("// @ts-check\n")
