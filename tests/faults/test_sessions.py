"""A few random sessions on each store, always the same ones; `python -m tests.faults` plays other ones for longer."""

import pytest

from tests.faults.sessions import sessions
from tests.faults.world import World

pytestmark = pytest.mark.alone

SESSIONS, RULES = 3, 15


@pytest.mark.parametrize("store", ["sqlite", "mongo"])
def test_random_sessions_keep_every_promise(store: str) -> None:
    with World(store) as world:
        figures, failures = sessions(world, SESSIONS, RULES, seeded=None)
    print(figures.markdown())
    assert not failures, "\n\n".join(map(str, failures))
    assert figures.counts["sessions"] == SESSIONS
    assert figures.counts["streams"] > SESSIONS
