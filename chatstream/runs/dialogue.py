"""What one Run asks upstream: the question, and round by round the results of the tools that the model called."""

from collections.abc import Callable, Sequence
from typing import Any

import gevent
import msgspec

from chatstream.tools import calling
from chatstream.tools.exchange import Reply
from chatstream.tools.registry import Registry
from chatstream.upstream.client import Ask
from chatstream.upstream.stream import Stream
from chatstream.wire.conversation import called

Call = dict[str, Any]
CALLS_MAX = 16
"""How many calls of one round are run."""


class Tools(msgspec.Struct, frozen=True):
    """The tools that a chat allows, how long each call may take, and in how many rounds they may be called."""

    allowed: Registry
    limit_s: float
    rounds: int


class Dialogue:
    """:param open_stream: opens upstream; raises `UpstreamError`"""

    def __init__(self, open_stream: Callable[[Ask], Stream], ask: Ask, tools: Tools) -> None:
        self._open = open_stream
        self._tools = tools
        self._left = tools.rounds
        offered = [tool.offered() for tool in tools.allowed]
        self._ask = msgspec.structs.replace(ask, tools=offered) if offered else ask

    @property
    def runs_tools(self) -> bool:
        """Whether calls are run here."""
        return self._ask.tools is not None

    @property
    def over(self) -> bool:
        """Whether the model has called tools as often as it may."""
        return self._left == 0

    def open(self) -> Stream:
        """Ask, with all that was said so far. It is kept for another round alone: it may hold megabytes of images."""
        stream = self._open(self._ask)
        if not self.runs_tools:
            self._ask = msgspec.structs.replace(self._ask, messages=[])
        return stream

    def run(self, calls: Sequence[Call], took: Callable[[Call, Reply], None]) -> None:
        """Run these calls at the same time; `took` hears of each result when it is there."""

        def run(call: Call) -> None:
            took(call, calling.call(self._tools.allowed, call["name"], call["arguments"], self._tools.limit_s))

        for call in calls[CALLS_MAX:]:
            took(call, Reply(f"Too many calls: {CALLS_MAX} at once are run here. Call again.", failed=True))
        running = [gevent.spawn(run, call) for call in calls[:CALLS_MAX]]
        try:
            gevent.joinall(running, raise_error=True)
        finally:
            gevent.killall(running)

    def tell(self, text: str, calls: Sequence[Call]) -> None:
        """What the model said in this round, and the results. In its last round it is offered no tools."""
        self._left -= 1
        choice = "none" if self.over else None
        messages = [*self._ask.messages, *called(calls, text)]
        self._ask = msgspec.structs.replace(self._ask, messages=messages, tool_choice=choice)
