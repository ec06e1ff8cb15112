"""Fixtures: the real programs that tests talk to, and their logs beside a failure."""

from gevent import monkey

monkey.patch_all()

import signal
from collections.abc import Iterator

import hypothesis
import pytest

from tests.servers.chromium import Browser, Chromium
from tests.servers.model_server import ModelServer
from tests.servers.mongod import Mongod
from tests.servers.server import LIVE

# A time limit ends the tests with SIGTERM: end as on Ctrl-C then, so that servers are closed and their folders removed.
signal.signal(signal.SIGTERM, signal.default_int_handler)
# A shell starts what runs in its background deaf to Ctrl-C, and the programs of the tests would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
# No test is about how long one example takes on a machine that does other things as well.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


@pytest.fixture(scope="session")
def mongod() -> Iterator[Mongod]:
    """A primary, for the whole session: each test takes a database name of its own, and leaves it running."""
    with Mongod() as server:
        yield server


@pytest.fixture(scope="session")
def model_server_process() -> Iterator[ModelServer]:
    """The model server behind `model_server`; for fixtures of longer life that need only its URL."""
    with ModelServer() as server:
        yield server


@pytest.fixture
def model_server(model_server_process: ModelServer) -> ModelServer:
    """The model server, with no script, no log and all gates shut; it answers "Hello world" until told otherwise."""
    model_server_process.reset()
    return model_server_process


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """The browser's process, for the whole session; tests use `browser`."""
    with Chromium() as process:
        yield process


@pytest.fixture
def browser(chromium: Chromium) -> Iterator[Browser]:
    """A browser on an empty page, as for a first visit: 1280 × 800, light, JavaScript on, nothing stored."""
    page = chromium.browser()
    yield page
    page.close()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for server in LIVE:
        server.mark_log()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if report.failed:
        logs = ((f"log of {server.name}", server.log_tail()) for server in LIVE)
        report.sections += [(title, log) for title, log in logs if log]
    return report
