"""What a request made goes when it ends and waits for no collector, which holds all streams while it looks for it."""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer
from tests.web.garbage import TOLD

ROUTER = {"cell": 10, "function": 2, "set": 2, "tuple": 2}
"""werkzeug looks for a route with a function that holds itself by its name, twice for each stream."""


class Watched(ChatStream):
    """It disables the collector, and tells what it would find."""

    def command(self) -> list[str]:
        return [*super().command()[:-1], "tests.web.garbage:app"]

    def garbage(self) -> Counter[str]:
        """Since it was last asked."""
        told = self.folder / "data" / TOLD
        told.unlink(missing_ok=True)
        os.kill(self.worker_pids()[0], signal.SIGUSR2)
        self.wait_until(told.exists, "tell its garbage")
        return Counter(told.read_text().split())


@pytest.fixture(scope="module")
def watched(model_server_process: ModelServer) -> Iterator[Watched]:
    with Watched({"OPENAI_BASE_URL": model_server_process.url, "AI_MODEL": "test-model"}) as server:
        yield server


def recorded(api: Api) -> None:
    assert api.answer("Hello")[1][-1][1]["state"] == "complete"


def relayed(api: Api) -> None:
    asked = {"model": "test-model", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
    assert api.post("/v1/chat/completions", asked).body.endswith(b"data: [DONE]\n\n")


def whole(api: Api) -> None:
    asked = {"model": "test-model", "messages": [{"role": "user", "content": "Hello"}]}
    assert api.post("/v1/chat/completions", asked).status == 200


def looked_at(api: Api) -> None:
    assert api.get("/healthz").status == 200


@pytest.mark.parametrize("ask", [recorded, relayed, whole, looked_at])
def test_what_a_request_made_goes_with_it(
    watched: Watched, model_server: ModelServer, ask: Callable[[Api], None]
) -> None:
    api = Api(watched.address)
    ask(api)  # what is made once
    watched.garbage()
    for _ in range(5):
        ask(api)
    found = watched.garbage()
    assert {name: n for name, n in found.items() if n >= 5 and n > ROUTER.get(name, 0) * 5} == {}
