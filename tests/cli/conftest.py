"""ChatStream served for real, and the command line as a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import Commands
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer
from tests.web.conftest import Serve, line, serve  # noqa: F401 – fixtures


@pytest.fixture(scope="module")
def one_server(serve: Serve) -> ChatStream:  # noqa: F811
    """One server for the module, with SQLite."""
    return serve()


@pytest.fixture
def commands(one_server: ChatStream, model_server: ModelServer, tmp_path: Path) -> Iterator[Commands]:
    """Commands that ask this server."""
    started = Commands(one_server.url, tmp_path)
    yield started
    started.close()
