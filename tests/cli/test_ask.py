"""`chatstream ask`: a question from the command line to a real server, and what is shown of its answer."""

import json
import os
import subprocess
import sys
import tomllib

import pytest

from chatstream import __version__
from tests.api import Api
from tests.cli.asked import GATED, TIDE, called, history
from tests.cli.commands import MODULE, Commands
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.servers.server import ROOT
from tests.web.conftest import Serve

# -- an answer


def test_the_answer_is_all_of_standard_output(
    commands: Commands, one_server: ChatStream, model_server: ModelServer
) -> None:
    model_server.script(answer("one two three"))
    done = commands.run("ask", "Count")
    assert (done.status, done.out) == (0, "one two three\n")
    assert done.err == f"To go on: chatstream ask --chat {done.chat_id}\n"
    assert history(one_server, done.chat_id) == [("user", "Count"), ("assistant", "one two three")]


def test_quiet(commands: Commands) -> None:
    assert commands.run("ask", "--quiet", "Hello") == (0, "Hello world\n", "")


def test_an_answer_that_ends_its_line_gets_no_other(commands: Commands, model_server: ModelServer) -> None:
    model_server.script(answer("one\n"))
    assert commands.run("ask", "-q", "Hello").out == "one\n"


def test_each_piece_is_shown_at_once(commands: Commands, model_server: ModelServer) -> None:
    model_server.script(GATED)
    command = commands.start("ask", "When does the tide come in?")
    command.wait_out("The tide ")
    model_server.release("more")
    assert command.done().out == TIDE


def test_it_goes_on_in_a_chat(commands: Commands, one_server: ChatStream, model_server: ModelServer) -> None:
    first = commands.run("ask", "One")
    again = commands.run("ask", "--chat", first.chat_id, "Two")
    assert again.chat_id == first.chat_id
    assert [said for _, said in history(one_server, first.chat_id)] == ["One", "Hello world", "Two", "Hello world"]
    assert [m["content"] for m in model_server.requests()[1]["body"]["messages"]] == ["One", "Hello world", "Two"]


def test_what_can_be_chosen_is_sent(commands: Commands, one_server: ChatStream, model_server: ModelServer) -> None:
    options = ["--model", "test-model", "--system", "Be brief.", "--temperature", "0.5", "--max-tokens", "7"]
    done = commands.run("ask", *options, "--tools", "clock, calculate", "Hello")
    (entry,) = model_server.requests()
    body = entry["body"]
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("test-model", 0.5, 7)
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert sorted(tool["function"]["name"] for tool in body["tools"]) == ["calculate", "clock"]
    assert Api(one_server.address).get(f"/chat/{done.chat_id}").json["tools"] == ["clock", "calculate"]


def test_json_is_the_frames_of_the_run(commands: Commands, one_server: ChatStream, model_server: ModelServer) -> None:
    model_server.script([["reasoning", "hm"], *answer("one two")])
    done = commands.run("ask", "--json", "Count")
    frames = [json.loads(line) for line in done.out.splitlines()]
    kept = Api(one_server.address).open("GET", f"/runs/{frames[0]['runId']}/events").frames()
    assert frames == [frame for _, frame in kept]
    assert (done.status, frames[-1]["state"]) == (0, "complete")


# -- standard input


@pytest.mark.parametrize(
    ("arguments", "given", "asked"),
    [
        (["Explain"], b"some code\n", "Explain\n\nsome code"),
        ([], b"What is a token?\n", "What is a token?"),
        (["Explain"], b"", "Explain"),
        (["Explain"], b"\n \n", "Explain"),
        ([], "\ufeffgrüße 😀".encode(), "grüße 😀"),
    ],
)
def test_standard_input_goes_with_the_question(
    arguments: list[str], given: bytes, asked: str, commands: Commands, model_server: ModelServer
) -> None:
    assert commands.run("ask", *arguments, given=given).status == 0
    assert model_server.requests()[0]["body"]["messages"] == [{"role": "user", "content": asked}]


