"""`ask` and `chat` on a terminal: a real one (a pty), keys that are typed, and what is shown."""

import fcntl
import subprocess
import sys
import termios
import time
from typing import Any

import pytest

from tests.api import Api
from tests.cli.asked import GATED, HEL, LEFT, called, history, last_state
from tests.cli.commands import Commands, Terminal, eventually
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.servers.server import ends

CTRL_C, CTRL_D = "\x03", "\x04"
EVIL = "\x1b]0;owned\x07\x1b[31mred\x1b[2J\rover\x08\x7f \x9b31m tab\tand\nline\x00"
TAMED = "]0;owned[31mred[2Jover 31m tab\tand\nline\n"
DIM, PLAIN = "\x1b[2m", "\x1b[0m"


# -- ask


def test_an_answer_on_a_terminal(commands: Commands) -> None:
    status, seen = commands.terminal("ask", "Hello").done()
    chat_id = seen.rpartition("--chat ")[2][:24]
    assert (status, seen) == (0, f"Hello world\n{DIM}To go on: chatstream ask --chat {chat_id}{PLAIN}\n")


def test_what_a_model_says_is_no_command_to_the_terminal(commands: Commands, model_server: ModelServer) -> None:
    """Escape sequences in every cut: over two pieces, in the answer, in reasoning, in a tool's name and arguments."""
    model_server.default([["reasoning", EVIL], *(["text", c] for c in EVIL), ["finish", "stop"], ["done"], ["end"]])
    assert commands.terminal("ask", "-q", "Hello").done() == (0, TAMED)
    assert commands.terminal("ask", "-q", "--reasoning", "Hello", NO_COLOR="1").done() == (0, TAMED + TAMED)
    model_server.script(called(f"f{EVIL}", f"x{EVIL}"))
    _, seen = commands.terminal("ask", "Hello", NO_COLOR="1").done()
    assert not any(ord(c) < 32 and c not in "\n\t" for c in seen)
    assert "\x9b" not in seen


def test_a_server_s_words_are_no_command_either(commands: Commands, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["chunk", {"error": f"no {EVIL}"}]])
    status, seen = commands.terminal("ask", "-q", "Hello").done()
    assert (status, "no " in seen) == (8, True)
    assert not any(ord(c) < 32 and c not in "\n\t" for c in seen)


def test_lines_of_json_are_no_command_either(commands: Commands, model_server: ModelServer) -> None:
    model_server.script([["text", "\x9b31m\x7f\x1b"], ["finish", "stop"], ["done"], ["end"]])
    _, seen = commands.terminal("ask", "-q", "--json", "Hello").done()
    assert '{"text":"31m\\u001b"}' in seen


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_color(env: dict[str, str], commands: Commands) -> None:
    _, seen = commands.terminal("ask", "Hello", **env).done()
    assert seen.startswith("Hello world\nTo go on:")


def test_reasoning_is_dim_and_apart(commands: Commands, model_server: ModelServer) -> None:
    model_server.default([["reasoning", "Hm"], ["text", "Yes"], ["reasoning", "so"], *answer("?")])
    _, seen = commands.terminal("ask", "-q", "--reasoning", "Hello").done()
    assert seen == f"{DIM}Hm{PLAIN}\nYes\n{DIM}so{PLAIN}\n?\n"
    _, seen = commands.terminal("ask", "Hello").done()
    assert seen.startswith(f"{DIM}(thinking; --reasoning shows it){PLAIN}\nYes?\n")


def test_a_tool_call_is_one_dim_line(commands: Commands, model_server: ModelServer) -> None:
    model_server.script([["text", "Let me see."], *called("calculate", '{"expression":\n "6 * 7"}')])
    model_server.script(answer("42"))
    _, seen = commands.terminal("ask", "How much?", "--tools", "calculate").done()
    call = 'calculate({"expression": "6 * 7"}) → 42'
    assert seen.startswith(f"Let me see.\n{DIM}{call}{PLAIN}\n42\n")


def test_an_answer_in_a_file_is_not_broken_by_what_is_shown(commands: Commands, model_server: ModelServer) -> None:
    """Standard output is a file, standard error the terminal: nothing of the one gets into the other."""
    model_server.script([["text", "Let \x1b[1mme"], *called("calculate", '{"expression": "6 * 7"}')])
    model_server.script(answer(" see"))
    with (commands.folder / "out").open("wb") as out:
        status, seen = commands.terminal("ask", "How?", "--tools", "calculate", streams={"stdout": out}).done()
    assert (status, (commands.folder / "out").read_text()) == (0, "Let \x1b[1mme\n\n see\n")
    assert seen.startswith(f"{DIM}calculate(")


