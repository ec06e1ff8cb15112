"""The side of the process in which work is done that could go on for ever (chatstream/web/beside.py starts it).

A line of JSON comes in with items; a line goes out for each. The kernel ends the process when one item takes too long.
"""

import resource
import signal
import sys
from collections.abc import Callable
from typing import TypeVar

import msgspec

How = TypeVar("How")

MEMORY = 1 << 30


def serve(work: Callable[[str, How], object], items: type[list[tuple[str, How]]], cpu_s: float) -> None:
    """:param cpu_s: so long one item may take of the processor"""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in sys.stdin.buffer:
        for text, how in msgspec.json.decode(line, type=items):
            signal.setitimer(signal.ITIMER_VIRTUAL, cpu_s)  # nobody takes its signal: that ends the process
            made = msgspec.json.encode(work(text, how))
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            sys.stdout.buffer.write(made + b"\n")
            sys.stdout.buffer.flush()
