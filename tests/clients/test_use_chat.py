"""React's useChat against `/api/ui/chat`: what a front end made with the AI SDK shows."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chatstream.store.records import new_id
from tests.api import Api
from tests.clients.clients import Driven, node
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer

Seen = dict[str, Any]
Act = Callable[..., Seen]
HELD = [["text", "Hel"], ["gate", "go on"], ["text", "lo"], ["finish", "stop"], ["done"], ["end"]]


@pytest.fixture(scope="session")
def react() -> Iterator[Driven]:
    process = node("use_chat.mjs")()
    yield process
    process.close()


@pytest.fixture
def act(react: Driven, relay: ChatStream, model_server: ModelServer) -> Iterator[Act]:
    """Does something on a fresh page, and returns what is to be seen: `act("send", text="Hello")`."""
    page = {"url": relay.url, "id": f"page-{new_id()}", "messages": [], "resume": False}

    def act_(do: str, **fields: Any) -> Seen:
        return react.do({**page, "do": do, **fields})

    act_("mount")
    yield act_
    act_("unmount")


def parts(seen: Seen, *kinds: str) -> list[Any]:
    """The last message's parts of these kinds, in order."""
    return [part for part in seen["messages"][-1]["parts"] if part["type"] in kinds]


def test_text_and_reasoning(act: Act, model_server: ModelServer) -> None:
    model_server.script([["reasoning", "It greets."], *answer("Hello wide world")])
    act("send", text="Hello")
    seen = act("until", status="ready")
    assert seen["rendered"] == ["Hello", "Hello wide world"]
    assert [(part["type"], part["text"], part["state"]) for part in parts(seen, "text", "reasoning")] == [
        ("reasoning", "It greets.", "done"),
        ("text", "Hello wide world", "done"),
    ]
    assert (seen["statuses"][:2], seen["statuses"][-1]) == (["ready", "submitted"], "ready")
    assert seen["error"] is None


def test_text_is_shown_as_it_comes(act: Act, model_server: ModelServer) -> None:
    model_server.script(HELD)
    act("send", text="Hello")
    act("until", status="streaming", text="Hel")
    model_server.release("go on")
    assert act("until", status="ready")["rendered"][-1] == "Hello"


def test_a_tool_is_called_and_its_result_shown(act: Act, model_server: ModelServer) -> None:
    function = {"name": "calculate", "arguments": '{"expression": "6 * 7"}'}
    call = {"index": 0, "id": "c1", "type": "function", "function": function}
    model_server.script([["delta", {"tool_calls": [call]}], ["finish", "tool_calls"], ["done"], ["end"]])
    model_server.script(answer("It is 42."))
    act("mount", body={"tools": ["calculate"]})
    act("send", text="What is 6 times 7?")
    seen = act("until", status="ready")
    (tool,) = parts(seen, "dynamic-tool")
    assert (tool["toolName"], tool["state"]) == ("calculate", "output-available")
    assert (tool["input"], tool["output"]) == ({"expression": "6 * 7"}, "42")
    assert seen["rendered"][-1] == "It is 42."
    assert seen["error"] is None


def test_a_second_question_follows_the_first(act: Act, model_server: ModelServer) -> None:
    for said in ("One", "Two"):
        model_server.script(answer(said))
        act("send", text=f"{said}?")
        act("until", status="ready", text=said)
    _, second = model_server.requests()
    assert [message["content"] for message in second["body"]["messages"]] == ["One?", "One", "Two?"]


def test_a_broken_answer_is_an_error(act: Act, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["sleep", 0.05], ["fin"]])
    act("send", text="Hello")
    seen = act("until", status="error")
    assert "The connection to the model server broke" in seen["error"]
    assert seen["rendered"][-1] == "Hel"


def test_a_killed_server_is_an_error(act: Act, relay: ChatStream, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["gate", "never"]])
    act("send", text="Hello")
    act("until", status="streaming", text="Hel")
    relay.kill_worker()
    assert act("until", status="error")["rendered"] == ["Hello", "Hel"]
    relay.wait_until(relay.ready, "have a worker again")


