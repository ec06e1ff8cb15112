"""A model server that does what a test tells it to, byte by byte: the program, and the tests' hold on it.

    python -m tests.servers.model_server --port 0

prints its port and serves `/v1` on 127.0.0.1. model_steps.py lists the steps a script can have, model_http.py the
routes it is told them by, model_wire.py the ways an exchange can end.
"""

import argparse
import http.client
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from tests.servers.model_http import ModelHttp
from tests.servers.model_steps import Step
from tests.servers.server import ROOT, Server, http_status

Log = list[dict[str, Any]]


class ModelServer(Server):
    """The model server in a process of its own."""

    name = "model-server"

    @property
    def url(self) -> str:
        """What to give as OPENAI_BASE_URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    def script(self, steps: list[Step]) -> None:
        """Answer one request so, after those scripted before. GET /v1/models takes no script from this queue."""
        self._call("PUT", "/_script", {"steps": steps})

    def default(self, steps: list[Step]) -> None:
        """Answer so whenever no script is queued."""
        self._call("PUT", "/_script", {"default": steps})

    def models(self, steps: list[Step]) -> None:
        """Answer GET /v1/models so."""
        self._call("PUT", "/_script", {"models": steps})

    def own(self, steps: list[Step]) -> None:
        """Answer /api/… so, where servers have what OpenAI's interface does not; else there is nothing."""
        self._call("PUT", "/_script", {"own": steps})

    def release(self, gate: str) -> None:
        """Let the steps that wait at this gate go on, now and later."""
        self._call("POST", "/_release", {"name": gate})

    def reset(self) -> None:
        """Forget scripts, log and gates; responses under way are cut."""
        self._call("POST", "/_reset", None)

    def log(self) -> Log:
        """Every request to /v1/… and /api/… since the reset, as they came: dicts of model_steps.Exchange's fields."""
        return self._call("GET", "/_log", None)  # type: ignore[no-any-return]

    def requests(self) -> Log:
        """The log without the questions for the list of models, and for what a model takes."""
        return [e for e in self.log() if e["path"] != "/v1/models" and not e["path"].startswith("/api/")]

    def wait(self, true: Callable[[Log], Any], seconds: float = 10.0) -> Log:
        """Wait until `true(requests)`, and return the requests. Raises TimeoutError with the log."""
        deadline = time.monotonic() + seconds
        while not true(requests := self.requests()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {seconds:g} s; the model server's log is {requests}")
            time.sleep(0.005)
        return requests

    def wait_ended(self, count: int = 1) -> Log:
        """Wait until so many requests have ended, however they did, and return the requests."""
        return self.wait(lambda log: sum(entry["ended"] is not None for entry in log) >= count)

    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.servers.model_server", "--port", str(self.port)]

    def environment(self) -> Mapping[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT)}

    def ready(self) -> bool:
        return http_status(self.port, "/_log") == 200

    def _call(self, method: str, path: str, body: Any) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, json.dumps(body), {"Connection": "close"})
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise ValueError(answer["message"])
        return answer


def answer(text: str, pause: float = 0.0) -> list[Step]:
    """A whole good answer, word by word: text, finish reason, usage, [DONE], end; `pause` seconds before each word."""
    words = text.split(" ")
    pieces = [words[0], *(f" {word}" for word in words[1:])]
    wait: list[Step] = [["sleep", pause]] if pause else []
    steps = [step for piece in pieces for step in (*wait, ["text", piece])]
    usage = {"prompt_tokens": 5, "completion_tokens": len(pieces), "total_tokens": 5 + len(pieces)}
    return [*steps, ["finish", "stop"], ["usage", usage], ["done"], ["end"]]


def completion(text: str) -> list[Step]:
    """The same as one JSON answer, for a request without `stream`."""
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = {"id": "chatcmpl-test", "object": "chat.completion", "created": 0, "model": "test-model"}
    return [["status", 200, {}, body | {"choices": [choice], "usage": usage}]]


def failure(status: int, message: str, headers: Mapping[str, str] | None = None) -> list[Step]:
    """A refusal in OpenAI's form: `{"error": {…}}`."""
    error = {"message": message, "type": "server_error", "param": None, "code": None}
    return [["status", status, dict(headers or {}), {"error": error}]]


def main() -> None:
    parser = argparse.ArgumentParser(description="A model server that answers as it is told to.")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    listener = socket.create_server(("127.0.0.1", parser.parse_args().port), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    ModelHttp().serve(listener)


if __name__ == "__main__":
    main()
