"""Conversations that a real ChatStream server keeps by name: asked, gone on with, broken off, deleted."""

from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest

from chatstream.client import LLMClient, Session
from chatstream.errors import (
    BadRequest,
    ChatStreamError,
    NotFound,
    UpstreamBroke,
    UpstreamError,
    UpstreamRejected,
    UpstreamReported,
    UpstreamUnreachable,
)
from chatstream.store.records import new_id
from tests.api import Api
from tests.cli.commands import eventually
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer, failure
from tests.web.page.line import Line

GATED = [["text", "The tide "], ["gate", "more"], *answer("comes in.")]
KNOWN = {"state", "content", "reasoning", "tool_calls", "finish_reason", "model", "usage", "timings", "error"}


@pytest.fixture
def client(server: ChatStream, model_server: ModelServer) -> Iterator[LLMClient]:
    with LLMClient(f"{server.url}/v1") as client:
        yield client


@pytest.fixture
def session(client: LLMClient) -> Session:
    """One of a name that no other test has."""
    return client.session(f"tests/{new_id()} ü?", system_prompt="Be brief.")


def said(session: Session) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in session.history()]


def test_a_session_is_kept_by_its_name(session: Session, client: LLMClient, model_server: ModelServer) -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    model_server.script(answer("The first"))
    found = session.generate("One", temperature=0.5)
    assert (found.content, found.state, found.usage, found.tool_calls) == ("The first", "complete", usage, [])
    assert (found.timings or {})["totalMs"] is not None
    again = client.session(session.name)
    assert "".join(again.generate_stream("Two")) == "Hello world"
    first, second = (entry["body"] for entry in model_server.requests())
    assert first["temperature"] == 0.5
    assert [message["content"] for message in second["messages"]] == ["Be brief.", "One", "The first", "Two"]
    assert said(session) == [("user", "One"), ("assistant", "The first"), ("user", "Two"), ("assistant", "Hello world")]


def test_it_is_a_chat_of_the_page(session: Session, server: ChatStream) -> None:
    session.generate("A question for the page")
    titles = [chat["title"] for chat in Api(server.address).get("/chats").json["chats"]]
    assert "A question for the page" in titles


def test_text_comes_as_it_is_written(session: Session, model_server: ModelServer) -> None:
    model_server.script(GATED)
    known: dict[str, Any] = {}
    pieces = session.generate_stream("When?", debug_info=known)
    assert next(pieces) == "The tide "
    model_server.release("more")
    assert "".join(pieces) == "comes in."
    assert (set(known), known["content"], known["state"]) == (KNOWN, "The tide comes in.", "complete")
    assert known["timings"]["firstTokenMs"] <= known["timings"]["totalMs"]


def test_tools_of_the_server(session: Session, model_server: ModelServer) -> None:
    arguments = '{"expression": "6 * 7"}'
    call = {"index": 0, "id": "c0", "function": {"name": "calculate", "arguments": arguments}}
    model_server.script([["delta", {"tool_calls": [call]}], ["finish", "tool_calls"], ["done"], ["end"]])
    model_server.script([["reasoning", "hm"], *answer("It is 42.")])
    found = session.generate("How much is 6 times 7?", tools=["calculate"])
    assert (found.content, found.reasoning) == ("It is 42.", "hm")
    wanted = {"id": "c0", "name": "calculate", "arguments": arguments, "result": "42", "failed": False}
    assert found.tool_calls == [wanted]


@pytest.mark.parametrize(
    ("script", "error", "text", "state"),
    [
        ([["text", "Hel"], ["sleep", 0.05], ["rst"]], UpstreamBroke, "Hel", "upstream_error"),
        ([["text", "Hel"], ["chunk", {"error": "no memory"}]], UpstreamReported, "Hel", "upstream_error"),
        ([["text", "Hel"], ["end"]], UpstreamError, "Hel", "truncated"),
        ([["end"]], UpstreamError, "", "truncated"),
        (failure(400, "no such model"), UpstreamRejected, "", "upstream_error"),
    ],
)
def test_a_failed_answer_is_raised_and_what_came_is_kept(
    script: list[Any], error: type[ChatStreamError], text: str, state: str, session: Session, model_server: ModelServer
) -> None:
    known: dict[str, Any] = {}
    model_server.script(script)
    with pytest.raises(error):
        session.generate("One", debug_info=known)
    assert (known["content"], known["state"], set(known)) == (text, state, KNOWN)
    assert known["error"]["code"] == error.code
    assert said(session) == [("user", "One"), ("assistant", text)]


@pytest.mark.parametrize(("end", "state"), [(["rst"], "upstream_error"), (["finish", "length"], "length")])
def test_what_is_known_is_what_the_server_has(
    end: list[Any], state: str, server: ChatStream, model_server: ModelServer
) -> None:
    """Of a failed answer as of a whole one; finish_reason and model it does not tell."""
    usage = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    api, known = Api(server.address), dict[str, Any]()
    session = Session(server.url, api.answer("Hello")[0]["chatId"])
    model_server.script([["text", "one"], ["sleep", 0.1], ["text", "two"], ["usage", usage], ["sleep", 0.1], end])
    with suppress(UpstreamBroke):
        session.generate("Count", debug_info=known)
    stored = api.history(session.name)[-1]
    assert {name: known[name] for name in ("state", "usage", "timings")} == {
        "state": state,
        "usage": usage,
        "timings": stored["timings"],
    }
    assert (known["finish_reason"], known["model"]) == (None, None)