def test_ctrl_c_on_a_terminal(commands: Commands, one_server: ChatStream, model_server: ModelServer) -> None:
    model_server.script(HEL)
    terminal = commands.terminal("ask", "Hello")
    terminal.wait("Hel")
    terminal.type(CTRL_C)
    status, seen = terminal.done()
    assert (status, seen.splitlines()[:2]) == (130, ["", "Stopped."])
    assert last_state(one_server) == "stopped"


def test_without_a_question_a_terminal_is_not_waited_for(commands: Commands) -> None:
    status, seen = commands.terminal("ask").done()
    assert (status, "There is no question." in seen) == (2, True)


# -- chat


@pytest.fixture
def talk(commands: Commands, model_server: ModelServer) -> Terminal:
    """A conversation, at its first prompt."""
    terminal = commands.terminal("chat", NO_COLOR="1")
    assert terminal.wait("> ") == "/help for the commands, Ctrl-D to leave\n"
    return terminal


def test_a_conversation(talk: Terminal, one_server: ChatStream, model_server: ModelServer) -> None:
    model_server.script(answer("The first"))
    talk.type("One\n")
    assert talk.wait("\n> ").strip().splitlines()[-1] == "The first"
    talk.type("Two\n")
    talk.wait("Hello world\n> ")
    talk.type(CTRL_D)
    status, seen = talk.done()
    chat_id = seen.rpartition("--chat ")[2][:24]
    assert status == 0
    assert history(one_server, chat_id) == [
        ("user", "One"),
        ("assistant", "The first"),
        ("user", "Two"),
        ("assistant", "Hello world"),
    ]


def test_ctrl_c_stops_the_answer_and_stays(talk: Terminal, one_server: ChatStream, model_server: ModelServer) -> None:
    model_server.script(HEL)
    talk.type("One\n")
    talk.wait("Hel")
    talk.type(CTRL_C)
    talk.wait("\nStopped.\n> ")
    assert last_state(one_server) == "stopped"
    assert model_server.wait_ended(1)[0]["ended"] in LEFT
    talk.type("Two\n")
    talk.wait("Hello world\n> ")
    assert [m["content"] for m in model_server.requests()[-1]["body"]["messages"]] == ["One", "Hel", "Two"]
    talk.insist(CTRL_C, "\n> ")  # no answer is being written: a new line
    talk.type(CTRL_D)
    assert talk.done()[0] == 0


def test_ctrl_c_at_the_prompt_empties_the_line(talk: Terminal, model_server: ModelServer) -> None:
    talk.type("Not this")
    talk.wait_taken()
    talk.insist(CTRL_C, "\n> ")
    talk.type("This\n")
    talk.wait("Hello world\n> ")
    assert [m["content"] for m in model_server.requests()[0]["body"]["messages"]] == ["This"]
    talk.type(CTRL_D)
    assert talk.done()[0] == 0


def test_the_commands(talk: Terminal, one_server: ChatStream, model_server: ModelServer) -> None:
    def ask(question: str) -> dict[str, object]:
        talk.type(f"{question}\n")
        talk.wait("Hello world\n> ")
        body: dict[str, object] = model_server.requests()[-1]["body"]
        return body

    def say(command: str, reply: str) -> None:
        talk.type(f"{command}\n")
        talk.wait(f"{reply}")
        talk.wait("> ")

    def user(text: str) -> dict[str, str]:
        return {"role": "user", "content": text}

    said = {"role": "assistant", "content": "Hello world"}
    say("/help", "/system TEXT")
    say("/system Be brief.", "The model is told this from now on.")
    assert ask("One")["messages"] == [{"role": "system", "content": "Be brief."}, user("One")]
    say("/system", "The model is told nothing from now on.")
    assert ask("Two")["messages"] == [user("One"), said, user("Two")]
    say("/model test-model", "From now on test-model is asked.")
    assert ask("Three")["model"] == "test-model"
    say("/new", "To go on with this chat: chatstream chat --chat ")
    assert ask("Four")["messages"] == [user("Four")]
    say("/nonsense", "There is no command /nonsense")
    assert ask(" /etc/hosts?")["messages"][-1] == user("/etc/hosts?")  # type: ignore[index]
    assert len(Api(one_server.address).get("/chats").json["chats"]) >= 2
    say("/model nobody", "From now on nobody is asked.")
    talk.type("Five\n")
    talk.wait("nobody")
    talk.wait("> ")
    talk.type("/quit\n")
    assert talk.done()[0] == 0


