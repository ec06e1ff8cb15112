"""ChatStream served for real, on each store, in front of the scripted model server."""

from collections.abc import Callable, Iterator

import gevent
import pytest

from chatstream.store.records import new_id
from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer
from tests.web.page.line import Line

Serve = Callable[..., ChatStream]


def store_settings(request: pytest.FixtureRequest, kind: str) -> dict[str, str]:
    """The settings of a store of its own."""
    if kind == "sqlite":
        return {}
    return {"MONGODB_URI": request.getfixturevalue("mongod").database_uri(f"web_{new_id()}")}


@pytest.fixture(scope="module")
def serve(request: pytest.FixtureRequest, model_server_process: ModelServer) -> Iterator[Serve]:
    """Starts servers that end with the module: `serve(store="mongo", CHATSTREAM_HEARTBEAT_S="0.3")`."""
    servers: list[ChatStream] = []

    def serve_(store: str = "sqlite", **env: str) -> ChatStream:
        model = {"OPENAI_BASE_URL": model_server_process.url, "AI_MODEL": "test-model"}
        server = ChatStream({**model, **store_settings(request, store), **env})
        servers.append(server)
        return server.start()

    yield serve_
    for server in servers:
        server.close()


@pytest.fixture(scope="module", params=["sqlite", "mongo"])
def server(request: pytest.FixtureRequest, serve: Serve) -> ChatStream:
    """One server for the module, on each store."""
    return serve(request.param)


@pytest.fixture(scope="module")
def one_server(serve: Serve) -> ChatStream:
    """One for the module, on SQLite."""
    return serve()


@pytest.fixture
def api(server: ChatStream, model_server: ModelServer) -> Api:
    return Api(server.address)


@pytest.fixture
def line(one_server: ChatStream) -> Iterator[Line]:
    """A way that can break, to the module's `one_server`."""
    line = Line(one_server.address)
    yield line
    line.close()


@pytest.fixture
def turns() -> Iterator[list[int]]:
    """Of a stream: it waits for its socket, or for its time, and is not a greenlet that could go on at once."""
    taken: list[int] = []

    def take_turns() -> None:
        while True:
            gevent.sleep(0.0001)
            taken.append(1)

    other = gevent.spawn(take_turns)
    gevent.sleep(0)
    yield taken
    other.kill()