def test_a_gateway_s_page_is_no_answer(model_server: ModelServer) -> None:
    model_server.script([["status", 502, {}, "<html>"]])
    known: dict[str, Any] = {}
    with pytest.raises(UpstreamBroke, match="A gateway in front of"):
        Session(f"{model_server.url}/v1", "name").generate("One", debug_info=known)
    assert known["state"] == "upstream_error"


def test_an_answer_that_is_left_goes_on_at_the_server(session: Session, model_server: ModelServer) -> None:
    model_server.script(GATED)
    known: dict[str, Any] = {}
    with closing(session.generate_stream("When?", debug_info=known)) as pieces:  # type: ignore[type-var]
        assert next(pieces) == "The tide "
    assert (known["state"], known["content"]) == ("stopped", "The tide ")
    model_server.release("more")
    eventually(lambda: said(session)[-1] == ("assistant", "The tide comes in."))


def test_an_answer_that_is_stopped(session: Session, server: ChatStream, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["gate", "never"]])
    known: dict[str, Any] = {}
    pieces = session.generate_stream("When?", debug_info=known)
    assert next(pieces) == "Hel"
    api = Api(server.address)
    (chat,) = api.get("/chats?limit=1").json["chats"]
    api.post(f"/runs/{api.history(chat['_id'])[-1]['runId']}/stop")
    with pytest.raises(ChatStreamError, match="stopped"):
        list(pieces)
    assert (known["state"], known["content"]) == ("stopped", "Hel")


def test_a_cut_line_is_no_whole_answer(server: ChatStream, model_server: ModelServer) -> None:
    model_server.script(GATED)
    line = Line(server.address)
    known: dict[str, Any] = {}
    pieces = Session(line.url, new_id_name()).generate_stream("When?", debug_info=known)
    assert next(pieces) == "The tide "
    line.cut()
    with pytest.raises(UpstreamBroke):
        list(pieces)
    assert (known["state"], known["content"]) == ("upstream_error", "The tide ")


def new_id_name() -> str:
    return f"cut {new_id()}"


def test_the_state_of_an_answer_that_failed_before_its_stream(model_server: ModelServer) -> None:
    """A status, with the answer's end in its body: its code alone does not tell the state."""
    body = {"message": "It ended.", "code": "upstream_error", "state": "truncated", "runId": new_id(), "completion": ""}
    model_server.script([["status", 502, {}, body]])
    known: dict[str, Any] = {}
    with pytest.raises(UpstreamError, match="It ended"):
        Session(f"{model_server.url}/v1", "name").generate("One", debug_info=known)
    error = {"message": "It ended.", "code": "upstream_error"}
    assert (known["state"], known["content"], known["error"]) == ("truncated", "", error)


@pytest.mark.parametrize("last", ["", 'data: {"done":true}\n\n', 'data: {"error":"no","code":"internal"}\n\n'])
def test_a_stream_that_does_not_say_how_it_ended_is_no_whole_answer(last: str, model_server: ModelServer) -> None:
    model_server.script([["raw", 'data: {"content":"Hel"}\n\n' + last], ["end"]])
    known: dict[str, Any] = {}
    with pytest.raises(UpstreamBroke, match="without saying how"):
        Session(f"{model_server.url}/v1", "name").generate("One", debug_info=known)
    assert (known["state"], known["content"]) == ("upstream_error", "Hel")


def test_half_a_list_of_messages_is_a_broken_connection(model_server: ModelServer) -> None:
    model_server.script(
        [["headers", {"Content-Length": "99", "Content-Type": "application/json"}], ["raw", "{"], ["fin"]]
    )
    with pytest.raises(UpstreamBroke):
        Session(f"{model_server.url}/v1", "name").history()


def test_delete(session: Session, client: LLMClient, model_server: ModelServer) -> None:
    session.generate("One")
    session.delete()
    with pytest.raises(NotFound):
        session.history()
    session.delete()
    session.generate("Two")
    assert len(said(session)) == 2


@pytest.mark.parametrize("name", ["", "x" * 201])
def test_a_name_that_is_none(name: str, client: LLMClient, model_server: ModelServer) -> None:
    known: dict[str, Any] = {}
    with pytest.raises(BadRequest):
        client.session(name).generate("One", debug_info=known)
    assert (known["state"], model_server.requests()) == (None, [])


def test_an_option_that_is_none_is_refused(session: Session, model_server: ModelServer) -> None:
    with pytest.raises(TypeError, match="temprature"):
        session.generate("One", temprature=1)  # type: ignore[call-arg]
    assert model_server.requests() == []


def test_nobody_there() -> None:
    with pytest.raises(UpstreamUnreachable):
        Session("http://127.0.0.1:9/v1", "name").generate("One")
