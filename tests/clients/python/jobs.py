"""The loop of a client's process: a job per line of standard input, what came of it per line of standard output.

A job is a JSON object: `do`, what to do, and its fields; what comes of it has the fields of `new`. Both are
explained in tests/clients/clients.py.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

Job = dict[str, Any]
Got = dict[str, Any]
TOOL = {
    "type": "function",
    "function": {
        "name": "clock",
        "description": "The time in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def serve(doing: dict[str, Callable[[Job, Got], None]]) -> None:
    lines(lambda job: outcome(doing[job["do"]], job))


def lines(act: Callable[[Job], Got]) -> None:
    for line in sys.stdin:
        print(json.dumps(act(json.loads(line))), flush=True)


def outcome(do: Callable[[Job, Got], None], job: Job) -> Got:
    """What the client gave, up to its error if it raised one."""
    got = new()
    try:
        do(job, got)
    except Exception as error:  # noqa: BLE001 – whatever the client raises is what is asked for here
        got["error"] = told(error)
    return got


def new() -> Got:
    return {
        "models": None,
        "pieces": [],
        "reasoning": "",
        "calls": [],
        "finish": None,
        "usage": None,
        "error": None,
        "left_at": None,
    }


def told(error: Exception) -> dict[str, Any]:
    response = getattr(error, "response", None)
    return {
        "type": type(error).__name__,
        "status": getattr(error, "status_code", None),
        "message": str(error),
        "retry_after": response.headers.get("retry-after") if response is not None else None,
    }


def leaves(job: Job, got: Got) -> bool:
    """Whether the reader goes now: at its `leave_after`-th piece. Notes when, in seconds since 1970."""
    if len(got["pieces"]) != job["leave_after"]:
        return False
    got["left_at"] = time.time()
    return True
