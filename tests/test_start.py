"""Starting: what is printed, and every start that is refused says why in one sentence."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer
from tests.servers.mongod import Mongod
from tests.servers.server import free_port

ROOT = Path(__file__).parent.parent


def refused(**env: str) -> str:
    """What a start that is refused prints."""
    server = ChatStream(env)
    try:
        with pytest.raises(RuntimeError):
            server.start()
        assert server.process is not None
        assert server.process.wait(20) != 0
        return server.log_tail()
    finally:
        server.close()


def test_it_prints_address_store_and_model(model_server: ModelServer) -> None:
    with ChatStream({"OPENAI_BASE_URL": model_server.url, "AI_MODEL": "m"}) as server:
        printed = server.log_tail()
        assert server.url in printed
        assert f"SQLite in {server.folder}/data/chatstream.db" in printed
        assert f"m, from OPENAI_BASE_URL at {model_server.url}" in printed


def test_without_a_model_server_the_demo_answers() -> None:
    with ChatStream() as server:
        if "demo, built in" not in server.log_tail():
            pytest.skip("a model server runs on one of this machine's usual ports")
        reply = Api(server.address).post("/chat", {"prompt": "count to 5", "model": "demo-fast"})
        assert (reply.json["completion"], reply.json["state"]) == ("1 2 3 4 5", "complete")


def test_a_bad_setting_stops_the_start() -> None:
    printed = refused(CHATSTREAM_FRAME_MS="fast")
    assert "CHATSTREAM_FRAME_MS is 'fast', but a whole number from 0 to 1000 is needed" in printed
    assert "Traceback" not in printed


def test_production_needs_a_model_server() -> None:
    printed = refused(CHATSTREAM_ENV="production")
    assert "Set OPENAI_BASE_URL" in printed
    assert "Traceback" not in printed


def test_a_store_that_is_down_stops_the_start(tmp_path: Path) -> None:
    printed = refused(MONGODB_URI=f"mongodb://127.0.0.1:{free_port()}/x", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert "ChatStream does not start: The database cannot be reached" in printed
    (tmp_path / "file").write_text("")
    printed = refused(CHATSTREAM_DATA_DIR=str(tmp_path / "file" / "x"), OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert "cannot be made: Not a directory" in printed
    assert "Traceback" not in printed


def test_a_folder_that_cannot_be_written_to_stops_the_start(mongod: Mongod, tmp_path: Path) -> None:
    (tmp_path / "workers").write_text("")
    store = {"MONGODB_URI": mongod.database_uri("start"), "CHATSTREAM_DATA_DIR": str(tmp_path)}
    printed = refused(**store, OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert "cannot be written to: Not a directory. Make it writable, or set CHATSTREAM_DATA_DIR" in printed
    assert "Traceback" not in printed


def test_a_broken_connection_string_stops_the_start() -> None:
    assert "MONGODB_URI cannot be used" in refused(MONGODB_URI="nonsense", OPENAI_BASE_URL="http://127.0.0.1:9/v1")


def test_flask_run_serves_too(tmp_path: Path, model_server: ModelServer) -> None:
    port = free_port()
    env = {"PATH": os.environ["PATH"], "OPENAI_BASE_URL": model_server.url, "AI_MODEL": "m", "HOME": str(tmp_path)}
    env |= {"CHATSTREAM_DATA_DIR": str(tmp_path), "FLASK_RUN_PORT": str(port), "CHATSTREAM_BIND": f"127.0.0.1:{port}"}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "flask", "run"], cwd=ROOT, env=env, stdout=log, stderr=log)
    try:
        reply = _when_up(Api(f"127.0.0.1:{port}"), process)
        assert reply == "Hello world", (tmp_path / "log").read_text()
    finally:
        process.terminate()
        process.wait(10)
    printed = (tmp_path / "log").read_text()
    assert "Traceback" not in printed
    assert f"m, from OPENAI_BASE_URL at {model_server.url}" in printed


def _when_up(api: Api, process: "subprocess.Popen[bytes]") -> str | None:
    for _ in range(200):
        if process.poll() is not None:
            return None
        try:
            return str(api.post("/chat", {"prompt": "Hello"}).json["completion"])
        except OSError:
            time.sleep(0.1)
    return None
