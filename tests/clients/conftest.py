"""The clients' processes, one of each for all tests, and a ChatStream for them to talk to."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients.clients import JOB, Client, Driven, Got
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer
from tests.web.conftest import serve as serve

Ask = Callable[..., Got]
IMPATIENT = {"CHATSTREAM_HEARTBEAT_S": "0.15", "CHATSTREAM_STATUS_WAIT_S": "0.5", "CHATSTREAM_SILENCE_S": "1"}


@pytest.fixture(scope="session")
def processes() -> Iterator[dict[str, Driven]]:
    started: dict[str, Driven] = {}
    yield started
    for process in started.values():
        process.close()


@pytest.fixture(scope="session")
def relay(model_server_process: ModelServer) -> Iterator[ChatStream]:
    model = {"OPENAI_BASE_URL": model_server_process.url, "AI_MODEL": "test-model"}
    with ChatStream({**model, **IMPATIENT}) as server:
        yield server


@pytest.fixture
def ask(client: Client, relay: ChatStream, model_server: ModelServer, processes: dict[str, Driven]) -> Ask:
    """Has the client do something: `ask("stream", usage=True)`."""
    if client.name not in processes:
        processes[client.name] = client.start()

    def ask_(do: str, **fields: Any) -> Got:
        return processes[client.name].do({**JOB, "do": do, "url": f"{relay.url}/v1", **fields})

    return ask_
