"""`chatstream ask --provider`: a model server asked directly."""

import json
from typing import Any

import pytest

from tests.api import Api
from tests.cli.asked import ENDS, HEL, LEFT
from tests.cli.commands import MODULE, Commands
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer

PROVIDERS = """
development = "other"
[providers.other]
base_url = "http://127.0.0.1:9/v1"
key = "NOT_SET"
[providers.mine]
base_url = "{url}"
key = "MY_KEY"
models = ["mine-1"]
"""


def test_a_provider_by_name(commands: Commands, one_server: ChatStream, model_server: ModelServer) -> None:
    (commands.folder / "providers.toml").write_text(PROVIDERS.format(url=model_server.url))
    before = Api(one_server.address).get("/chats").json
    done = commands.run("ask", "Hello", "--provider", "mine", "--system", "Be brief.", MY_KEY="secret")
    assert done == (0, "Hello world\n", "")
    (entry,) = model_server.requests()
    assert (entry["headers"]["authorization"], entry["body"]["model"]) == ("Bearer secret", "mine-1")
    assert [message["content"] for message in entry["body"]["messages"]] == ["Be brief.", "Hello"]
    assert Api(one_server.address).get("/chats").json == before


def test_a_provider_by_its_address(commands: Commands, model_server: ModelServer) -> None:
    model_server.script(answer("one two"))
    done = commands.run("ask", "Hello", "--provider", model_server.url, "--json", OPENAI_API_KEY="secret")
    *pieces, end = [json.loads(line) for line in done.out.splitlines()]
    assert ("".join(piece["text"] for piece in pieces), end["state"], done.status) == ("one two", "complete", 0)
    assert end["usage"]["completion_tokens"] == 2
    assert model_server.requests()[0]["headers"]["authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--provider", "nobody"], 1, "providers.toml names no provider 'nobody'. It names other, mine."),
        (["--provider", "mine"], 1, "Provider mine takes its key from MY_KEY, which is not set. Set it in .env."),
        (["--provider", "http://127.0.0.1:9/v1", "--model", "m"], 8, "The model server cannot be reached: "),
        (["--provider", "http://127.0.0.1:9/v1", "--chat", "0" * 24], 2, "--chat needs a server"),
        (["--provider", "http://127.0.0.1:9/v1", "--tools", "clock"], 2, "--tools are the server's"),
    ],
)
def test_a_provider_that_cannot_be_asked(
    arguments: list[str], status: int, sentence: str, commands: Commands, model_server: ModelServer
) -> None:
    (commands.folder / "providers.toml").write_text(PROVIDERS.format(url=model_server.url))
    done = commands.run("ask", "Hello", *arguments)
    assert (done.status, done.out) == (status, "")
    assert sentence in done.err


def test_no_file_of_providers(commands: Commands) -> None:
    done = commands.run("ask", "Hello", "--provider", "mine")
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert "There is no providers.toml here" in done.err


@pytest.mark.parametrize(("state", "script", "status", "sentence"), [row for row in ENDS if row[0] != "stalled"])
def test_a_provider_s_ends(
    state: str, script: list[Any], status: int, sentence: str | None, commands: Commands, model_server: ModelServer
) -> None:
    model_server.script(script)
    done = commands.run("ask", "-q", "Hello", "--provider", model_server.url)
    assert (done.status, done.out) == (status, "Hel\n")
    assert sentence in done.err if sentence else done.err == ""


def test_ctrl_c_closes_the_connection_to_a_provider(commands: Commands, model_server: ModelServer) -> None:
    model_server.script(HEL)
    command = commands.start("ask", "Hello", "--provider", model_server.url)
    command.wait_out("Hel")
    command.interrupt()
    assert command.done() == (130, "Hel\n", "Stopped.\n")
    assert model_server.wait_ended(1)[0]["ended"] in LEFT


def test_a_provider_needs_no_gevent(commands: Commands, model_server: ModelServer) -> None:
    (commands.folder / "providers.toml").write_text(PROVIDERS.format(url=model_server.url))
    done = commands.run("ask", "-q", "Hello", "--provider", "mine", program=["-X", "importtime", *MODULE], MY_KEY="k")
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in done.err.splitlines()}
    assert (done.status, "openai" in imported) == (0, True)
    assert imported & {"gevent", "flask", "pymongo"} == set()
