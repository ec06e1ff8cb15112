"""The clients are pinned, come from wherever this machine's registries are, and are fetched once."""

import json
import re
from pathlib import Path

import pytest

from tests import install_clients
from tests.clients import places
from tests.clients.places import HERE, LOCK, VENVS, find_node, need_node, need_python
from tests.servers.server import ROOT

PACKAGES = json.loads(HERE.joinpath("package.json").read_text())["dependencies"]
EITHER = (pytest.skip.Exception, pytest.fail.Exception)


def requirements(name: str) -> dict[str, str]:
    lines = HERE.joinpath(f"{name}.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def test_every_pin_is_exact() -> None:
    versions = [*PACKAGES.values(), *(version for name in VENVS for version in requirements(name).values())]
    assert [version for version in versions if not re.fullmatch(r"[0-9][0-9.]*", version)] == []


def test_the_lock_names_no_registry() -> None:
    locked = json.loads(LOCK.read_text())["packages"]
    assert "://" not in json.dumps([{**package, "funding": None} for package in locked.values()])
    assert [name for name, package in locked.items() if name and not package["integrity"].startswith("sha512-")] == []


def test_the_page_about_clients_names_these_versions() -> None:
    page = ROOT.joinpath("docs/clients.md").read_text()
    named = re.findall(r"`([\w@/-]+) ([0-9.]+)`", page)
    pinned = {*PACKAGES.items(), *(pin for name in VENVS for pin in requirements(name).items())}
    ours = re.findall(r"^(openai)==(.+)$", ROOT.joinpath("requirements.txt").read_text(), re.MULTILINE)
    assert len(named) >= 7
    assert set(named) <= {*pinned, *ours}


def test_what_is_there_is_not_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    need_node()
    for name in VENVS:
        need_python(name)
    asked: list[list[str]] = []
    monkeypatch.setattr(install_clients, "attempt", lambda what, command: asked.append(command))
    install_clients.install_clients()
    assert asked == []


def test_what_was_made_from_other_pins_is_made_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(places, "CACHE", tmp_path)
    folder = tmp_path / VENVS[0]
    folder.mkdir()
    folder.joinpath("pins").write_text("openai==1.0.0")
    asked: list[list[str]] = []
    monkeypatch.setattr(
        install_clients, "attempt", lambda what, command: (folder.mkdir(exist_ok=True), asked.append(command))
    )
    install_clients.install_venv(VENVS[0])
    assert [command[-1] for command in asked] == [str(folder), str(HERE / f"{VENVS[0]}.txt")]
    assert "openai==2" in (places.pins(folder) or "")


def test_a_node_that_is_too_old_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("node", "npm"):
        tmp_path.joinpath(name).write_text("#!/bin/sh\necho v18.20.4\n")
        tmp_path.joinpath(name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(places, "NODE_FOLDER", tmp_path / "none")
    assert find_node() is None
    tmp_path.joinpath("node").write_text("#!/bin/sh\necho v22.1.0\n")
    places.major.cache_clear()
    assert find_node() == tmp_path / "node"
    places.major.cache_clear()


def test_without_a_client_its_tests_are_skipped_on_a_desk_and_fail_in_ci(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(places, "CACHE", tmp_path)
    monkeypatch.setattr(places, "NODE_MODULES", tmp_path)
    for need in (lambda: need_python(VENVS[0]), need_node):
        for ci, outcome in ((None, pytest.skip.Exception), ("true", pytest.fail.Exception)):
            monkeypatch.delenv("CI", raising=False)
            if ci:
                monkeypatch.setenv("CI", ci)
            with pytest.raises(EITHER, match="not installed: `make system`") as raised:
                need()
            assert raised.type is outcome
