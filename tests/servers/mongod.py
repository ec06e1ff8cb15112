"""A real mongod: a replica set of one member, which retryable writes and majority writes need."""

import signal
from collections.abc import Mapping
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from tests.install_mongod import mongod_environment
from tests.servers.programs import need
from tests.servers.server import Server


class Mongod(Server):
    """Ready once it is primary. `kill`, then `start` (or `restart`), finds the same data on the same port."""

    name = "mongod"
    ready_within = 60.0

    def __init__(self) -> None:
        self.program = need("mongod")
        super().__init__()
        self.data = self.folder / "data"
        self.data.mkdir()

    @property
    def uri(self) -> str:
        return self.database_uri("")

    def database_uri(self, database: str) -> str:
        """The URI with a default database in it."""
        return f"mongodb://127.0.0.1:{self.port}/{database}?replicaSet=rs0"

    def client(self, **options: Any) -> MongoClient[dict[str, Any]]:
        """A client for looking at what the program under test wrote. The caller closes it."""
        return MongoClient(self.uri, **options)

    def stop_signal(self) -> None:
        """Freeze it (SIGSTOP): connections stay open and nothing answers."""
        self.signal(signal.SIGSTOP)

    def cont(self) -> None:
        """Let it run on (SIGCONT)."""
        self.signal(signal.SIGCONT)

    def command(self) -> list[str]:
        replica_set = ["--replSet", "rs0", "--oplogSize", "64", "--wiredTigerCacheSizeGB", "0.25"]
        place = ["--dbpath", str(self.data), "--port", str(self.port), "--bind_ip", "127.0.0.1", "--nounixsocket"]
        return [str(self.program), *replica_set, *place, "--setParameter", "diagnosticDataCollectionEnabled=false"]

    def environment(self) -> Mapping[str, str]:
        return mongod_environment(self.program.parent)

    def worth_showing(self, line: str) -> bool:
        """Errors and warnings: of mere information it prints a hundred lines at each start."""
        return '"s":"I"' not in line

    def ready(self) -> bool:
        """Whether it is primary; makes the replica set the first time."""
        try:
            with MongoClient("127.0.0.1", self.port, directConnection=True, serverSelectionTimeoutMS=200) as client:
                hello = client.admin.command("hello")
                if hello.get("isreplicaset"):
                    member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
                    client.admin.command("replSetInitiate", {"_id": "rs0", "members": [member]})
                return bool(hello.get("isWritablePrimary"))
        except PyMongoError:
            return False
