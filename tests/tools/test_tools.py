"""The registry of tools, and their processes: what fails is told to the model, in time, and nothing is left behind."""

import json
import os
import resource
import subprocess
import time
from pathlib import Path

import gevent
import pytest

from chatstream.errors import BadRequest, SettingsError
from chatstream.tools.calling import call
from chatstream.tools.exchange import RESULT_MAX
from chatstream.tools.registry import Registry, load

ODD = "tests.tools.odd_tools"


@pytest.fixture(scope="module")
def tools() -> Registry:
    return load([ODD])


def test_type_hints_become_json_schemas(tools: Registry) -> None:
    assert tools["calculate"].offered()["function"]["parameters"]["required"] == ["expression"]
    assert tools["note"].offered() == {
        "type": "function",
        "function": {
            "name": "note",
            "description": "Write a file, a while later.",
            "parameters": {
                "type": "object",
                "properties": {"path": {"type": "string"}, "seconds": {"type": "number", "default": 0}},
                "required": ["path"],
                "additionalProperties": False,
            },
        },
    }


ANSWERS = [
    ("calculate", '{"expression": "12.5 * 4 ** 2 / 3"}', "66.66666666666667"),
    ("calculate", '{"expression": "sqrt(2) + max(1, 2)"}', "3.414213562373095"),
    ("calculate", '{"expression": "factorial(20)"}', "2432902008176640000"),
    ("talk", '{"characters": 3}', "ééé"),
]


@pytest.mark.parametrize(("name", "arguments", "content"), ANSWERS)
def test_a_result(tools: Registry, name: str, arguments: str, content: str) -> None:
    assert call(tools, name, arguments, 20) == type(call(tools, "nobody", "", 1))(content, failed=False)


def test_the_clock(tools: Registry) -> None:
    utc, there = (json.loads(call(tools, "clock", a, 20).content) for a in ("", '{"timezone": "Asia/Kolkata"}'))
    assert abs(time.mktime(time.gmtime()) - time.mktime(time.strptime(utc["time"][:19], "%Y-%m-%dT%H:%M:%S"))) < 60
    assert (utc["time"][19:], there["time"][19:]) == ("+00:00", "+05:30")


FAILURES = [
    ("nobody", "{}", "There is no tool 'nobody'. Known tools: clock, calculate, "),
    ("clock", "{", "The arguments are no JSON: "),
    ("clock", "[" * 5000, "The arguments "),
    ("clock", "[]", "The arguments do not fit: Expected `object`, got `array`."),
    ("clock", '{"zone": "UTC"}', "The arguments do not fit: Object contains unknown field `zone`."),
    ("clock", '{"timezone": 5}', "The arguments do not fit: Expected `str`, got `int` - at `$.timezone`."),
    ("clock", '{"timezone": "../../etc/passwd"}', "There is no time zone '../../etc/passwd'. Use a name such as "),
    ("calculate", "{}", "The arguments do not fit: Object missing required field `expression`."),
    ("calculate", '{"expression": "1 / 0"}', "'1 / 0' cannot be worked out: division by zero."),
    ("calculate", '{"expression": "9 ** 9 ** 9"}', "'9 ** 9 ** 9' cannot be worked out: "),
    ("calculate", '{"expression": "open(1)"}', "'open(1)' cannot be worked out: "),
    ("calculate", '{"expression": "().__class__"}', "'().__class__' cannot be worked out: "),
    ("calculate", '{"expression": "factorial(10 ** 6)"}', "'factorial(10 ** 6)' cannot be worked out: "),
    ("calculate", '{"expression": "\'%0999d\' % 1"}', '"\'%0999d\' % 1" cannot be worked out: it has text in it.'),
    ("refuse", '{"why": "No such tide."}', "No such tide."),
    ("leave", "{}", "The tool ended without a result."),
    ("die", "{}", "The tool ended without a result."),
    ("swallow", "{}", "MemoryError"),
    ("odd", "{}", "Encoding objects of type object is unsupported"),
    ("half", "{}", "The tool ended without a result."),
]


@pytest.mark.parametrize(("name", "arguments", "sentence"), FAILURES)
def test_what_fails_is_told(tools: Registry, name: str, arguments: str, sentence: str) -> None:
    reply = call(tools, name, arguments, 20)
    assert reply.failed
    assert reply.content.startswith(sentence)