def test_a_refused_question_is_an_error_with_our_sentence(act: Act, model_server: ModelServer) -> None:
    act("mount", body={"model": "nobody/knows"})
    act("send", text="Hello")
    assert "There is no model 'nobody/knows' here." in act("until", status="error")["error"]


def test_a_reload_takes_the_answer_up(act: Act, model_server: ModelServer) -> None:
    model_server.script(HELD)
    act("send", text="Hello")
    before = act("until", text="Hel")
    act("unmount")
    act("mount", resume=True, messages=before["messages"][:1])
    act("until", status="streaming", text="Hel")
    model_server.release("go on")
    seen = act("until", status="ready")
    assert seen["rendered"] == ["Hello", "Hello"]
    assert [message["id"] for message in seen["messages"]] == [message["id"] for message in before["messages"]]
    assert len(model_server.requests()) == 1


def test_a_reload_takes_the_answer_up_over_what_the_page_kept(act: Act, model_server: ModelServer) -> None:
    """A page that kept its half of the answer shows it once, not twice."""
    model_server.script(HELD)
    act("send", text="Hello")
    before = act("until", text="Hel")
    act("unmount")
    act("mount", resume=True, messages=before["messages"])
    act("until", status="streaming", text="Hel")
    model_server.release("go on")
    assert act("until", status="ready")["rendered"] == ["Hello", "Hello"]


def test_a_reload_after_the_end_finds_nothing_to_take_up(act: Act, model_server: ModelServer) -> None:
    model_server.script(answer("Hi there"))
    act("send", text="Hello")
    before = act("until", status="ready")
    act("mount", resume=True, messages=before["messages"])
    seen = act("until", status="ready")
    assert (seen["rendered"], seen["error"]) == (["Hello", "Hi there"], None)


def test_an_answer_is_wanted_anew(act: Act, model_server: ModelServer) -> None:
    for said in ("One", "Two"):
        model_server.script(answer(said))
    act("send", text="Hello")
    act("until", status="ready", text="One")
    act("regenerate")
    assert act("until", status="ready", text="Two")["rendered"] == ["Hello", "Two"]
    first, second = model_server.requests()
    assert first["body"]["messages"] == second["body"]["messages"]


def test_a_question_is_asked_anew_in_other_words(act: Act, model_server: ModelServer) -> None:
    for said in ("One", "Two"):
        model_server.script(answer(said))
    act("send", text="Hello")
    before = act("until", status="ready", text="One")
    act("send", text="Good morning", message=before["messages"][0]["id"])
    assert act("until", status="ready", text="Two")["rendered"] == ["Good morning", "Two"]
    _, second = model_server.requests()
    assert [message["content"] for message in second["body"]["messages"]] == ["Good morning"]


def test_stop_ends_the_reading_at_once(act: Act, model_server: ModelServer) -> None:
    """The hook's `stop` leaves, as a closed page does; the answer goes on here, and is kept."""
    model_server.script(HELD)
    act("send", text="Hello")
    act("until", text="Hel")
    seen = act("stop")
    assert act("until", status="ready")["rendered"] == ["Hello", "Hel"]
    assert seen["error"] is None
    model_server.release("go on")
    model_server.wait_ended()


def test_stopping_the_run_ends_the_answer(act: Act, relay: ChatStream, model_server: ModelServer) -> None:
    """What a Stop button has to do: the Run's id is in the message's metadata."""
    model_server.script([["text", "Hel"], ["gate", "never"]])
    act("send", text="Hello")
    run = act("until", text="Hel")["messages"][-1]["metadata"]["runId"]
    assert Api(relay.address).post(f"/runs/{run}/stop").status == 202
    seen = act("until", status="ready")
    assert (seen["rendered"][-1], seen["error"]) == ("Hel", None)
    (entry,) = model_server.wait_ended()
    assert entry["ended"] in {"client_closed", "client_reset"}
