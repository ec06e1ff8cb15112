"""The store goes away while ChatStream serves: 503 in words and soon, and it goes on by itself when it is back."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.api import Api, text_of
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.servers.mongod import Mongod
from tests.web.conftest import Serve


@pytest.fixture
def own_mongod() -> Iterator[Mongod]:
    with Mongod() as server:
        yield server


def test_mongod_gone_and_back_in_mid_answer(own_mongod: Mongod, model_server: ModelServer) -> None:
    settings = {"OPENAI_BASE_URL": model_server.url, "AI_MODEL": "m", "MONGODB_URI": own_mongod.database_uri("away")}
    with ChatStream(settings) as server:
        api = Api(server.address)
        model_server.script([["text", "Hel"], ["gate", "away"], *answer("lo")])
        frames = api.ask("Hello").frames()
        ids = next(frames)[1]
        next(frames)
        own_mongod.kill()
        refused = api.post("/chat", {"prompt": "One more"})
        assert (refused.status, refused.json["code"]) == (503, "store_unavailable")
        assert int(refused.headers["Retry-After"]) > 0
        assert api.get("/readyz").status == 503
        assert api.get("/healthz").status == 200
        model_server.release("away")
        rest = list(frames)
        assert (text_of(rest), rest[-1][1]["state"]) == ("lo", "complete")
        own_mongod.start()
        wait_for(lambda: api.get("/readyz").status == 200)
        wait_for(lambda: api.history(ids["chatId"])[1]["state"] == "complete")
        assert api.history(ids["chatId"])[1]["content"] == "Hello"
        model_server.reset()
        assert api.post("/chat", {"prompt": "One more"}).status == 200


def test_a_locked_sqlite_delays_nobody_but_those_who_write(serve: Serve, model_server: ModelServer) -> None:
    server = serve(CHATSTREAM_HEARTBEAT_S="0.2")
    api = Api(server.address)
    model_server.script([["text", "Hel"], ["gate", "locked"], *answer("lo")])
    lines = api.ask("Hello").lines()
    for _ in range(5):
        next(lines)
    locker = sqlite3.connect(server.folder / "data" / "chatstream.db", isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    refused: list[int] = []
    late = threading.Thread(target=lambda: refused.append(api.post("/chat", {"prompt": "One more"}).status))
    late.start()
    while late.is_alive():  # heartbeats go on all the while
        assert next(lines) in (": ping", "")
    assert refused == [503]
    locker.execute("ROLLBACK")
    locker.close()
    model_server.release("locked")
    assert '"state":"complete"' in [line for line in lines if line][-1]
    model_server.reset()
    assert api.post("/chat", {"prompt": "One more"}).status == 200


def wait_for(true: Callable[[], bool]) -> None:
    for _ in range(300):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it never came true")
