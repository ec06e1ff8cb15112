"""One question of a command: sent, its answer shown, Ctrl-C as Stop, and what became of it."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import FrameType
from typing import NamedTuple

from chatstream.client import endings
from chatstream.client.partners import Answering
from chatstream.client.runs import Frame
from chatstream.client.screen import Screen
from chatstream.client.showing import Shows
from chatstream.errors import ChatStreamError, UpstreamUnreachable


class Outcome(NamedTuple):
    """The exit status, and the chat that the answer is in, if it is recorded."""

    status: int
    chat_id: str | None


class Exchange:
    """One answer, shown."""

    def __init__(self, answering: Answering, shows: Shows, screen: Screen) -> None:
        self._answering = answering
        self._shows = shows
        self._screen = screen
        self._end: Frame | None = None
        self._had_content = self._stopping = self._out = False
        answering.on_outage = self._outage

    def run(self) -> Outcome:
        """Show the answer to its end, however it ends.

        :raises OSError: if it cannot be written: BrokenPipeError if nobody reads it any more. It was stopped
        """
        try:
            status = self._status()
        except OSError:
            self._answering.stop_now()
            raise
        return Outcome(status, self._answering.ids.get("chatId"))

    def _status(self) -> int:
        try:
            self._show()
        except ChatStreamError as error:
            return self._stopped() if self._stopping else self._failed(error)
        if self._stopping:
            return self._stopped()
        assert self._end is not None  # only an answer that is stopped ends without
        self._say(endings.sentence(self._end, self._had_content))
        return endings.status(self._end["state"])

    def _show(self) -> None:
        try:
            with self._interrupts(), closing(iter(self._answering)) as frames:
                for frame in frames:
                    self._take(frame)
        except KeyboardInterrupt:
            self._end = {"state": "stopped"}
        self._shows.end()

    def _take(self, frame: Frame) -> None:
        if "state" in frame:
            self._end = frame
        self._out = False
        self._had_content |= "text" in frame or "toolCall" in frame
        self._shows.frame(frame)

    def _stopped(self) -> int:
        if self._end is None:
            self._say("Left. The server could not be told to stop: the answer may go on there.")
        elif self._end["state"] == "stopped":
            self._say("Stopped.")
        else:  # it had ended by itself
            self._say(endings.sentence(self._end, self._had_content))
            return endings.status(self._end["state"])
        return endings.LEFT

    def _failed(self, error: ChatStreamError) -> int:
        self._shows.end()
        self._say(str(error))
        if isinstance(error, UpstreamUnreachable) and not self._answering.ids:
            self._say("Start one with `make run` in ChatStream's folder, or name another: --server, CHATSTREAM_URL.")
        return endings.LOST if self._answering.ids else endings.REFUSED

    def _say(self, sentence: str) -> None:
        if sentence:
            self._screen.problem(sentence)

    def _outage(self) -> None:
        if not self._out:
            self._screen.note("The connection is lost; trying again …")
        self._out = True

    @contextmanager
    def _interrupts(self) -> Iterator[None]:
        """The first Ctrl-C stops the answer, the second leaves at once."""

        def interrupted(_: int, __: FrameType | None) -> None:
            if self._stopping:
                os._exit(endings.LEFT)
            self._stopping = True
            self._answering.stop()

        before = signal.getsignal(signal.SIGINT)
        if before is not signal.SIG_IGN:  # a shell's background: Ctrl-C is for others
            signal.signal(signal.SIGINT, interrupted)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def unwritten(screen: Screen, error: OSError) -> int:
    """The exit status where the output could not be written, and a word where it is not merely unread. Python is
    kept from writing what it still holds."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return endings.UNREAD
    screen.problem(f"The answer cannot be written: {error.strerror}.")
    return endings.REFUSED
