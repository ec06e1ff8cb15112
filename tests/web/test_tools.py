"""Tools that models call in recorded chats: allowed per chat, run here, recorded as events of the Run."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.api import Api, Frame, text_of
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.web.conftest import Serve

Steps = list[list[Any]]
SUM = '{"expression": "6 * 7"}'


@pytest.fixture(scope="module", params=["sqlite", "mongo"])
def server(request: pytest.FixtureRequest, serve: Serve) -> ChatStream:
    limits = {"CHATSTREAM_TOOL_S": "4", "CHATSTREAM_TOOL_ROUNDS": "3", "CHATSTREAM_SILENCE_S": "4"}
    return serve(request.param, CHATSTREAM_TOOLS="tests.tools.odd_tools", CHATSTREAM_FIRST_TOKEN_S="4", **limits)


def calls(*wanted: tuple[str, str], text: str = "", finish: str = "tool_calls") -> Steps:
    """A round in which the model calls tools, each in two pieces."""
    steps: Steps = [["text", text]] if text else []
    for index, (name, arguments) in enumerate(wanted):
        first = {"index": index, "id": f"c{index}", "function": {"name": name, "arguments": arguments[:3]}}
        rest = {"index": index, "function": {"arguments": arguments[3:]}}
        steps += [["delta", {"tool_calls": [piece]}] for piece in (first, rest)]
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return [*steps, ["finish", finish], ["usage", usage], ["done"], ["end"]]


def results(frames: list[Frame]) -> list[dict[str, Any]]:
    return [value["toolResult"] for _, value in frames if "toolResult" in value]


def test_a_tool_is_called_and_the_answer_goes_on(api: Api, model_server: ModelServer) -> None:
    model_server.script(calls(("calculate", SUM), text="Let me see. "))
    model_server.script(answer("It is 42"))
    ids, frames = api.answer("What is 6 times 7?", tools=["calculate"])
    assert [n for n, _ in frames] == list(range(1, len(frames) + 1))
    result = {"index": 0, "id": "c0", "name": "calculate", "content": "42", "failed": False}
    assert (results(frames), frames[-1][1]["state"]) == ([result], "complete")
    assert text_of(frames) == "Let me see. \n\nIt is 42"
    assert frames[-1][1]["usage"]["completion_tokens"] == 5 + 3
    first, second = (entry["body"] for entry in model_server.requests())
    assert [tool["function"]["name"] for tool in first["tools"]] == ["calculate"]
    called = {"id": "c0", "type": "function", "function": {"name": "calculate", "arguments": SUM}}
    assert second["messages"] == [
        *first["messages"],
        {"role": "assistant", "content": "Let me see. ", "tool_calls": [called]},
        {"role": "tool", "tool_call_id": "c0", "content": "42"},
    ]
    _, message = api.history(ids["chatId"])
    assert message["toolCalls"] == [
        {"id": "c0", "name": "calculate", "arguments": SUM, "result": "42", "failed": False, "at": 12}
    ]
    assert list(api.open("GET", f"/runs/{ids['runId']}/events").frames()) == frames


def test_a_whole_answer_has_its_calls(api: Api, model_server: ModelServer) -> None:
    model_server.script([["reasoning", "hm"], *calls(("calculate", SUM))])
    model_server.script(answer("It is 42"))
    whole = api.post("/chat", {"prompt": "What is 6 times 7?", "tools": ["calculate"]}).json
    assert (whole["completion"], whole["reasoning"], whole["toolCalls"][0]["result"]) == ("It is 42", "hm", "42")


def test_the_next_question_knows_of_the_calls(api: Api, model_server: ModelServer) -> None:
    model_server.script(calls(("calculate", SUM)))
    ids, _ = api.answer("What is 6 times 7?", tools=["calculate"])
    api.answer("And now?", chatId=ids["chatId"])
    third = model_server.requests()[-1]["body"]
    assert [m["role"] for m in third["messages"]] == ["user", "assistant", "tool", "assistant", "user"]
    assert [tool["function"]["name"] for tool in third["tools"]] == ["calculate"]


def test_calls_of_several_rounds_are_numbered_through(api: Api, model_server: ModelServer) -> None:
    model_server.script(calls(("calculate", SUM), ("clock", "{}")))
    model_server.script(calls(("calculate", '{"expression": "1 + 1"}'), finish="stop"))
    model_server.script(answer("Done"))
    _, frames = api.answer("Reckon", tools=["calculate", "clock"])
    names = {value["toolCall"]["index"]: value["toolCall"]["name"] for _, value in frames if "toolCall" in value}
    assert names == {0: "calculate", 1: "clock", 2: "calculate"}
    assert sorted((r["index"], r["name"]) for r in results(frames)) == sorted(names.items())
    assert (results(frames)[-1]["content"], text_of(frames)) == ("2", "Done")


FAILURES = [
    ("calculate", "{", "The arguments are no JSON: "),
    ("calculate", "{}", "The arguments do not fit: "),
    ("tides", "{}", "There is no tool 'tides'. Known tools: calculate, refuse, hang."),
    ("clock", "{}", "There is no tool 'clock'. Known tools: calculate, refuse, hang."),
    ("refuse", '{"why": "No such port."}', "No such port."),
    ("hang", "{}", "hang took longer than 4 s, the limit set here, and was ended."),
]


@pytest.mark.parametrize(("name", "arguments", "sentence"), FAILURES)
def test_a_tool_that_fails_is_told_to_the_model(
    api: Api, model_server: ModelServer, name: str, arguments: str, sentence: str
) -> None:
    model_server.script(calls((name, arguments)))
    model_server.script(answer("I see"))
    _, frames = api.answer("Try", tools=["calculate", "refuse", "hang"])
    (result,) = results(frames)
    assert (result["failed"], result["content"].startswith(sentence)) == (True, True)
    assert (text_of(frames), frames[-1][1]["state"]) == ("I see", "complete")
    told = model_server.requests()[1]["body"]["messages"][-2:]
    assert told[1] == {"role": "tool", "tool_call_id": "c0", "content": result["content"]}
    json.loads(told[0]["tool_calls"][0]["function"]["arguments"])


def test_a_model_that_calls_for_ever_is_ended(api: Api, model_server: ModelServer) -> None:
    model_server.default(calls(("clock", "{}")))
    _, frames = api.answer("Try", tools=["clock"])
    end = frames[-1][1]
    assert (end["state"], end["error"]["code"], len(results(frames))) == ("upstream_error", "tool_rounds", 3)
    choices = [entry["body"].get("tool_choice") for entry in model_server.requests()]
    assert choices == [None, None, None, "none"]
    whole = api.post("/chat", {"prompt": "Try", "tools": ["clock"]})
    assert (whole.status, whole.json["code"]) == (502, "tool_rounds")


UNENDED: list[Steps] = [[["gate", "never"]], [["fin"]], [["rst"]], [["end"]], [["done"], ["gate", "never"]]]


@pytest.mark.parametrize("steps", UNENDED)
def test_a_round_is_over_with_its_finish_reason(api: Api, model_server: ModelServer, steps: Steps) -> None:
    *called, _, _, _ = calls(("calculate", SUM))
    model_server.script([*called, ["sleep", 0.05], *steps])
    model_server.script(answer("It is 42"))
    _, frames = api.answer("Reckon", tools=["calculate"])
    assert (len(results(frames)), text_of(frames), frames[-1][1]["state"]) == (1, "It is 42", "complete")


def test_a_server_that_stops_before_the_tools_ran_interrupts(serve: Serve, model_server: ModelServer) -> None:
    server = serve(CHATSTREAM_DRAIN_S="0.3")
    *called, _, _, _ = calls(("calculate", SUM))
    model_server.script([*called, ["gate", "never"]])
    streamed = Api(server.address).ask("Reckon", tools=["calculate"])
    lines = streamed.lines()
    while "toolCall" not in next(lines):
        pass
    server.signal(signal.SIGTERM)
    assert '"state":"interrupted"' in "".join(lines)


def test_a_count_of_nothing_is_a_count(api: Api, model_server: ModelServer) -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 0, "total_tokens": 5}
    model_server.script([["text", "a"], ["finish", "stop"], ["usage", usage], ["done"], ["end"]])
    assert api.post("/chat", {"prompt": "Hello"}).json["usage"] == usage


def test_more_calls_than_are_run_are_refused(api: Api, model_server: ModelServer) -> None:
    model_server.script(calls(*[("refuse", '{"why": "no"}')] * 20))
    model_server.script(answer("I see"))
    _, frames = api.answer("Try", tools=["refuse"])
    told = sorted((result["index"], result["content"][:14]) for result in results(frames))
    assert [index for index, content in told if content == "Too many calls"] == [16, 17, 18, 19]
    assert (len(told), frames[-1][1]["state"]) == (20, "complete")


CUT: list[tuple[Steps, str]] = [
    ([["text", "So"], ["sleep", 0.05], ["rst"]], "upstream_error"),
    ([["text", "So"], ["end"]], "truncated"),
    ([["gate", "never"]], "stalled"),
    ([["status", 500, {}, {"error": {"message": "out of memory"}}]], "upstream_error"),
    (calls(("clock", "{}"), finish="length"), "length"),
]


@pytest.mark.parametrize(("steps", "state"), CUT)
def test_a_second_round_that_fails_keeps_the_first(
    api: Api, model_server: ModelServer, steps: Steps, state: str
) -> None:
    model_server.script(calls(("calculate", SUM), text="Let me see. "))
    model_server.script(steps)
    ids, frames = api.answer("Try", tools=["calculate", "clock"])
    assert (frames[-1][1]["state"], len(results(frames))) == (state, 1)
    _, message = api.history(ids["chatId"])
    assert (message["state"], message["content"][:12], message["toolCalls"][0]["result"]) == (
        state,
        "Let me see. ",
        "42",
    )


def test_without_leave_nothing_is_run(api: Api, model_server: ModelServer) -> None:
    model_server.script(calls(("clock", "{}")))
    ids, frames = api.answer("Try")
    assert (results(frames), frames[-1][1]["state"]) == ([], "complete")
    assert "tools" not in model_server.requests()[0]["body"]
    assert api.history(ids["chatId"])[1]["toolCalls"] == [{"id": "c0", "name": "clock", "arguments": "{}"}]


def test_leave_is_given_and_taken_per_chat(api: Api, model_server: ModelServer) -> None:
    ids, _ = api.answer("Hello", system="Be brief.")
    path = f"/chat/{ids['chatId']}"
    changed = api.call("PATCH", path, {"tools": ["clock"]}).json
    assert (changed["tools"], changed["system"], changed["title"]) == (["clock"], "Be brief.", "Hello")
    api.answer("One", chatId=ids["chatId"])
    api.call("PATCH", path, {"tools": [], "system": ""})
    api.answer("Two", chatId=ids["chatId"])
    _, one, two = (entry["body"] for entry in model_server.requests())
    assert ("tools" in one, "tools" in two) == (True, False)
    assert (one["messages"][0]["role"], two["messages"][0]["role"]) == ("system", "user")
    chat = api.get(path).json
    assert (chat["tools"], chat["system"]) == ([], "")


@pytest.mark.parametrize("body", [{"tools": ["tides"]}, {"tools": "clock"}, {"tools": [5]}, {"tools": ["x" * 101]}])
def test_leave_for_what_is_not_there(api: Api, model_server: ModelServer, body: dict[str, Any]) -> None:
    ids, _ = api.answer("Hello")
    for reply in (api.call("PATCH", f"/chat/{ids['chatId']}", body), api.post("/chat", {"prompt": "a", **body})):
        assert reply.status == 400
    assert len(model_server.requests()) == 1
    assert api.get(f"/chat/{ids['chatId']}").json["tools"] == []


def test_the_tools_are_listed(api: Api) -> None:
    listed = {tool["name"]: tool for tool in api.get("/tools").json["tools"]}
    assert {"clock", "calculate", "hang"} <= set(listed)
    assert listed["calculate"]["parameters"]["required"] == ["expression"]


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_whoever_ends_the_run_ends_the_tool(
    server: ChatStream, api: Api, model_server: ModelServer, tmp_path: Path, how: str
) -> None:
    arguments = json.dumps({"path": str(tmp_path / "late"), "seconds": 3.5})
    model_server.script(calls(("note", arguments), text="Wait. "))
    streamed = api.ask("Try", tools=["note"])
    lines = streamed.lines()
    while "note" not in next(lines):
        pass
    run = api.get("/chats").json["chats"][0]["_id"]
    answer_ = api.history(run)[-1]
    if how == "stop":
        assert api.post(f"/runs/{answer_['runId']}/stop").status == 202
    else:
        server.kill_worker()
        server.wait_until(server.ready, "have a worker again")
    server.wait_until(lambda: api.history(run)[-1]["state"] != "running", "have ended the answer")
    assert api.history(run)[-1]["state"] == ("stopped" if how == "stop" else "interrupted")
    assert len(model_server.requests()) == 1
    if how == "stop":
        time.sleep(4)
        assert not (tmp_path / "late").exists()
