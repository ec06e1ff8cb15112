"""ChatStream served for real, on each store, in front of the scripted model server: as for the tests of its routes."""

from collections.abc import Iterator

import pytest

from chatstream.client import LLMClient
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer
from tests.web.conftest import Serve, line, serve, server  # noqa: F401 – fixtures


@pytest.fixture(scope="module")
def one_server(serve: Serve) -> ChatStream:  # noqa: F811
    """One server for the module, with SQLite."""
    return serve()


@pytest.fixture
def llm(model_server: ModelServer) -> Iterator[LLMClient]:
    """A client of the model server itself."""
    with LLMClient(model_server.url, model="test-model") as client:
        yield client


@pytest.fixture
def relayed(one_server: ChatStream, model_server: ModelServer) -> Iterator[LLMClient]:
    """A client of ChatStream's /v1."""
    with LLMClient(f"{one_server.url}/v1") as client:
        yield client
