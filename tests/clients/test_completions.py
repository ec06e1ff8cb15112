"""`/v1/completions`: text that goes on from a prompt, at every client that still asks so."""

import pytest

from tests.api import Api
from tests.clients.clients import Client, text, those
from tests.clients.conftest import Ask
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer, failure
from tests.web.conftest import Serve

USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}


def piece(text: str, reason: str | None = None) -> list[object]:
    """A step: a chunk of a text completion."""
    choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": reason}
    head = {"id": "cmpl-test", "object": "text_completion", "created": 0, "model": "test-model"}
    return ["chunk", {**head, "choices": [choice]}]


TOLD = [piece("Once upon"), piece(" a time"), piece("", "stop")]
WHOLE = [*TOLD, ["chunk", {"object": "text_completion", "choices": [], "usage": USAGE}], ["done"], ["end"]]


@those()
@pytest.mark.parametrize("do", ["complete_stream", "complete"])
def test_a_text_is_gone_on_with(client: Client, ask: Ask, model_server: ModelServer, do: str) -> None:
    model_server.script(WHOLE)
    got = ask(do, usage=True)
    assert (text(got), got["error"]) == ("Once upon a time", None)
    if do == "complete_stream" and "pieces" in client.shows:
        assert got["pieces"] == ["Once upon", " a time"]
    if "completion's end" in client.shows:
        assert (got["finish"], got["usage"]) == ("stop", 2)
    (entry,) = model_server.requests()
    assert entry["path"] == "/v1/completions"


@pytest.fixture(scope="module")
def chats_only(serve: Serve, model_server_process: ModelServer) -> ChatStream:
    """In front of a model server that has no `/v1/completions`, which is known by now."""
    server = serve()
    model_server_process.reset()
    model_server_process.script(failure(404, "Not Found"))
    asked = {"prompt": "Once"}
    assert Api(server.address).post("/v1/completions", asked).status == 200
    return server


@those()
@pytest.mark.parametrize("do", ["complete_stream", "complete"])
def test_a_chat_goes_on_with_it_where_there_is_nothing_else(
    client: Client, ask: Ask, chats_only: ChatStream, model_server: ModelServer, do: str
) -> None:
    model_server.script(answer("Once upon"))
    got = ask(do, url=f"{chats_only.url}/v1", usage=True)
    assert (text(got), got["error"]) == ("Once upon", None)
    if "completion's end" in client.shows:
        assert (got["finish"], got["usage"]) == ("stop", 2)
    (entry,) = model_server.requests()
    assert entry["path"] == "/v1/chat/completions"


@those()
@pytest.mark.parametrize("do", ["complete_stream", "complete"])
def test_a_refusal(client: Client, ask: Ask, model_server: ModelServer, do: str) -> None:
    model_server.default(failure(401, "no"))
    error = ask(do)["error"]
    assert client.errors[401].endswith(error["type"])  # LangChain gives errors names of its own for chats only
    assert "The model server refuses our key (401): no." in error["message"]


@those()
def test_a_broken_text_is_an_error(client: Client, ask: Ask, model_server: ModelServer) -> None:
    model_server.script([piece("Once"), ["sleep", 0.05], ["fin"]])
    got = ask("complete_stream")
    assert got["error"]["type"] == client.broken
    assert "The connection to the model server broke" in got["error"]["message"]
    assert text(got) == "Once"