def test_a_failed_answer_leaves_the_conversation(talk: Terminal, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["sleep", 0.05], ["rst"]])
    talk.type("One\n")
    talk.wait("The connection to the model server broke after 1 token.\n> ")
    talk.type("Two\n")
    talk.wait("Hello world\n> ")
    talk.type(CTRL_D)
    assert talk.done()[0] == 0


def test_a_conversation_with_a_provider(commands: Commands, model_server: ModelServer) -> None:
    terminal = commands.terminal("chat", "--provider", model_server.url, "--system", "Be brief.", "-q")
    terminal.wait("> ")
    terminal.type("One\n")
    terminal.wait("Hello world\n> ")
    model_server.script(HEL)
    terminal.type("Two\n")
    terminal.wait("Hel")
    terminal.type(CTRL_C)
    terminal.wait("\nStopped.\n> ")
    terminal.type("Three\n")
    terminal.wait("Hello world\n> ")
    sent = [m["content"] for m in model_server.requests()[-1]["body"]["messages"]]
    assert sent == ["Be brief.", "One", "Hello world", "Two", "Hel", "Three"]
    terminal.type(CTRL_D)
    assert terminal.done() == (0, "\n")


def test_the_last_question_is_an_arrow_away(talk: Terminal, model_server: ModelServer) -> None:
    for typed in ("One\n", "\x1b[A\n"):
        talk.type(typed)
        talk.wait("Hello world\n> ")
    assert [entry["body"]["messages"][-1]["content"] for entry in model_server.requests()] == ["One", "One"]


def test_questions_from_a_pipe(commands: Commands, one_server: ChatStream) -> None:
    done = commands.run("chat", "-q", given="One\n\n/nonsense\nTwo ü".encode())
    assert (done.status, done.out) == (0, "Hello world\nHello world\n")
    assert done.err.startswith("There is no command /nonsense")
    newest = Api(one_server.address).get("/chats?limit=1").json["chats"][0]["_id"]
    assert [said for _, said in history(one_server, newest)] == ["One", "Hello world", "Two ü", "Hello world"]


def test_ctrl_c_while_nothing_is_awaited_stays(commands: Commands) -> None:
    """Neither an answer nor a line is on its way: the command is busy showing something that nobody reads yet."""
    command = commands.start("chat", "-q", stdin=subprocess.PIPE)
    assert command.process.stderr
    assert command.process.stdin
    room = fcntl.fcntl(command.process.stderr, fcntl.F_SETPIPE_SZ, 4096)
    command.process.stdin.write(b"/" + b"x" * 3 * room + b"\nTwo\n")
    command.process.stdin.close()
    eventually(lambda: waiting(command.process.stderr) == room)
    time.sleep(0.2)
    command.interrupt()
    time.sleep(0.2)
    done = command.done()
    assert (done.status, done.out) == (0, "Hello world\n")
    assert done.err.startswith("There is no command /xxx")


def waiting(pipe: Any) -> int:
    """Bytes in it."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


@pytest.mark.parametrize("encoding", ["utf-8:surrogateescape", "utf-8:strict"])
def test_a_line_that_is_no_text(encoding: str, commands: Commands, model_server: ModelServer) -> None:
    done = commands.run("chat", "-q", given=b"caf\xe9\nTwo\n", PYTHONIOENCODING=encoding)
    assert (done.status, done.out) == (0, "Hello world\n")
    assert done.err.startswith("This line is not UTF-8")
    assert [entry["body"]["messages"][-1]["content"] for entry in model_server.requests()] == ["Two"]


def test_a_conversation_that_goes_on(commands: Commands, one_server: ChatStream) -> None:
    first = commands.run("ask", "One")
    done = commands.run("chat", "--chat", first.chat_id, given=b"Two\n")
    assert (done.status, done.chat_id) == (0, first.chat_id)
    assert len(history(one_server, first.chat_id)) == 4


def test_a_terminal_that_goes_away_leaves_the_answer_to_the_server(
    commands: Commands, one_server: ChatStream, model_server: ModelServer
) -> None:
    model_server.script(GATED)
    terminal = commands.terminal("ask", "When?")
    terminal.wait("The tide ")
    terminal.close()
    assert ends(terminal.process.pid)
    model_server.release("more")
    eventually(lambda: last_state(one_server) == "complete")
