"""The `llm` command line, configured as its documentation says for a server of one's own.

Each job is a process with arguments, output and an exit status, as from a shell; but forked from this one, where `llm`
is loaded already, which takes longer than any job. Its pieces are whatever one read of its output gave.
"""

import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import BinaryIO, NoReturn

from jobs import Got, Job, leaves, lines, new
from llm.cli import cli

os.environ["LLM_USER_PATH"] = os.getcwd()


class Command:
    """`llm …`, running, with nothing on its standard input."""

    def __init__(self, arguments: list[str]) -> None:
        (out, out_end), (errors, errors_end) = os.pipe(), os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            become(arguments, out_end, errors_end)
        os.close(out_end)
        os.close(errors_end)
        self.out: BinaryIO = os.fdopen(out, "rb")
        self._errors = os.fdopen(errors, "rb")

    def end(self) -> tuple[int, str]:
        """Its exit status, and what it said on its standard error."""
        with self._errors, self.out:
            said = self._errors.read().decode()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]), said


def become(arguments: list[str], out: int, errors: int) -> NoReturn:
    os.dup2(out, 1)
    os.dup2(errors, 2)
    os.closerange(3, 100)
    sys.stdin = open(os.devnull)  # noqa: SIM115 – until the process ends
    sys.argv = ["llm", *arguments]
    status: object = 1
    try:
        cli()
    except SystemExit as end:
        status = end.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 1)


def do(job: Job) -> Got:
    configure(job)
    got = new()
    command = Command(arguments(job))
    while data := command.out.read1():
        got["pieces"].append(data.decode())
        if leaves(job, got):
            os.kill(command.pid, signal.SIGINT)
    status, said = command.end()
    if status:
        got["error"] = {"type": f"exit {status}", "status": None, "message": said, "retry_after": None}
    else:
        trim(got["pieces"])
    got["models"] = "".join(got["pieces"]).split() if job["do"] == "models" else None
    used = re.search(r"(\d+) output", said)
    got["usage"] = int(used[1]) if used else None
    return got


def configure(job: Job) -> None:
    """JSON is YAML."""
    model = {"model_name": job["model"], "api_base": job["url"]}
    models = [{"model_id": "chat", **model}, {"model_id": "completion", "completion": True, **model}]
    Path("extra-openai-models.yaml").write_text(json.dumps(models))


def arguments(job: Job) -> list[str]:
    if job["do"] == "models":
        return ["openai", "endpoint", job["url"], "--models"]
    model = "completion" if job["do"].startswith("complete") else "chat"
    whole = [] if job["do"].endswith("stream") else ["--no-stream"]
    usage = ["--usage"] if job["usage"] else []
    return ["prompt", "--model", model, "--no-log", *whole, *usage, "Hello"]


def trim(pieces: list[str]) -> None:
    """Without the end of line that it prints behind a whole answer."""
    pieces[-1] = pieces[-1].removesuffix("\n")


lines(do)
