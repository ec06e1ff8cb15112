"""What is not whole looks whole to no client: refusals, answers that break, a server that dies."""

import time
from typing import Any

import gevent
import pytest

from tests.clients.clients import Client, text, those
from tests.clients.conftest import Ask
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer, failure

Steps = list[list[Any]]
NEVER = ["gate", "never"]


REFUSALS = pytest.mark.parametrize(
    ("status", "sentence"),
    [(401, "The model server refuses our key (401): no."), (429, "has too much to do (429): no.")],
)


@those()
@REFUSALS
def test_a_refusal_is_the_clients_own_error_with_our_sentence(
    client: Client, ask: Ask, model_server: ModelServer, status: int, sentence: str
) -> None:
    model_server.default(failure(status, "no", {"Retry-After": "1"}))
    error = ask("stream")["error"]
    assert error["type"] == client.errors[status]
    assert sentence in error["message"]


@those("status")
@REFUSALS
@pytest.mark.parametrize("do", ["stream", "whole"])
def test_a_refusal_keeps_its_status_and_what_to_wait(
    client: Client, ask: Ask, model_server: ModelServer, do: str, status: int, sentence: str
) -> None:
    model_server.default(failure(status, "no", {"Retry-After": "1"}))
    error = ask(do)["error"]
    assert (error["status"], error["retry_after"]) == (status, "1" if status == 429 else None)
    assert sentence in error["message"]


@those()
def test_an_unknown_model_is_named(client: Client, ask: Ask, model_server: ModelServer) -> None:
    error = ask("stream", model="nobody/knows")["error"]
    assert error["type"] == client.errors[400]
    assert "There is no model 'nobody/knows' here." in error["message"]
    assert model_server.requests() == []


WAITS = {"AI SDK": 3}
"""Seconds to ask for: more than a client waits by itself, which is 2 of the AI SDK and half a one of the others."""


@those()
def test_who_tries_again_waits_as_long_as_upstream_asked(client: Client, ask: Ask, model_server: ModelServer) -> None:
    seconds = WAITS.get(client.name, 1)
    model_server.script(failure(429, "slow down", {"Retry-After": str(seconds)}))
    model_server.script(answer("Hello"))
    assert text(ask("stream", retries=1)) == "Hello"
    first, second = model_server.requests()
    assert second["received_at"][0] - first["received_at"][0] > seconds - 0.05


HEL: Steps = [["text", "Hel"], ["sleep", 0.05]]
BREAKS: dict[str, tuple[Steps, str]] = {
    "closed": ([["fin"]], "The connection to the model server broke in the middle of the answer."),
    "no finish reason": ([["done"], ["end"]], "The model server ended the answer without saying that it was whole."),
    "reported": ([["chunk", {"error": {"message": "no memory"}}], NEVER], "The model server reported: no memory."),
    "silent": ([NEVER], "The model was silent for 1 s in the middle of its answer, as long as is waited here."),
}


@those()
@pytest.mark.parametrize("breaks", BREAKS)
def test_a_broken_stream_is_an_error(client: Client, ask: Ask, model_server: ModelServer, breaks: str) -> None:
    steps, sentence = BREAKS[breaks]
    model_server.script([*HEL, *steps])
    got = ask("stream")
    assert got["error"]["type"] == client.broken
    assert sentence in got["error"]["message"]
    assert text(got) == "Hel"
    assert got["finish"] in (None, "error")
    assert len(model_server.requests()) == 1


@those()
def test_a_broken_answer_in_one_piece_is_an_error(client: Client, ask: Ask, model_server: ModelServer) -> None:
    """OpenAI's clients do as `x-should-retry` says; the AI SDK takes it for a 502 like any other, and asks again."""
    model_server.default([*HEL, ["fin"]])
    got = ask("whole", retries=1)
    assert got["error"]["type"] == client.errors[502]
    assert "The connection to the model server broke" in got["error"]["message"]
    assert text(got) == ""
    assert len(model_server.requests()) == (2 if client.name == "AI SDK" else 1)


@those()
def test_a_killed_server_is_an_error(client: Client, ask: Ask, relay: ChatStream, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], NEVER])
    killing = gevent.spawn(kill_in_the_middle, relay, model_server)
    got = ask("stream")
    killing.join()
    assert got["error"], got
    assert text(got) == "Hel"
    assert got["finish"] in (None, "error")
    relay.wait_until(relay.ready, "have a worker again")


def kill_in_the_middle(relay: ChatStream, model_server: ModelServer) -> None:
    model_server.wait(lambda log: log and log[0]["steps"][-1:] and log[0]["steps"][-1][0] == "gate")
    time.sleep(0.3)
    relay.kill_worker()


NOTICES = {"AI SDK": "InvalidResponseDataError"}
"""Which client takes it ill that a stream just ends, with what error."""


@those()
def test_why_the_last_frame_has_to_be_an_error(client: Client, ask: Ask, model_server: ModelServer) -> None:
    """Asked without us, of a server that merely ends its stream: hardly any client sees that the rest is missing."""
    model_server.script([["text", "Hel"], ["end"]])
    got = ask("stream", url=model_server.url)
    assert text(got) == "Hel"
    assert (got["error"] or {}).get("type") == NOTICES.get(client.name)
