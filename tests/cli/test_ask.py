"""`chatstream ask`: a question from the command line to a real server, and every way its answer ends."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from fcntl import ioctl
from termios import FIONREAD
from typing import Any

import pytest

from chatstream import __version__
from chatstream.client import endings
from tests.api import Api
from tests.cli.commands import MODULE, Commands, eventually
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer, failure
from tests.servers.server import ROOT, free_port
from tests.web.conftest import Serve
from tests.web.page.line import Line

GATED = [["text", "The tide "], ["gate", "more"], *answer("comes in.")]
TIDE = "The tide comes in.\n"
NEVER = ["gate", "never"]
HEL: list[list[Any]] = [["text", "Hel"], NEVER]
LEFT = ("client_closed", "client_reset")
IMPATIENT = "from chatstream.client import runs; runs.GIVE_UP_S = 2; from chatstream.cli import main; main()"


def last_state(server: ChatStream) -> str:
    """The state of the newest chat's answer."""
    api = Api(server.address)
    (chat,) = api.get("/chats?limit=1").json["chats"]
    return str(api.history(chat["_id"])[-1]["state"])


def history(server: ChatStream, chat_id: str) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in Api(server.address).history(chat_id)]


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


# -- how it ends

ENDS = [
    ("complete", [["text", "Hel"], ["finish", "stop"], ["done"], ["end"]], 0, None),
    ("length", [["text", "Hel"], ["finish", "length"], ["done"], ["end"]], 3, "cut at the length limit"),
    ("filtered", [["text", "Hel"], ["finish", "content_filter"], ["done"], ["end"]], 4, "held back"),
    ("truncated", [["text", "Hel"], ["end"]], 6, "without saying that it was whole"),
    ("stalled", [["text", "Hel"], NEVER], 7, "The model was silent for 0.4 s"),
    ("upstream_error", [["text", "Hel"], ["sleep", 0.05], ["rst"]], 8, "broke after 1 token"),
]


@pytest.fixture(scope="module")
def impatient(serve: Serve) -> ChatStream:
    return serve(CHATSTREAM_SILENCE_S="0.4")


@pytest.mark.parametrize(("state", "script", "status", "sentence"), ENDS, ids=[row[0] for row in ENDS])
def test_each_end_has_its_exit_status(
    state: str,
    script: list[Any],
    status: int,
    sentence: str | None,
    commands: Commands,
    impatient: ChatStream,
    model_server: ModelServer,
) -> None:
    model_server.script(script)
    done = commands.run("ask", "-q", "Hello", "--server", impatient.url)
    assert (done.status, done.out, last_state(impatient)) == (status, "Hel\n", state)
    assert sentence in done.err if sentence else done.err == ""
    assert done.err.count("\n") == bool(sentence)


def test_a_refusal_before_the_stream_is_an_upstream_error(commands: Commands, model_server: ModelServer) -> None:
    model_server.script(failure(401, "no such key"))
    done = commands.run("ask", "-q", "Hello")
    assert done == (8, "", "The model server refuses our key (401): no such key.\n")


def test_an_answer_without_a_word_is_told(commands: Commands, model_server: ModelServer) -> None:
    model_server.script([["finish", "stop"], ["done"], ["end"]])
    assert commands.run("ask", "-q", "Hello") == (0, "", "The answer is empty.\n")


def test_stopped_by_somebody_else(commands: Commands, one_server: ChatStream, model_server: ModelServer) -> None:
    model_server.script(HEL)
    command = commands.start("ask", "--json", "Hello")
    model_server.wait(lambda log: log and len(log[0]["steps"]) == 2)
    run_id = json.loads(command.first_line())["runId"]
    Api(one_server.address).post(f"/runs/{run_id}/stop")
    done = command.done()
    assert (done.status, json.loads(done.out.splitlines()[-1])["state"]) == (5, "stopped")
    assert "The answer was stopped." in done.err


def test_a_killed_worker(commands: Commands, one_server: ChatStream, model_server: ModelServer) -> None:
    model_server.script(HEL)
    command = commands.start("ask", "Hello")
    command.wait_out("Hel")
    one_server.kill_worker()
    done = command.done()
    one_server.wait_until(one_server.ready, "have a worker again")
    assert (done.status, done.out) == (9, "Hel\n")
    assert "The connection is lost; trying again …" in done.err
    assert "The server stopped unexpectedly while it wrote this answer." in done.err
    assert len(model_server.requests()) == 1


def test_a_cut_line_costs_nothing(commands: Commands, line: Line, model_server: ModelServer) -> None:
    model_server.script(GATED)
    command = commands.start("ask", "When?", "--server", line.url)
    command.wait_out("The tide ")
    line.cut()
    command.wait_err("trying again")
    line.mend()
    eventually(lambda: line._pairs)
    time.sleep(0.5)  # it is connected again by then
    line.cut()  # again, before a word came
    model_server.release("more")
    line.mend()
    done = command.done()
    assert (done.status, done.out, done.err.count("trying again")) == (0, TIDE, 1)


