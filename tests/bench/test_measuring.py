"""The clocks, and the command line as docs name it."""

import json
import os
import subprocess
import sys
import time

import pytest

from bench.processes import cpu_seconds, memory_kib, tree
from tests.servers.programs import need
from tests.servers.server import ROOT

pytestmark = pytest.mark.alone

BURN = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True); input()"
DATA = "CHATSTREAM_DATA_DIR={folder}/data"
GUNICORN = f"{sys.executable} -m gunicorn wsgi:app"
CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}])"


def test_a_tree_is_measured_with_its_children():
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", CHILD], **pipes) as parent:
        parent.stdout.readline()
        assert len(tree(parent.pid)) == 2
        assert cpu_seconds(parent.pid) >= 0.3
        assert memory_kib(parent.pid) > memory_kib(tree(parent.pid)[1]) > 1000
        parent.communicate(b"\n")
    assert cpu_seconds(parent.pid) == 0


def test_the_clock_of_a_process_is_its_cpu_time():
    before, here = time.process_time(), cpu_seconds(os.getpid())
    assert 0 <= here - before < 1


def test_measure_py_puts_relays_side_by_side():
    need("nginx")
    need("cc")
    body = json.dumps({"prompt": "hi", "stream": True})
    served = f"env OPENAI_BASE_URL={{source}} AI_MODEL=bench CHATSTREAM_BIND=127.0.0.1:{{port}} {DATA} {GUNICORN}"
    relays = ("nginx=nginx", f"ours:/chat:{body}={served}")
    command = [sys.executable, "bench/measure.py", "--case", "single", *relays]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["relay"], row["case"], row["failed"]) for row in rows] == [
        ("nginx", "single", 0),
        ("ours", "single", 0),
    ]
    assert rows[0]["cpu_ratio"] == 1
    assert rows[1]["cpu_ratio"] > 1
