"""Tools that fail in every way, for tests: named by CHATSTREAM_TOOLS, and run in processes of their own."""

import os
import signal
import sys
import time
from pathlib import Path

import gevent  # noqa: F401 – as tools do that bring much along


def hang() -> str:
    """Never answer."""
    print("I hang", flush=True)
    while True:
        time.sleep(3600)


def spin() -> str:
    """Reckon for ever, without letting anybody else run."""
    return str(3 ** (3**25))


def refuse(why: str) -> str:
    """Raise an error with this sentence."""
    raise LookupError(why)


def leave() -> str:
    """End the process."""
    sys.exit(3)


def die() -> str:
    """Be killed."""
    os.kill(os.getpid(), signal.SIGKILL)
    return ""


def swallow() -> str:
    """Take all the memory there is."""
    return str(len(bytearray(1 << 34)))


def talk(characters: int) -> str:
    """Answer at length."""
    return "é" * characters


def odd() -> object:
    """Give what is no JSON."""
    return object()


def look(variable: str) -> str:
    """Tell a variable of the environment."""
    return os.environ.get(variable, "none")


def half() -> str:
    """Give half a character."""
    return "\ud83d"


def note(path: str, seconds: float = 0) -> list[int]:
    """Write a file, a while later."""
    time.sleep(seconds)
    Path(path).write_text("here")
    return [1, 2]