def test_a_server_that_stays_away(commands: Commands, line: Line, model_server: ModelServer) -> None:
    model_server.script(HEL)
    command = commands.start("ask", "Hello", "--server", line.url, program=["-c", IMPATIENT])
    command.wait_out("Hel")
    line.cut()
    done = command.done()
    assert (done.status, done.out) == (10, "Hel\n")
    assert "The server has been out of reach for 2 s. The answer may go on there." in done.err
    assert done.chat_id


def test_no_server(commands: Commands) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = commands.run("ask", "Hello", CHATSTREAM_URL=url)
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        f"There is no server at {url} (Connection refused).\n"
        "Start one with `make run` in ChatStream's folder, or name another: --server, CHATSTREAM_URL.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--chat", "123"], "chatId must be an id"),
        (["--chat", "0" * 24], "There is no such chat"),
        (["--server", "nonsense"], "'nonsense' is no address of a server. One is http://127.0.0.1:8000."),
        (["--tools", "nonsense"], "nonsense"),
        (["--temperature", "7"], "temperature"),
    ],
)
def test_a_question_that_is_not_taken(
    arguments: list[str], sentence: str, commands: Commands, model_server: ModelServer
) -> None:
    done = commands.run("ask", *arguments, "Hello")
    assert (done.status, done.out, done.err.count("\n")) == (1, "", 1)
    assert sentence in done.err
    assert model_server.requests() == []


def test_the_help_has_every_exit_status(commands: Commands) -> None:
    told = commands.run("ask", "--help").out
    documented = (ROOT / "docs/client.md").read_text()
    for state, (status, _) in endings._STATES.items():
        assert f"{status:3}  {state}" in told
        assert f"| {status} | `{state}`" in documented
    for status in (endings.REFUSED, endings.LOST, endings.LEFT, endings.UNREAD):
        assert re.search(rf"^ *{status}  [a-z]", told, re.MULTILINE)
        assert f"| {status} | " in documented


# -- Stop


def test_ctrl_c_stops_the_run(commands: Commands, one_server: ChatStream, model_server: ModelServer) -> None:
    model_server.script(HEL)
    command = commands.start("ask", "Hello")
    command.wait_out("Hel")
    command.interrupt()
    done = command.done()
    assert (done.status, done.out, done.err.splitlines()[0]) == (130, "Hel\n", "Stopped.")
    assert last_state(one_server) == "stopped"
    assert model_server.wait_ended(1)[0]["ended"] in LEFT


def test_ctrl_c_before_the_first_token(commands: Commands, one_server: ChatStream, model_server: ModelServer) -> None:
    model_server.script([NEVER])
    command = commands.start("ask", "Hello")
    model_server.wait(lambda log: log)
    command.interrupt()
    done = command.done()
    assert (done.status, done.out, done.err.splitlines()[0]) == (130, "", "Stopped.")
    assert last_state(one_server) == "stopped"


def test_ctrl_c_where_the_server_is_not_reached(commands: Commands, line: Line, model_server: ModelServer) -> None:
    model_server.script(HEL)
    command = commands.start("ask", "Hello", "--server", line.url)
    command.wait_out("Hel")
    line.freeze()
    command.interrupt()
    done = command.done()
    assert (done.status, done.out) == (130, "Hel\n")
    assert "Left. The server could not be told to stop: the answer may go on there." in done.err


def test_a_second_ctrl_c_leaves_at_once(commands: Commands, line: Line, model_server: ModelServer) -> None:
    model_server.script(HEL)
    command = commands.start("ask", "Hello", "--server", line.url)
    command.wait_out("Hel")
    line.freeze()
    command.interrupt()
    eventually(lambda: len(os.listdir(f"/proc/{command.process.pid}/task")) > 1)  # it is asking for the stop
    command.interrupt()
    assert command.process.wait(3) == 130


def test_ctrl_c_while_standard_input_is_read(commands: Commands, model_server: ModelServer) -> None:
    command = commands.start("ask", "Hello", stdin=subprocess.PIPE)
    assert command.process.stdin
    os.write(command.process.stdin.fileno(), b"more to come")
    eventually(lambda: waiting_bytes(command.process.stdin) == 0)
    command.interrupt()
    assert command.done() == (130, "", "")
    assert model_server.requests() == []


def waiting_bytes(pipe: Any) -> int:
    """What was written to a pipe and not yet read (ioctl_list(2))."""
    return int.from_bytes(ioctl(pipe.fileno(), FIONREAD, bytes(4)), sys.byteorder)


