"""An answer passed on: what its portions hold, whatever form they are wanted in."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from chatstream.errors import ChatStreamError, UpstreamError
from chatstream.settings import Settings
from chatstream.upstream.deadlines import Deadlines
from chatstream.upstream.gateway import Gateway
from chatstream.upstream.pace import Paces
from chatstream.upstream.providers import Provider, Providers
from chatstream.upstream.relay import Portion, Relay
from chatstream.wire.chunks import Delta
from tests.servers.model_server import ModelServer, answer

Read = Callable[..., tuple[list[Portion], ChatStreamError | None]]
FIELDS = {"model": "m", "messages": []}


def relay(url: str, heartbeat_s: float = 15.0) -> Relay:
    provider, settings = Provider("p", url), Settings()
    gateway = Gateway(Providers((provider,)), settings)
    return Relay(lambda: gateway.events(provider, FIELDS), Deadlines(settings), heartbeat_s, Paces(settings).relays)


def read(passed: Relay) -> tuple[list[Portion], ChatStreamError | None]:
    """All portions, and the error at the end."""
    portions: list[Portion] = []
    try:
        portions.extend(passed)
    except ChatStreamError as error:
        return portions, error
    finally:
        passed.close()
    return portions, None


def deltas(portions: list[Portion]) -> list[Delta]:
    return [delta for portion in portions for delta in portion.deltas]


def test_deltas_stand_beside_the_events_they_come_from(model_server: ModelServer) -> None:
    call = [{"index": 0, "id": "c1", "function": {"name": "clock", "arguments": "{}"}}]
    model_server.script([["reasoning", "hm"], ["delta", {"tool_calls": call}], *answer("Hello world")])
    passed = relay(model_server.url)
    portions, error = read(passed)
    assert error is None
    call_delta = {"index": 0, "id": "c1", "name": "clock", "arguments": "{}"}
    thoughts, called, *texts = deltas(portions)  # how many, tells where the reads ended
    assert (thoughts, called) == (Delta("reasoning", "hm"), Delta("toolCall", call_delta))
    assert "".join(delta.data for delta in texts) == "Hello world"
    assert len([event for portion in portions for row in portion.events for event in row]) == 6
    assert "[DONE]" not in [event.data for portion in portions for row in portion.events for event in row]
    assert (passed.reader.finish_reason, passed.reader.usage) == (
        "stop",
        {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
    )


def test_a_portion_without_both_is_a_heartbeat(model_server: ModelServer) -> None:
    model_server.script([["sleep", 0.5], ["text", "a"], ["sleep", 0.5], ["finish", "stop"], ["done"], ["end"]])
    began = time.monotonic()
    portions, error = read(relay(model_server.url, heartbeat_s=0.1))
    most = (time.monotonic() - began) / 0.1 + 1
    quiet = [not any(portion) for portion in portions]
    assert (error, quiet[0], quiet[-1], deltas(portions)) == (None, True, False, [Delta("text", "a")])
    assert 2 <= sum(quiet) <= most


BROKEN: list[list[list[Any]]] = [
    [["rst"]],
    [["end"]],
    [["done"], ["end"]],
    [["event", "nonsense"]],
    [["chunk", {"error": "no memory"}]],
]


@pytest.mark.parametrize("steps", [*BROKEN, [["finish", "stop"], ["done"], ["end"]]])
def test_what_was_held_back_comes_before_the_end(model_server: ModelServer, steps: list[list[Any]]) -> None:
    model_server.script([["text", "<thi"], ["sleep", 0.05], *steps])
    portions, error = read(relay(model_server.url))
    assert portions[-1] == Portion((), [Delta("text", "<thi")])
    assert isinstance(error, UpstreamError) == (steps in BROKEN)