def test_much_input(commands: Commands, serve: Serve, model_server: ModelServer) -> None:
    server = serve(CHATSTREAM_PROMPT_MAX="600000")
    text = "word " * 100_000
    assert commands.run("ask", "Sum up", "--server", server.url, given=text.encode()).status == 0
    assert model_server.requests()[0]["body"]["messages"][0]["content"] == f"Sum up\n\n{text}"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (b"caf\xe9 au lait", "Standard input is not UTF-8: byte 4 is 0xe9. Convert it, for example with iconv.\n"),
        (b"x" * 40_000, "Prompt cannot exceed 32000 characters\n"),
        (b"x" * (33 << 20), "Standard input is larger than 32 MiB. Send less at once.\n"),
        (b"a\0b", "prompt has a NUL character. Leave it out.\n"),
    ],
)
def test_input_that_cannot_be_asked(given: bytes, sentence: str, commands: Commands, model_server: ModelServer) -> None:
    assert commands.run("ask", "Explain", given=given) == (1, "", sentence)
    assert model_server.requests() == []


def test_an_argument_that_is_no_text(commands: Commands) -> None:
    done = commands.run("ask", os.fsdecode(b"caf\xe9"))
    assert (done.status, done.err) == (1, "The prompt is not UTF-8, from character 4 on.\n")


@pytest.mark.parametrize(
    "arguments", [["ask"], ["ask", ""], ["ask", "--nonsense", "Hello"], ["ask", "One", "two"], ["sing"]]
)
def test_a_wrong_command_line(arguments: list[str], commands: Commands) -> None:
    done = commands.run(*arguments)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("Usage: chatstream")


def test_standard_input_that_is_closed(commands: Commands) -> None:
    shell = f"exec {sys.executable} -m chatstream ask -q Hello <&-"
    assert subprocess.check_output(shell, shell=True, env=commands.env, cwd=commands.folder) == b"Hello world\n"


# -- tools and reasoning


def test_a_tool_call_is_a_line_beside_the_answer(commands: Commands, model_server: ModelServer) -> None:
    model_server.script([["text", "Let me see. "], *called("calculate", '{"expression": "6 * 7"}')])
    model_server.script(answer("It is 42."))
    done = commands.run("ask", "What is 6 times 7?", "--tools", "calculate")
    assert (done.status, done.out) == (0, "Let me see. \n\nIt is 42.\n")
    assert done.err.splitlines()[0] == 'calculate({"expression": "6 * 7"}) → 42'


def test_a_call_is_one_line_also_with_text_between_its_pieces(commands: Commands, model_server: ModelServer) -> None:
    first, rest, *end = called("weather", '{"city": "Kiel"}')
    model_server.script([first, ["text", "Let me see."], rest, *end])
    done = commands.run("ask", "How is it?")
    assert (done.status, done.out) == (0, "Let me see.\n")
    assert [line for line in done.err.splitlines() if "(" in line] == ['weather({"city": "Kiel"})']


def test_a_tool_that_fails_says_so(commands: Commands, model_server: ModelServer) -> None:
    model_server.script(called("calculate", '{"expression": "6 *"}'))
    model_server.script(answer("Sorry."))
    done = commands.run("ask", "What?", "--tools", "calculate")
    assert done.err.splitlines()[0].startswith('calculate({"expression": "6 *"}) → failed: ')


def test_reasoning_is_shown_if_it_is_asked_for(commands: Commands, model_server: ModelServer) -> None:
    model_server.default([["reasoning", "Hm,\nlet"], ["reasoning", " me see"], *answer("Yes")])
    assert commands.run("ask", "-q", "Hello") == (0, "Yes\n", "")
    assert commands.run("ask", "-q", "--reasoning", "Hello") == (0, "Yes\n", "Hm,\nlet me see\n")


# -- the program itself


def test_what_is_imported_to_ask_a_server(commands: Commands) -> None:
    """Start time: the server's parts and the SDK would take longer to import than an answer's first token to come."""
    done = commands.run("ask", "-q", "Hello", program=["-X", "importtime", *MODULE])
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in done.err.splitlines()}
    assert (done.status, "msgspec" in imported) == (0, True)
    assert (
        imported & {"gevent", "flask", "werkzeug", "jinja2", "pymongo", "bson", "openai", "httpx2", "pydantic"} == set()
    )


def test_the_console_script_is_the_same_command(commands: Commands) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, function = project["scripts"]["chatstream"].split(":")
    done = commands.run("--version", program=["-c", f"from {module} import {function}; {function}()"])
    assert (done.status, done.out) == (0, f"ChatStream, version {__version__}\n")
    assert "version" in project["dynamic"]
