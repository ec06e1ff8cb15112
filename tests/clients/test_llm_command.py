"""What only the `llm` command line does: run a tool itself, and ask again with its result."""

import json
import subprocess
from pathlib import Path

from tests.clients.places import need_python
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer

CLOCK = 'def clock(city: str) -> str:\n    "The time in a city"\n    return "noon in " + city'


def test_a_tool_is_run_and_its_result_sent(relay: ChatStream, model_server: ModelServer, tmp_path: Path) -> None:
    call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "clock", "arguments": '{"city": "Ro'}}
    rest = {"index": 0, "function": {"arguments": 'me"}'}}
    deltas = [["delta", {"tool_calls": [piece]}] for piece in (call, rest)]
    model_server.script([*deltas, ["finish", "tool_calls"], ["done"], ["end"]])
    model_server.script(answer("It is noon."))
    done = llm(tmp_path, relay, "--functions", CLOCK, "How late is it in Rome?")
    assert (done.stdout.strip(), done.returncode) == ("It is noon.", 0), done.stderr
    _, second = model_server.requests()
    assert second["body"]["messages"][-1] == {"role": "tool", "tool_call_id": "c1", "content": "noon in Rome"}


def llm(folder: Path, relay: ChatStream, *arguments: str) -> subprocess.CompletedProcess[str]:
    model = {"model_id": "chat", "model_name": "test-model", "api_base": f"{relay.url}/v1", "supports_tools": True}
    folder.joinpath("extra-openai-models.yaml").write_text(json.dumps([model]))
    command = [need_python("langchain-llm"), "-m", "llm", "prompt", "--model", "chat", "--no-log", *arguments]
    env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LLM_USER_PATH": str(folder)}
    return subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
