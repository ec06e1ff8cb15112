"""Where a command writes: the answer to standard output, all that is said about it to standard error.

What comes from a model, or from a server, is text and never a command to the terminal: a terminal gets no control
characters but line feeds and tabs. A file or a pipe gets what came.
"""

import io
import os
import sys
from typing import TextIO

from chatstream.wire.surrogates import whole

_CONTROLS = {*range(0x20), *range(0x7F, 0xA0)} - {ord("\t"), ord("\n")}
_STRIPPED = dict.fromkeys(_CONTROLS)
_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"


class Screen:
    """:param quiet: say nothing about an answer that is as it should be"""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self._out, self._err = _Place(sys.stdout), _Place(sys.stderr)
        self._dim = self._err.is_terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        self._shared = self._out.is_terminal and self._err.is_terminal
        self._interrupted = False
        """Whether the answer's line was ended for something else, so that its own line breaks are there already."""

    @property
    def shows_asides(self) -> bool:
        """Whether somebody looks at standard error while the answer comes."""
        return self._err.is_terminal and not self.quiet

    def text(self, text: str) -> None:
        """A piece of the answer, shown at once.

        :raises BrokenPipeError: if nobody reads it any more
        """
        self._err.begin_line()
        text = text.lstrip("\n") if self._interrupted else text
        self._interrupted &= not text
        self._out.write(text)

    def thought(self, text: str) -> None:
        """A piece of reasoning."""
        self._leave_answer()
        self._err.write(text, dim=self._dim)

    def aside(self, line: str) -> None:
        """A line beside the answer; dim, for it is not the answer."""
        self._line(" ".join(line.split()), dim=self._dim)

    def note(self, line: str) -> None:
        """A line about the answer, unless all is quiet."""
        if not self.quiet:
            self.aside(line)

    def problem(self, line: str) -> None:
        """A line that has to be read."""
        self._line(line, dim=False)

    def end(self) -> None:
        """End the line that the answer stands in."""
        self._err.begin_line()
        self._out.begin_line()

    def _line(self, line: str, dim: bool) -> None:
        self._leave_answer()
        self._err.begin_line()
        self._err.write(line, dim)
        self._err.begin_line()

    def _leave_answer(self) -> None:
        """On a terminal that shows both, what is not the answer begins a line of its own."""
        if self._shared and not self._out.at_line_start:
            self._out.begin_line()
            self._interrupted = True


class _Place:
    """One of the two streams. One that the program was not given takes everything, for nobody."""

    def __init__(self, stream: TextIO | None) -> None:
        self.is_terminal = stream is not None and stream.isatty()
        self.at_line_start = True
        self._stream = stream
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may lack letters; that ends no answer

    def write(self, text: str, dim: bool = False) -> None:
        shown = whole(text.translate(_STRIPPED) if self.is_terminal else text)
        if not shown or self._stream is None:
            return
        self.at_line_start = shown.endswith("\n")
        self._stream.write(f"{_DIM}{shown}{_PLAIN}" if dim else shown)
        self._stream.flush()

    def begin_line(self) -> None:
        if not self.at_line_start:
            self.write("\n")
