"""The small benchmark itself: what the stream costs beside nginx, with wide margins, in one run."""

import subprocess
import sys

import pytest

from tests.servers.programs import need
from tests.servers.server import ROOT

pytestmark = pytest.mark.alone


def test_the_stream_costs_about_what_it_did():
    need("nginx")
    need("cc")
    done = subprocess.run([sys.executable, "-m", "bench.check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
