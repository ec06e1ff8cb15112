"""A client that aborts in the middle of an answer closes the model server's connection too, within a second."""

import pytest

from tests.clients.clients import Client, text, those
from tests.clients.conftest import Ask
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer
from tests.web.conftest import Serve
from tests.web.noise import Noise


@pytest.fixture(scope="module")
def relay(serve: Serve) -> ChatStream:
    """It writes nothing by itself: no heartbeat finds out within a test that nobody reads."""
    return serve(CHATSTREAM_HEARTBEAT_S="60", CHATSTREAM_STATUS_WAIT_S="0.5")


@pytest.mark.alone
@those()
def test_upstream_is_closed_within_a_second_of_the_abort(client: Client, ask: Ask, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["gate", "never"]])
    with Noise() as noise:
        got = ask("stream", leave_after=1)
        (entry,) = model_server.wait_ended()
    assert text(got) == "Hel"
    assert entry["ended"] in {"client_closed", "client_reset"}
    assert entry["ended_at"][1] - got["left_at"] < 1 + noise.worst
