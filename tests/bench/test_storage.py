"""The stores at size: the measurement builds its history, and each of its operations does what it says."""

import subprocess
import sys

import pytest

from tests.servers.programs import need

pytestmark = pytest.mark.alone


@pytest.mark.parametrize("store", ["sqlite", "mongo"])
def test_every_operation_is_measured_and_planned(store: str) -> None:
    if store == "mongo":
        need("mongod")
    size = ["--chats", "2000", "--messages", "6000", "--times", "1"]
    command = [sys.executable, "-m", "bench.storage", "--store", store, *size]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|")[1].strip() for line in done.stdout.splitlines() if line.startswith("| ")]
    for row in ("open a chat of 2000 messages", "page back, half-way", "search and show: rare", "begin"):
        assert row in rows
        assert row == "begin" or f"\n{row}\n    " in done.stdout, "its plan"
