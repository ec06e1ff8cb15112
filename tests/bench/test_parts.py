"""Parts of the benchmark that know ChatStream's inside or its settings: each once, in small."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import idle, recorder
from bench.ours import on_sqlite, v1
from bench.recorder import measure_share
from bench.tools import compiled
from tests.servers.programs import need

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def tools() -> Iterator[Path]:
    need("cc")
    with compiled() as folder:
        yield folder


def test_the_recorder_has_a_share_of_the_cpu(tools: Path):
    share = measure_share(on_sqlite({}, recorder.APP), "single", tools)
    assert 0 < share.greenlet_percent < 50
    assert 0 < share.threads_percent < 50


@pytest.mark.parametrize("relay", [on_sqlite, v1])
def test_streams_of_a_silent_model_are_held_with_heartbeats(tools: Path, relay):
    found = idle.measure_idle(relay(idle.settings(20, 1)), 20, 1, 2, tools)
    assert found.open == 20
    assert found.beats >= 20