def test_ctrl_c_while_the_line_is_down_for_a_moment(
    commands: Commands, line: Line, one_server: ChatStream, model_server: ModelServer
) -> None:
    model_server.script(HEL)
    command = commands.start("ask", "Hello", "--server", line.url)
    command.wait_out("Hel")
    line.cut()
    command.wait_err("trying again")
    command.interrupt()
    time.sleep(1)
    line.mend()
    done = command.done()
    assert (done.status, done.out, last_state(one_server)) == (130, "Hel\n", "stopped")
    assert "Stopped." in done.err


def test_a_job_in_the_background_is_not_stopped_by_ctrl_c(commands: Commands, model_server: ModelServer) -> None:
    model_server.script(GATED)
    ignoring = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); from chatstream.cli import main; main()"
    command = commands.start("ask", "When?", program=["-c", ignoring])
    command.wait_out("The tide ")
    command.interrupt()
    model_server.release("more")
    assert command.done()[:2] == (0, TIDE)


def test_a_terminated_command_leaves_the_answer_to_the_server(
    commands: Commands, one_server: ChatStream, model_server: ModelServer
) -> None:
    model_server.script(GATED)
    command = commands.start("ask", "When?")
    command.wait_out("The tide ")
    command.process.send_signal(signal.SIGTERM)
    assert command.done().status == -signal.SIGTERM
    model_server.release("more")
    eventually(lambda: last_state(one_server) == "complete")


# -- output that is not read, or cannot be written


def test_a_pipe_that_is_closed_stops_the_run_quietly(
    commands: Commands, one_server: ChatStream, model_server: ModelServer
) -> None:
    model_server.script([["text", "one\n"], ["gate", "closed"], ["text", "two\n"], NEVER])
    command = commands.start("ask", "Hello")
    command.wait_out("one\n")
    command.close_out()
    model_server.release("closed")
    done = command.done()
    assert (done.status, done.err) == (141, "")
    assert last_state(one_server) == "stopped"


def test_output_that_cannot_be_written(commands: Commands, one_server: ChatStream, model_server: ModelServer) -> None:
    model_server.script(HEL)
    shell = f"exec {sys.executable} -m chatstream ask Hello > /dev/full"
    done = subprocess.run(
        shell, shell=True, env=commands.env, cwd=commands.folder, stderr=subprocess.PIPE, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "The answer cannot be written: No space left on device.\n")
    assert last_state(one_server) == "stopped"


def test_output_that_is_closed(commands: Commands, one_server: ChatStream) -> None:
    shell = f"exec {sys.executable} -m chatstream ask Hello >&-"
    done = subprocess.run(shell, shell=True, env=commands.env, cwd=commands.folder, check=False)
    assert (done.returncode, last_state(one_server)) == (0, "complete")


def test_a_terminal_without_the_letters(commands: Commands, model_server: ModelServer) -> None:
    model_server.script(answer("grüße 😀"))
    command = commands.start("ask", "-q", "Hello", PYTHONIOENCODING="ascii")
    assert command.done() == (0, "gr??e ?\n", "")


def test_a_pipe_gets_what_came(commands: Commands, model_server: ModelServer) -> None:
    model_server.script(answer("\x1b[31mred\x07\r\n"))
    assert commands.run("ask", "-q", "Hello").out == "\x1b[31mred\x07\r\n"


# -- tools and reasoning


def called(name: str, arguments: str) -> list[list[Any]]:
    first = {"index": 0, "id": "c0", "function": {"name": name, "arguments": arguments[:4]}}
    rest = {"index": 0, "function": {"arguments": arguments[4:]}}
    return [
        *(["delta", {"tool_calls": [piece]}] for piece in (first, rest)),
        ["finish", "tool_calls"],
        ["done"],
        ["end"],
    ]


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


# -- directly from a model server

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


# -- the program itself


def test_what_is_imported_to_ask_a_server(commands: Commands) -> None:
    """Start time: the server's parts and the SDK would take longer to import than an answer's first token to come."""
    done = commands.run("ask", "-q", "Hello", program=["-X", "importtime", *MODULE])
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in done.err.splitlines()}
    assert (done.status, "msgspec" in imported) == (0, True)
    assert (
        imported & {"gevent", "flask", "werkzeug", "jinja2", "pymongo", "bson", "openai", "httpx2", "pydantic"} == set()
    )


def test_a_provider_needs_no_gevent(commands: Commands, model_server: ModelServer) -> None:
    (commands.folder / "providers.toml").write_text(PROVIDERS.format(url=model_server.url))
    done = commands.run("ask", "-q", "Hello", "--provider", "mine", program=["-X", "importtime", *MODULE], MY_KEY="k")
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in done.err.splitlines()}
    assert (done.status, "openai" in imported) == (0, True)
    assert imported & {"gevent", "flask", "pymongo"} == set()


def test_the_console_script_is_the_same_command(commands: Commands) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, function = project["scripts"]["chatstream"].split(":")
    done = commands.run("--version", program=["-c", f"from {module} import {function}; {function}()"])
    assert (done.status, done.out) == (0, f"ChatStream, version {__version__}\n")
    assert "version" in project["dynamic"]
