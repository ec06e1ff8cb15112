"""ChatStream as it is measured: one worker, as `make run` serves it, on each store."""

import json
from collections.abc import Mapping

from bench import cores
from bench.relays import DONE, MESSAGES, Relay
from tests.servers.app import ChatStream
from tests.servers.mongod import Mongod
from tests.servers.server import Server

ASKED = json.dumps({"prompt": "hi", "stream": True}, separators=(",", ":"))
COMPLETE = '"state":"complete"'
V1 = "/v1/chat/completions"
Settings = Mapping[str, str]


class OneWorker(ChatStream):
    """On the relay's core, with a data folder of its own that goes away with it."""

    def __init__(self, source: str, settings: Settings, app: str = "wsgi:app") -> None:
        super().__init__({"OPENAI_BASE_URL": source, "AI_MODEL": "bench", "CHATSTREAM_TITLES": "off", **settings})
        self._app = app

    def command(self) -> list[str]:
        return cores.for_relay([*super().command()[:-1], self._app])


class StoreOfBench(Mongod):
    """A mongod that is not part of the relay: it runs where the load does."""

    def __init__(self) -> None:
        super().__init__()
        self._databases = 0

    def command(self) -> list[str]:
        return cores.for_bench(super().command())

    def settings(self) -> Settings:
        """For a server that begins with an empty database; the one before is dropped."""
        with self.client() as client:
            client.drop_database(f"bench{self._databases}")
        self._databases += 1
        return {"MONGODB_URI": self.database_uri(f"bench{self._databases}")}


def on_sqlite(settings: Settings, app: str = "wsgi:app") -> Relay:
    def serve(source: str) -> Server:
        return OneWorker(source, settings, app)

    return Relay("ChatStream, SQLite", serve, "/chat", ASKED, COMPLETE)


def on_mongo(mongod: StoreOfBench, settings: Settings, app: str = "wsgi:app") -> Relay:
    def serve(source: str) -> Server:
        return OneWorker(source, {**settings, **mongod.settings()}, app)

    return Relay("ChatStream, MongoDB", serve, "/chat", ASKED, COMPLETE)


def v1(settings: Settings) -> Relay:
    """The stateless relay: no store is touched."""

    def serve(source: str) -> Server:
        return OneWorker(source, settings)

    return Relay("ChatStream, /v1", serve, V1, MESSAGES, DONE)
