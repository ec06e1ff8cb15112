"""A conversation in memory, with a real model server: what is sent, and what of a failed answer is kept."""

from contextlib import closing
from typing import Any

import pytest

from chatstream.client import LLMClient
from chatstream.errors import UpstreamBroke, UpstreamError
from tests.servers.model_server import ModelServer, answer, failure

HEL = {"role": "assistant", "content": "Hel"}
CALL = {"index": 0, "id": "a", "function": {"name": "clock", "arguments": "{}"}}


def asked(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def sent(model_server: ModelServer) -> list[dict[str, Any]]:
    """The messages of the last request."""
    found: list[dict[str, Any]] = model_server.requests()[-1]["body"]["messages"]
    return found


def test_each_question_goes_with_what_was_said(llm: LLMClient, model_server: ModelServer) -> None:
    talk = llm.conversation("Be brief.")
    model_server.script(answer("The first"))
    assert talk.generate("One").content == "The first"
    assert "".join(talk.generate_stream("Two", temperature=0)) == "Hello world"
    said = [asked("One"), {"role": "assistant", "content": "The first"}, asked("Two")]
    assert sent(model_server) == [{"role": "system", "content": "Be brief."}, *said]
    assert model_server.requests()[-1]["body"]["temperature"] == 0
    assert talk.history() == [*said, {"role": "assistant", "content": "Hello world"}]


def test_it_can_begin_with_messages_and_be_forgotten(llm: LLMClient, model_server: ModelServer) -> None:
    talk = llm.conversation(messages=[asked("One"), HEL])
    talk.generate("Two")
    assert sent(model_server) == [asked("One"), HEL, asked("Two")]
    talk.delete()
    talk.generate("Three")
    assert sent(model_server) == [asked("Three")]


def test_a_history_that_is_changed_changes_nothing(llm: LLMClient, model_server: ModelServer) -> None:
    talk = llm.conversation()
    talk.generate("One")
    talk.history().clear()
    talk.history()[0]["content"] = "Another"
    assert talk.history()[0] == asked("One")


def test_what_arrived_of_a_broken_answer_is_kept(llm: LLMClient, model_server: ModelServer) -> None:
    talk, known = llm.conversation(), dict[str, Any]()
    model_server.script([["text", "Hel"], ["sleep", 0.05], ["rst"]])
    with pytest.raises(UpstreamBroke):
        talk.generate("One", debug_info=known)
    assert (talk.history(), known["content"], known["state"]) == ([asked("One"), HEL], "Hel", "upstream_error")


def test_what_was_read_of_an_answer_that_was_left_is_kept(llm: LLMClient, model_server: ModelServer) -> None:
    talk = llm.conversation()
    model_server.script([["text", "Hel"], ["gate", "never"]])
    with closing(talk.generate_stream("One")) as pieces:  # type: ignore[type-var]
        assert next(pieces) == "Hel"
    assert talk.history() == [asked("One"), HEL]
    assert model_server.wait_ended(1)[0]["ended"] in ("client_closed", "client_reset")


@pytest.mark.parametrize("script", [failure(500, "no"), [["headers", {}], ["fin"]]])
def test_a_question_without_any_answer_is_not_kept(
    script: list[Any], llm: LLMClient, model_server: ModelServer
) -> None:
    talk, known = llm.conversation(), dict[str, Any]()
    talk.generate("One", debug_info=known)
    model_server.script(script)
    with pytest.raises(UpstreamError):
        talk.generate("Two", debug_info=known)
    talk.generate("Two", debug_info=known)
    assert sent(model_server) == [asked("One"), {"role": "assistant", "content": "Hello world"}, asked("Two")]


def test_a_question_that_was_never_sent_brings_no_old_answer_back(llm: LLMClient, model_server: ModelServer) -> None:
    talk, known = llm.conversation(), dict[str, Any]()
    talk.generate("One", debug_info=known)
    with pytest.raises(TypeError):
        talk.generate("Two", debug_info=known, temprature=1)  # type: ignore[call-arg]
    assert len(talk.history()) == 2


def test_tools_of_the_program(llm: LLMClient, model_server: ModelServer) -> None:
    talk = llm.conversation()
    model_server.script([["delta", {"tool_calls": [CALL]}], ["finish", "tool_calls"], ["done"], ["end"]])
    (call,) = talk.generate("What time is it?").tool_calls
    result = {"role": "tool", "tool_call_id": call["id"], "content": "12:00"}
    talk.generate([result])
    function = {"name": "clock", "arguments": "{}"}
    called = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "a", "type": "function", "function": function}],
    }
    assert sent(model_server) == [asked("What time is it?"), called, result]


def test_half_a_tool_call_is_not_kept(llm: LLMClient, model_server: ModelServer) -> None:
    talk = llm.conversation()
    model_server.script([["text", "Hel"], ["delta", {"tool_calls": [CALL]}], ["sleep", 0.05], ["rst"]])
    with pytest.raises(UpstreamBroke):
        talk.generate("One")
    assert talk.history() == [asked("One"), HEL]
