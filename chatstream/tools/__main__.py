"""The process in which one tool runs: a `Request` comes in, a `Reply` goes out."""

import importlib
import math
import os
import resource
import signal
import sys

import msgspec

from chatstream.tools.exchange import RESULT_MAX, Reply, Request
from chatstream.tools.registry import tool_of

MEMORY = 1 << 30
CUT = "\n[cut: the result was longer than {} characters]"


def main() -> None:
    if not (asked := sys.stdin.buffer.read()):
        return  # whoever called was stopped meanwhile
    request = msgspec.json.decode(asked, type=Request)
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the tool prints goes to the server's log
    signal.alarm(math.ceil(request.limit_s) + 1)  # should the server die, which would end it
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    answer.write(msgspec.json.encode(run(request)))
    answer.close()


def run(request: Request) -> Reply:
    tool = tool_of(importlib.import_module(request.module), request.name)
    try:
        arguments = msgspec.json.decode(request.arguments or "{}", type=tool.arguments)
    except msgspec.ValidationError as error:
        return Reply(f"The arguments do not fit: {error}.", failed=True)
    except (msgspec.DecodeError, RecursionError) as error:
        return Reply(f"The arguments are no JSON: {error}.", failed=True)
    try:
        result = tool.function(**{name: getattr(arguments, name) for name in arguments.__struct_fields__})
        return Reply(_text(result), failed=False)
    except Exception as error:  # noqa: BLE001 – a tool may raise anything
        return Reply(_cut(str(error) or type(error).__name__), failed=True)


def _text(result: object) -> str:
    return _cut(result if isinstance(result, str) else msgspec.json.encode(result).decode())


def _cut(text: str) -> str:
    return text if len(text) <= RESULT_MAX else text[:RESULT_MAX] + CUT.format(RESULT_MAX)


if __name__ == "__main__":
    main()
