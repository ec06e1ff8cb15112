"""The clients of others, driven: each does a job and tells what it got, in one shape.

A job is `do` and fields: `stream` (a chat, streamed), `whole` (a chat, in one piece), `complete_stream`, `complete`
(`/v1/completions`), `models`. What comes of it: `pieces` of text in order, `reasoning`, `calls` (id, name and
arguments of each tool call, assembled), `finish` (the finish reason), `usage` (tokens of the answer), `models`,
`error` (type, status, message, retry_after of what it raised or reported) and `left_at`, in seconds since 1970, when
the reader went away.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.places import HERE, need_node, need_python

Got = dict[str, Any]
JOB = {
    "model": "test-model",
    "messages": [{"role": "user", "content": "Hello"}],
    "retries": 0,
    "tools": False,
    "usage": False,
    "leave_after": None,
}


class Driven:
    """A client in a process of its own, which takes one job after another from its standard input."""

    def __init__(self, *command: str | Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="chatstream-client-"))
        self._log = self._folder / "log"
        env = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self._folder)}  # no proxy, no key, no tracing
        pipe = subprocess.PIPE
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=log, encoding="utf-8", cwd=self._folder, env=env
            )

    def do(self, job: dict[str, Any]) -> Got:
        """Raises AssertionError if it could not do that, RuntimeError with what it printed if it ended."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the client ended: {self._log.read_text(errors='replace')}")
        got: Got = json.loads(line)
        assert "failure" not in got, got["failure"]
        return got

    def close(self) -> None:
        self._process.communicate()  # it ends with its input
        shutil.rmtree(self._folder)


@dataclass(frozen=True)
class Client:
    """A row's client: how to start it, and what of an answer it shows."""

    name: str
    start: Callable[[], Driven]
    shows: frozenset[str]
    errors: dict[int, str]
    """The type of error it raises for a status."""
    broken: str
    """The type of error it raises when an answer breaks in the middle."""

    def __str__(self) -> str:
        return self.name


def python(venv: str | None, script: str) -> Callable[[], Driven]:
    """A script of the folder `python`, in this venv or in ours."""
    return lambda: Driven(need_python(venv) if venv else sys.executable, HERE / "python" / script)


def node(script: str) -> Callable[[], Driven]:
    return lambda: Driven(need_node(), HERE / "node" / script)


SDK = {400: "BadRequestError", 401: "AuthenticationError", 429: "RateLimitError", 502: "InternalServerError"}
LANGCHAIN = {
    400: "OpenAIInvalidRequestError",
    401: "OpenAIAuthenticationError",
    429: "OpenAIRateLimitError",
    502: "OpenAIAPIError",
}
ALL = frozenset({"models", "pieces", "finish", "usage", "reasoning", "calls", "status", "completion's end"})
CLIENTS = (
    Client("openai-python 2", python("openai-2", "openai_sdk.py"), ALL, SDK, "APIError"),
    Client("openai-python 3", python(None, "openai_sdk.py"), ALL, SDK, "APIError"),
    Client("openai-node", node("openai_sdk.mjs"), ALL, SDK, "APIError"),
    Client(
        "langchain-openai",
        python("langchain-llm", "langchain.py"),
        ALL - {"models", "reasoning", "completion's end"},
        LANGCHAIN,
        "APIError",
    ),
    Client("AI SDK", node("ai_sdk.mjs"), ALL - {"models"}, dict.fromkeys(SDK, "APICallError"), "StreamProviderError"),
    Client(
        "llm",
        python("langchain-llm", "llm_command.py"),
        frozenset({"models", "usage"}),
        dict.fromkeys(SDK, "exit 1"),
        "exit 1",
    ),
)


def those(*what: str) -> pytest.MarkDecorator:
    """Runs a test with each client that shows all of this."""
    return pytest.mark.parametrize("client", [c for c in CLIENTS if c.shows.issuperset(what)], ids=str)


def text(got: Got) -> str:
    return "".join(got["pieces"])
