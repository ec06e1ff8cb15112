"""The store goes away while ChatStream serves: answers go on, new questions are refused in words, nothing is lost."""

import contextlib
import http.client
import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api import Api, Frame, text_of
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer
from tests.servers.mongod import Mongod

WORDS = [f"word{n} " for n in range(40)]
LONG = [*([["text", word], ["sleep", 0.05]] for word in WORDS)]
STEPS = [step for pair in LONG for step in pair]
WHOLE = "".join(WORDS)
AWAY_S = 10.0
"""Longer than the store is waited for, by anybody."""


class Outage:
    """A way for the store to go away and come back, and the settings of the store."""

    settings: dict[str, str]

    def begin(self) -> None:
        raise NotImplementedError

    def end(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is left behind."""


class MongodKilled(Outage):
    def __init__(self, folder: Path) -> None:
        self.mongod = Mongod().start()
        self.settings = {"MONGODB_URI": self.mongod.database_uri("away"), "CHATSTREAM_DATA_DIR": str(folder)}

    def begin(self) -> None:
        self.mongod.kill()

    def end(self) -> None:
        self.mongod.start()

    def close(self) -> None:
        self.mongod.close()


class MongodFrozen(MongodKilled):
    def begin(self) -> None:
        self.mongod.stop_signal()

    def end(self) -> None:
        self.mongod.cont()


class MongodRestarted(MongodKilled):
    def begin(self) -> None:
        self.mongod.restart()

    def end(self) -> None:
        """It is back already."""


class SqliteLocked(Outage):
    def __init__(self, folder: Path) -> None:
        self.settings = {"CHATSTREAM_DATA_DIR": str(folder)}
        self.path = folder / "chatstream.db"

    def begin(self) -> None:
        self.locker = sqlite3.connect(self.path, isolation_level=None, timeout=5)
        self.locker.execute("BEGIN IMMEDIATE")

    def end(self) -> None:
        self.locker.execute("ROLLBACK")
        self.locker.close()


class SqliteReadOnly(SqliteLocked):
    """The database's files are made immutable under its feet: for root too, and for files that are open."""

    def begin(self) -> None:
        if subprocess.run(self._chattr("+i"), capture_output=True, check=False).returncode:
            pytest.skip("files can be made immutable by root alone, and not on every file system")

    def end(self) -> None:
        subprocess.run(self._chattr("-i"), check=True)

    def close(self) -> None:
        self.end()

    def _chattr(self, change: str) -> list[str]:
        files = [self.path, self.path.with_name("chatstream.db-wal")]
        return ["chattr", change, *(str(file) for file in files if file.exists())]


class DiskFull(SqliteLocked):
    """A small disk of its own, and another program that fills it. The spool is on it as well."""

    def __init__(self, folder: Path) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root can mount a small disk to fill")
        super().__init__(folder)
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], check=True)
        self.folder = folder

    def begin(self) -> None:
        with (self.folder / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while filler.write(b"x" * 4096):
                pass

    def end(self) -> None:
        (self.folder / "filler").unlink()

    def close(self) -> None:
        subprocess.run(["umount", "-l", self.folder], check=True)


OUTAGES: list[type[Outage]] = [MongodKilled, MongodFrozen, MongodRestarted, SqliteLocked, SqliteReadOnly, DiskFull]
LASTING = [outage for outage in OUTAGES if outage is not MongodRestarted]
SPOOLING = [outage for outage in LASTING if outage is not DiskFull]


@pytest.fixture
def outage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Outage]:
    outage: Outage = request.param(tmp_path / "data")
    yield outage
    outage.close()


@pytest.fixture
def server(outage: Outage, model_server: ModelServer) -> Iterator[ChatStream]:
    model = {"OPENAI_BASE_URL": model_server.url, "AI_MODEL": "m"}
    with ChatStream({**model, **outage.settings, "CHATSTREAM_HEARTBEAT_S": "0.5"}) as server:
        yield server


class Reader(threading.Thread):
    """Reads a streamed answer; knows its frames, and when anything came."""

    def __init__(self, streamed: Any) -> None:
        super().__init__(daemon=True)
        self.frames: list[Frame] = []
        self._stream = streamed.frames()
        self.frames.append(next(self._stream))
        self.ids = self.frames[0][1]
        self.start()

    def run(self) -> None:
        with contextlib.suppress(http.client.IncompleteRead, ConnectionResetError):  # where the server is killed
            for frame in self._stream:
                self.frames.append(frame)

    def finished(self) -> list[Frame]:
        self.join(60)
        assert not self.is_alive()
        return self.frames


@pytest.mark.parametrize("outage", OUTAGES, indirect=True)
def test_an_answer_goes_on_and_is_stored_once_when_the_store_is_back(
    outage: Outage, server: ChatStream, model_server: ModelServer
) -> None:
    api = Api(server.address)
    model_server.default([*STEPS, ["finish", "stop"], ["done"], ["end"]])
    readers = [Reader(api.ask(f"Question {n}")) for n in range(3)]
    time.sleep(0.5)
    outage.begin()
    for reader in readers:
        frames = reader.finished()
        assert (text_of(frames), frames[-1][1]["state"]) == (WHOLE, "complete")
    time.sleep(0.5 if isinstance(outage, MongodRestarted) else AWAY_S)
    outage.end()
    for reader in readers:
        run = f"/runs/{reader.ids['runId']}"
        wait_for(lambda run=run: api.get(run).json.get("state") == "complete")
        assert list(api.open("GET", f"{run}/events").frames()) == reader.frames
        stored(api, reader)
    assert server.stop() == 0
    server.start()
    for reader in readers:
        stored(api, reader)
        assert list(api.open("GET", f"/runs/{reader.ids['runId']}/events").frames()) == reader.frames
    assert len(model_server.requests()) == 3


