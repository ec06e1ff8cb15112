"""Running a tool: in a process of its own, for only a process can be ended whatever it does.

A number too large to be reckoned in a lifetime would otherwise stop every stream of the worker, and no thread could be
told to give it up.
"""

import logging
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import gevent
import msgspec
from gevent import subprocess
from gevent.lock import BoundedSemaphore

from chatstream.settings import SECRET
from chatstream.tools.exchange import RESULT_MAX, Reply, Request
from chatstream.tools.registry import Registry, Tool
from chatstream.turns import let_others

ROOT = Path(__file__).parents[2]
AT_ONCE = 4
"""Processes of one worker's tools: a model may call a hundred in one breath."""
REPLY_MAX = 12 * RESULT_MAX
"""Bytes of it as JSON, every character escaped."""


def call(tools: Registry, name: str, arguments: str, limit_s: float) -> Reply:
    """Call a tool. Whatever goes wrong is told to the model, which may try again: nothing is raised."""
    if name not in tools:
        return Reply(f"There is no tool {name!r}. Known tools: {tools.names}.", failed=True)
    with _at_work:
        try:
            return _called(tools[name], arguments, limit_s)
        except OSError:
            _log.exception("the tool %s could not be run", name)
            return _LOST


def _called(tool: Tool, arguments: str, limit_s: float) -> Reply:
    with _starting:
        name, process = tool.name, _started()
        let_others()  # starting takes 10 ms of everybody's time: the others have their turn in between
    try:
        with gevent.Timeout(limit_s):
            process.stdin.write(msgspec.json.encode(Request(tool.module, name, arguments, limit_s)))
            process.stdin.close()
            return _understood(process.stdout.read(REPLY_MAX + 1))
    except gevent.Timeout:
        return Reply(f"{name} took longer than {limit_s:g} s, the limit set here, and was ended.", failed=True)
    finally:
        _end(process)


_at_work = BoundedSemaphore(AT_ONCE)
_starting = BoundedSemaphore()
_log = logging.getLogger(__name__)
_LOST = Reply("The tool ended without a result.", failed=True)


def _started() -> subprocess.Popen:
    path = os.pathsep.join(filter(None, [str(ROOT), *sys.path]))
    return subprocess.Popen(
        [sys.executable, "-m", "chatstream.tools"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**{name: value for name, value in os.environ.items() if name not in SECRET}, "PYTHONPATH": path},
        start_new_session=True,
    )


def _understood(reply: bytes) -> Reply:
    try:
        return msgspec.json.decode(reply, type=Reply)
    except (msgspec.MsgspecError, UnicodeError):
        return _LOST


def _end(process: subprocess.Popen) -> None:
    """With all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            pipe.close()
    process.wait()
