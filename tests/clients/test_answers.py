"""A good answer arrives whole at every client, streamed and in one piece."""

import json
from typing import Any

import pytest

from tests.api import Api
from tests.clients.clients import JOB, Client, text, those
from tests.clients.conftest import Ask
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer

Steps = list[list[Any]]
GREETING = "Grüße an 世界, 👩‍🚀 e\u0301 \u2028 Ende"
STREAMED_OR_NOT = pytest.mark.parametrize("do", ["stream", "whole"])


def call(index: int, arguments: str, **named: str) -> list[Any]:
    """A step: a piece of a tool call; `id` and `name` come with its first piece."""
    function = {"arguments": arguments, **({"name": named["name"]} if named else {})}
    begun = {"id": named["id"], "type": "function"} if named else {}
    return ["delta", {"tool_calls": [{"index": index, **begun, "function": function}]}]


@those("models")
def test_models(client: Client, ask: Ask) -> None:
    assert ask("models")["models"] == ["test-model"]


@those()
def test_a_stream_arrives_whole(client: Client, ask: Ask, model_server: ModelServer) -> None:
    model_server.script(answer("Hello wide world", pause=0.02))
    got = ask("stream", usage=True)
    assert (text(got), got["usage"], got["error"]) == ("Hello wide world", 3, None)
    if "pieces" in client.shows:
        assert got["pieces"] == ["Hello", " wide", " world"]
    if "finish" in client.shows:
        assert got["finish"] == "stop"


@those()
def test_an_answer_in_one_piece(client: Client, ask: Ask, model_server: ModelServer) -> None:
    model_server.script(answer("Hello wide world"))
    got = ask("whole", usage=True)
    assert (text(got), got["usage"], got["error"]) == ("Hello wide world", 3, None)
    if "finish" in client.shows:
        assert got["finish"] == "stop"


@those("finish")
@STREAMED_OR_NOT
@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_other_good_ends_keep_their_reason(
    client: Client, ask: Ask, model_server: ModelServer, do: str, reason: str
) -> None:
    model_server.script([["text", "Hel"], ["finish", reason], ["done"], ["end"]])
    got = ask(do)
    assert (text(got), got["finish"].replace("-", "_"), got["error"]) == ("Hel", reason, None)


@those("calls")
@STREAMED_OR_NOT
def test_tool_calls_are_put_together(client: Client, ask: Ask, model_server: ModelServer, do: str) -> None:
    first = [call(0, "", id="c1", name="clock"), call(0, '{"ci'), call(0, 'ty": "Rome"}')]
    second = [call(1, '{"city": ', id="c2", name="clock"), call(1, '"東京"}')]
    model_server.script([["text", "Let"], *first, *second, ["finish", "tool_calls"], ["done"], ["end"]])
    got = ask(do, tools=True)
    found = [(made["id"], made["name"], json.loads(made["arguments"])) for made in got["calls"]]
    assert found == [("c1", "clock", {"city": "Rome"}), ("c2", "clock", {"city": "東京"})]
    assert (text(got), got["finish"].replace("-", "_"), got["error"]) == ("Let", "tool_calls", None)
    (entry,) = model_server.requests()
    assert entry["body"]["tools"][0]["function"]["name"] == "clock"


@those()
@STREAMED_OR_NOT
def test_reasoning_is_shown_apart_or_not_at_all(client: Client, ask: Ask, model_server: ModelServer, do: str) -> None:
    model_server.script([["reasoning", "It "], ["reasoning", "greets."], *answer("Hello")])
    got = ask(do)
    assert got["reasoning"] == ("It greets." if "reasoning" in client.shows else "")
    assert (text(got), got["error"]) == ("Hello", None)


QUIET: Steps = [["headers", {}], ["sleep", 0.4], ["text", "Hel"], ["sleep", 0.4], ["text", "lo"]]
END: Steps = [["finish", "stop"], ["done"], ["end"]]


@those()
def test_heartbeats_hurt_nobody(client: Client, ask: Ask, model_server: ModelServer) -> None:
    model_server.script([*QUIET, *END])
    got = ask("stream")
    assert (text(got), got["error"]) == ("Hello", None)


def test_there_were_heartbeats(relay: ChatStream, model_server: ModelServer) -> None:
    model_server.script([*QUIET, *END])
    asked = {"messages": JOB["messages"], "stream": True}
    lines = list(Api(relay.address).open("POST", "/v1/chat/completions", asked).lines())
    first = next(number for number, line in enumerate(lines) if line.startswith("data:"))
    assert ": ping" in lines[:first]
    assert ": ping" in lines[first:]


@those()
def test_characters_may_be_cut_anywhere(client: Client, ask: Ask, model_server: ModelServer) -> None:
    chunk = json.dumps({"choices": [{"index": 0, "delta": {"content": GREETING}}]}, ensure_ascii=False)
    model_server.script([["drip", f"data: {chunk}\n\n".encode().decode("latin-1"), 0.001], *END])
    got = ask("stream")
    assert (text(got), got["error"]) == (GREETING, None)


@those()
def test_halves_of_a_character_arrive_as_they_were_sent(client: Client, ask: Ask, model_server: ModelServer) -> None:
    """Chunks are not changed on their way: a client that writes each piece at once has to join them itself."""
    model_server.script([["text", "a\ud83d"], ["text", "\ude00b"], *END])
    got = ask("stream")
    if client.name == "llm":
        assert "surrogates not allowed" in got["error"]["message"]
    else:
        assert text(got).encode("utf-16", "surrogatepass").decode("utf-16") == "a😀b"