def stored(api: Api, reader: Reader) -> None:
    wait_for(lambda: api.history(reader.ids["chatId"])[1]["state"] == "complete")
    assert api.history(reader.ids["chatId"])[1]["content"] == WHOLE


@pytest.mark.parametrize("outage", LASTING, indirect=True)
def test_new_questions_are_refused_soon_and_leave_nothing(
    outage: Outage, server: ChatStream, model_server: ModelServer
) -> None:
    api = Api(server.address)
    ids, _ = api.answer("First")
    before = api.get("/chats").json
    outage.begin()
    for body in ({"prompt": "New"}, {"prompt": "More", "chatId": ids["chatId"], "requestId": "again"}):
        began = time.monotonic()
        refused = api.post("/chat", body)
        assert (refused.status, refused.json["code"]) == (503, "store_unavailable")
        assert int(refused.headers["Retry-After"]) > 0
        assert time.monotonic() - began < 10  # 3 s, and 7 for this machine; the driver alone waits 30
    assert api.get("/healthz").status == 200
    outage.end()
    wait_for(lambda: api.get("/readyz").status == 200)
    wait_for(lambda: api.get("/chats").json == before)
    retried = api.post("/chat", {"prompt": "More", "chatId": ids["chatId"], "requestId": "again"})
    assert (retried.status, retried.json["state"]) == (200, "complete")
    assert [m["content"] for m in api.history(ids["chatId"])] == ["First", "Hello world", "More", "Hello world"]
    assert len(model_server.requests()) == 2


@pytest.mark.parametrize(
    ("outage", "ended"),
    [*((outage, True) for outage in SPOOLING), (MongodFrozen, False), (SqliteLocked, False)],
    indirect=["outage"],
)
def test_a_server_that_is_killed_meanwhile_has_it_after_its_restart(
    outage: Outage, server: ChatStream, model_server: ModelServer, ended: bool
) -> None:
    api = Api(server.address)
    rest: list[Any] = [["finish", "stop"], ["done"], ["end"]] if ended else [["gate", "never"]]
    model_server.script([*STEPS, *rest])
    reader = Reader(api.ask("Hello"))
    time.sleep(0.5)
    outage.begin()
    if ended:
        assert reader.finished()[-1][1]["state"] == "complete"
    else:
        wait_for(lambda: text_of(reader.frames) == WHOLE)
        time.sleep(3)  # it is in the spool by then
    server.kill()
    outage.end()
    server.start()
    wait_for(lambda: api.get(f"/runs/{reader.ids['runId']}").json["state"] != "running")
    reply = api.history(reader.ids["chatId"])[1]
    assert (reply["content"], reply["state"]) == (WHOLE, "complete" if ended else "interrupted")
    if ended:
        assert list(api.open("GET", f"/runs/{reader.ids['runId']}/events").frames()) == reader.frames
    workers = Path(server.environment()["CHATSTREAM_DATA_DIR"]) / "workers"
    wait_for(lambda: sum(file.stat().st_size for file in workers.glob("*/*")) == 0)


@pytest.mark.parametrize("outage", [MongodKilled, SqliteLocked], indirect=True)
def test_a_server_that_is_stopped_meanwhile_has_it_after_its_restart(
    outage: Outage, server: ChatStream, model_server: ModelServer
) -> None:
    api = Api(server.address)
    model_server.script([*STEPS, ["finish", "stop"], ["done"], ["end"]])
    reader = Reader(api.ask("Hello"))
    time.sleep(0.5)
    outage.begin()
    assert server.stop(grace=30) == 0
    assert reader.finished()[-1][1]["state"] == "complete"
    outage.end()
    server.start()
    stored(api, reader)


@pytest.mark.parametrize("outage", LASTING, indirect=True)
def test_a_worker_that_is_killed_meanwhile_is_replaced(
    outage: Outage, server: ChatStream, model_server: ModelServer
) -> None:
    api = Api(server.address)
    model_server.script([*STEPS, ["gate", "never"]])
    reader = Reader(api.ask("Hello"))
    outage.begin()
    wait_for(lambda: text_of(reader.frames) == WHOLE)
    time.sleep(3)
    victim = server.kill_worker()
    wait_for(lambda: server.worker_pids() not in ([], [victim]) and api.get("/healthz").status == 200)
    outage.end()
    wait_for(lambda: api.get("/readyz").status == 200)
    wait_for(lambda: api.get(f"/runs/{reader.ids['runId']}").json["state"] == "interrupted")
    kept = api.history(reader.ids["chatId"])[1]["content"]
    assert WHOLE.startswith(kept) if isinstance(outage, DiskFull) else kept == WHOLE  # there the spool is full as well
    model_server.reset()
    assert api.post("/chat", {"prompt": "New"}).json["state"] == "complete"


def wait_for(true: Callable[[], Any]) -> None:
    give_up = time.monotonic() + 30
    while not true():
        assert time.monotonic() < give_up, "it never came true"
        time.sleep(0.05)
