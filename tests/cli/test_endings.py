"""`chatstream ask`: every way an answer ends, and its exit status; Ctrl-C; output that nobody reads."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from fcntl import ioctl
from termios import FIONREAD
from typing import Any

import pytest

from chatstream.client import endings
from tests.api import Api
from tests.cli.asked import ENDS, GATED, HEL, IMPATIENT, LEFT, NEVER, TIDE, last_state
from tests.cli.commands import Commands, eventually
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer, failure
from tests.servers.server import ROOT, free_port
from tests.web.conftest import Serve
from tests.web.page.line import Line

# -- how it ends


@pytest.fixture(scope="module")
def impatient(serve: Serve) -> ChatStream:
    return serve(CHATSTREAM_SILENCE_S="1.5")


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