@pytest.mark.parametrize("name", ["hang", "spin"])
def test_what_hangs_is_ended_and_keeps_nobody_waiting(tools: Registry, name: str) -> None:
    turns: list[float] = []
    others = gevent.spawn(lambda: [(gevent.sleep(0.01), turns.append(time.monotonic())) for _ in range(1000)])
    reply = call(tools, name, "{}", 0.8)
    others.kill()
    assert (reply.failed, reply.content) == (True, f"{name} took longer than 0.8 s, the limit set here, and was ended.")
    assert len(turns) > 20
    assert processes() == []


def test_who_is_stopped_while_a_tool_runs_ends_it(tools: Registry, tmp_path: Path) -> None:
    arguments = json.dumps({"path": str(tmp_path / "late"), "seconds": 3})
    calling = gevent.spawn(call, tools, "note", arguments, 20)
    gevent.sleep(0.5)
    calling.kill()
    assert processes() == []
    assert not (tmp_path / "late").exists()


def test_a_model_may_call_many_at_once_and_few_run(tools: Registry) -> None:
    calling = [gevent.spawn(call, tools, "hang", "{}", 0.6) for _ in range(20)]
    most = 0
    while not all(greenlet.ready() for greenlet in calling):
        most = max(most, len(processes()))
        gevent.sleep(0.05)
    assert 1 < most <= 4
    assert {greenlet.get().content[:16] for greenlet in calling} == {"hang took longer"}


def test_a_machine_without_room_for_a_process_is_told_of(tools: Registry) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")), hard))
    try:
        reply = call(tools, "clock", "{}", 20)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (reply.failed, reply.content) == (True, "The tool ended without a result.")
    assert not call(tools, "clock", "{}", 20).failed


def test_the_servers_secrets_are_not_the_tools(tools: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "MONGODB_URI", "CHATSTREAM_MQTT_URL", "MY_KEY"):
        monkeypatch.setenv(name, "secret")
        told = call(tools, "look", json.dumps({"variable": name}), 20).content
        assert told == ("secret" if name == "MY_KEY" else "none")


def test_a_long_result_is_cut(tools: Registry) -> None:
    content = call(tools, "talk", json.dumps({"characters": 5 * RESULT_MAX}), 20).content
    assert content == "é" * RESULT_MAX + f"\n[cut: the result was longer than {RESULT_MAX} characters]"


def test_a_long_error_is_cut_too(tools: Registry) -> None:
    reply = call(tools, "refuse", json.dumps({"why": "x" * 100_000}), 20)
    assert (reply.failed, len(reply.content)) == (True, RESULT_MAX + 51)


def test_names_are_checked(tools: Registry) -> None:
    assert tools.check(["clock", "hang", "clock"]) == ["clock", "hang"]
    with pytest.raises(BadRequest, match=r"There is no tool 'tides' here\. Known tools: clock, calculate"):
        tools.check(["tides"])
    assert [tool.name for tool in tools.only(["hang", "gone since"])] == ["hang"]
    assert Registry([]).names == "none"


MODULES = {
    "no_such_module": None,
    "raises_at_import": "raise RuntimeError('no key')",
    "no_docstring": "def tool() -> str:\n    return ''",
    "no_hint": "def tool(a) -> str:\n    'Do.'\n    return ''",
    "any_number": "def tool(*a: int) -> str:\n    'Do.'\n    return ''",
    "strange_type": "def tool(a: open) -> str:\n    'Do.'\n    return ''",
}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_cannot_be_used_refuses_the_start(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (source := MODULES[name]) is not None:
        (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SettingsError, match=f"CHATSTREAM_TOOLS names {name}, whose tools cannot be used"):
        load([name])


def test_the_example_of_the_docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "tools.md").read_text()
    source = page.split("```python\n")[1].split("```")[0]
    (tmp_path / "tides.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    reply = call(load(["tides"]), "high_water", '{"port": "Saint-Malo"}', 20)
    assert json.loads(reply.content) == {"port": "Saint-Malo", "day": "today", "at": "06:12"}

def processes() -> list[str]:
    """Tools that still run."""
    mine = ["pgrep", "-P", str(os.getpid()), "-f", "chatstream.tool[s]$"]
    found = subprocess.run(mine, capture_output=True, text=True, check=False)
    return found.stdout.split()
