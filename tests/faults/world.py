"""The servers of a session, and everything that can be done to them."""

import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress

from tests.faults.clients import fetch
from tests.faults.control import Control
from tests.faults.record import HEARTBEAT_S, Fault
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer
from tests.servers.mongod import Mongod
from tests.servers.server import Server

DEADLINE_S = 3
"""How long the model server may be silent, before and after its first token."""
DRAIN_S = 1
NO_MODELS = [["status", 200, {}, {"object": "list", "data": []}]]
"""A server that lists no models is asked for any: so each submission can ask for one of its own."""
SETTINGS = {
    "CHATSTREAM_HEARTBEAT_S": str(HEARTBEAT_S),
    "CHATSTREAM_FIRST_TOKEN_S": str(DEADLINE_S),
    "CHATSTREAM_SILENCE_S": str(DEADLINE_S),
    "LLM_TIMEOUT": str(DEADLINE_S),
    "CHATSTREAM_DRAIN_S": str(DRAIN_S),
    "CHATSTREAM_READER_S": "3",
    "AI_MODEL": "test-model",
}


class World:
    """A model server, a store and two ChatStream servers on it: what lives in one is distant for the other."""

    def __init__(self, store: str) -> None:
        self.store = store
        self.model = ModelServer()
        self.control = Control()
        self.mongod = Mongod() if store == "mongo" else None
        self.servers: list[ChatStream] = []
        self.faults: list[Fault] = []
        self.unexpected: list[str] = []
        """Servers that ended although nobody told them to."""
        self._repairs: list[tuple[float, Callable[[], None]]] = []

    def __enter__(self) -> "World":
        self.control.start()
        self.model.start()
        self.model.models(NO_MODELS)
        uri = {"MONGODB_URI": self.mongod.start().database_uri("faults")} if self.mongod else {}
        one = ChatStream({**SETTINGS, "OPENAI_BASE_URL": self.model.url, **uri})
        other = ChatStream({**one.env, "CHATSTREAM_DATA_DIR": str(one.folder / "data")})
        self.servers = [one.start(), other.start()]
        return self

    def __exit__(self, *_: object) -> None:
        every: list[Server | None] = [*self.servers, self.model, self.mongod, self.control]
        for server in every:
            if server is not None:
                server.close()

    def begin(self) -> None:
        """A new session: nothing broken, nothing remembered."""
        self.heal()
        self.model.reset()
        self.model.models(NO_MODELS)
        self.faults = []
        self.unexpected = []

    def address(self, server: int) -> str:
        return self.servers[server].address

    # -- time

    def pass_time(self, seconds: float) -> None:
        """Sleep, and mend meanwhile what is due."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.tend()
            time.sleep(min(left, 0.05))

    def tend(self) -> None:
        """Mend what is due. Programs end with the thread that started them, so this is for the main one."""
        now = time.monotonic()
        due = [repair for at, repair in self._repairs if at <= now]
        self._repairs = [(at, repair) for at, repair in self._repairs if at > now]
        for repair in due:
            repair()

    def heal(self) -> None:
        """Mend everything now: the store is back and both servers serve."""
        self._repairs = [(0.0, repair) for _, repair in self._repairs]
        self.tend()
        for server in self.servers:
            self._revive(server)

    @property
    def store_is_away(self) -> bool:
        return bool(self._repairs)

    # -- faults of processes

    def kill_worker(self, server: int) -> None:
        """SIGKILL to a worker; gunicorn starts another."""
        with suppress(IndexError, ProcessLookupError):  # there may be none in this moment
            self.servers[server].kill_worker()
            self._note("kill", server)

    def crash(self, server: int) -> None:
        """SIGKILL to the master and all its workers, and a new start."""
        self.servers[server].kill()
        self._restarted("crash", server)

    def terminate(self, server: int) -> None:
        """SIGTERM, a wait for the end, and a new start."""
        noted = self._note("term", server)
        status = self.servers[server].stop(grace=20)
        if status != 0:
            self.unexpected.append(f"server {server} ended with {status} after SIGTERM")
        self._restarted("term", server)
        noted.until = time.monotonic()

    def hang_up(self, server: int) -> None:
        """SIGHUP: new workers, while the old ones finish."""
        self._note("hup", server).until += DRAIN_S + 1
        self.servers[server].signal(signal.SIGHUP)

    def _restarted(self, kind: str, server: int) -> None:
        noted = self._note(kind, server)
        self.heal()  # it does not start without its store
        noted.until = time.monotonic()

    def _revive(self, server: ChatStream) -> None:
        number = self.servers.index(server)
        if not server.running():
            told = any(f.server == number and f.kind in ("crash", "term") for f in self.faults[-1:])
            if not told:
                self.unexpected.append(f"server {number} ended by itself:\n{server.log_tail(6)}")
            server.start()
        server.wait_until(server.ready, "serve again")
        server.wait_until(lambda: self._sees_store(server), "see its store again")

    def _sees_store(self, server: ChatStream) -> bool:
        reply = fetch(server.address, "/readyz")
        return reply is not None and reply.status == 200

    # -- faults of the store

    def take_store_away(self, how: str, seconds: float) -> None:
        """For so long: mongod frozen (stop) or killed (kill), SQLite locked by somebody else."""
        if self.store_is_away:
            return
        repair = self._lock() if self.mongod is None else self._hold(self.mongod, how)
        fault = self._note(f"store {how if self.mongod else 'locked'}", None)
        fault.until = float("inf")

        def mend() -> None:
            repair()
            fault.until = time.monotonic()

        self._repairs.append((time.monotonic() + seconds, mend))

    def _hold(self, mongod: Mongod, how: str) -> Callable[[], object]:
        if how == "kill":
            mongod.kill()
            return mongod.start
        mongod.stop_signal()
        return mongod.cont

    def _lock(self) -> Callable[[], object]:
        data = self.servers[0].folder / "data" / "chatstream.db"
        locker = sqlite3.connect(data, isolation_level=None, timeout=10)
        locker.execute("BEGIN IMMEDIATE")
        return locker.close

    def _note(self, kind: str, server: int | None) -> Fault:
        now = time.monotonic()
        self.faults.append(Fault(kind, now, now, server))
        return self.faults[-1]
