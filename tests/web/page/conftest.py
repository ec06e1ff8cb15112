"""The page of one ChatStream for each module, in a browser as on a first visit."""

import pytest

from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer
from tests.web.conftest import Serve
from tests.web.page.page import Page


@pytest.fixture(scope="module")
def one_server(serve: Serve) -> ChatStream:
    return serve(LLM_TIMEOUT="20", CHATSTREAM_PROMPT_MAX="2000")


@pytest.fixture
def page(one_server: ChatStream, browser: Browser, model_server: ModelServer) -> Page:
    """A new chat; the model server answers "Hello world" until told otherwise."""
    return Page(browser, one_server.url).open()
