"""Readers that stop reading are cut; the answer and its other readers do not notice."""

import http.client
import time

import pytest

from tests.api import Api, text_of
from tests.servers.model_server import ModelServer
from tests.web.conftest import Serve

pytestmark = pytest.mark.alone

PIECE = "x" * 100_000


def test_a_reader_that_stops_reading_is_cut_and_nobody_else(serve: Serve, model_server: ModelServer) -> None:
    api = Api(serve(CHATSTREAM_READER_S="1").address)
    model_server.script(
        [["text", "first"], ["gate", "go on"], ["repeat", 100, [["text", PIECE]]], ["finish", "stop"], ["end"]]
    )
    stuck = api.ask("Hello").frames()
    ids = next(stuck)[1]
    others = [api.open("GET", f"/runs/{ids['runId']}/events").frames() for _ in range(3)]
    model_server.release("go on")
    for frames in others:
        found = list(frames)
        assert (len(text_of(found)), found[-1][1]["state"]) == (10_000_005, "complete")
    time.sleep(2)
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        list(stuck)
    assert len(api.history(ids["chatId"])[1]["content"]) == 10_000_005


def test_a_connection_is_good_for_the_next_request_after_a_stream(serve: Serve, model_server: ModelServer) -> None:
    address = serve(CHATSTREAM_READER_S="0.5").address
    connection = http.client.HTTPConnection(address, timeout=10)
    for _ in range(2):
        connection.request("POST", "/chat", '{"prompt": "Hello", "stream": true}')
        assert b"complete" in connection.getresponse().read()
        time.sleep(1)  # idle for longer than a write may take
