"""The mongod that tests of the store use."""

import pytest
from pymongo import MongoClient, WriteConcern
from pymongo.errors import ServerSelectionTimeoutError

from tests.servers.mongod import Mongod

DURABLE = WriteConcern(w="majority", j=True, wtimeout=5000)


def test_it_takes_a_majority_write_in_the_database_of_its_uri(mongod: Mongod):
    with MongoClient(mongod.database_uri("one"), serverSelectionTimeoutMS=3000) as client:
        client.get_default_database().get_collection("words", write_concern=DURABLE).insert_one({"_id": "kept"})
    with mongod.client() as client:
        assert client["one"]["words"].find_one() == {"_id": "kept"}


def test_a_journaled_write_survives_kill_and_restart_on_the_same_port():
    with Mongod() as mongod, mongod.client(serverSelectionTimeoutMS=10_000) as client:
        words = client["one"].get_collection("words", write_concern=DURABLE)
        words.insert_one({"_id": "kept"})
        port, killed = mongod.port, mongod.pid
        mongod.kill()
        assert not mongod.running()
        mongod.restart()
        assert (mongod.port, mongod.pid == killed) == (port, False)
        assert words.find_one() == {"_id": "kept"}
        words.insert_one({"_id": "and written to"})


def test_stopped_by_a_signal_it_is_silent_until_it_continues():
    with Mongod() as mongod, mongod.client(serverSelectionTimeoutMS=10_000) as client:
        mongod.stop_signal()
        with mongod.client(serverSelectionTimeoutMS=300) as impatient, pytest.raises(ServerSelectionTimeoutError):
            impatient.admin.command("ping")
        mongod.cont()
        assert client.admin.command("ping")["ok"] == 1


def test_a_stop_is_a_clean_shutdown():
    with Mongod() as mongod:
        assert mongod.stop() == 0
        assert not mongod.running()
