"""A conversation on a terminal: a question a line, and a few commands."""

import io
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from chatstream.client import prompts
from chatstream.client.exchange import Exchange
from chatstream.client.partners import Partner
from chatstream.client.screen import Screen
from chatstream.client.showing import Text
from chatstream.errors import ChatStreamError

PROMPT = "> "
HELP = """\
/new           begin a new conversation
/model NAME    ask this model from now on; without NAME the server's default
/system TEXT   what the model is told before the conversation; without TEXT nothing
/help          these lines
/quit          leave, like Ctrl-D
Ctrl-C stops an answer, or empties the line. A question that begins with / needs a space before it."""


class Talk:
    """One conversation after the other, until the input ends."""

    def __init__(self, partner: Partner, screen: Screen, reasoning: bool) -> None:
        self._partner = partner
        self._screen = screen
        self._reasoning = reasoning
        self._chat_id: str | None = None
        self._awaits_line = False
        self._commands: dict[str, Callable[[str], None]] = {
            "/new": self._new,
            "/model": self._model,
            "/system": self._system,
            "/help": lambda _: self._screen.problem(HELP),
            "/quit": self._quit,
        }

    def hold(self) -> None:
        """Until Ctrl-D, or the end of standard input."""
        self._interactive = sys.stdin.isatty() and sys.stdout.isatty()
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="surrogateescape")  # a line that is no text takes no other with it
        if self._interactive:
            import readline  # noqa: F401 – input() gets a line's history and editing from it

            self._screen.note("/help for the commands, Ctrl-D to leave")
        with self._interrupts(), suppress(EOFError):
            while True:
                self._turn()
        if self._interactive:
            print()
        self._tell_chat()

    def _turn(self) -> None:
        try:
            line = prompts.checked(self._line(), "This line")
        except KeyboardInterrupt:
            print()
        except ChatStreamError as error:
            self._screen.problem(str(error))
        else:
            self._do(line)

    def _line(self) -> str:
        self._awaits_line = True
        try:
            return input(PROMPT) if self._interactive else input()
        finally:
            self._awaits_line = False

    @contextmanager
    def _interrupts(self) -> Iterator[None]:
        """Ctrl-C empties the line that is awaited. An answer that comes has its own use for it (exchange.py); besides
        there is nothing to break off, and the conversation stays."""

        def interrupted(_: int, __: FrameType | None) -> None:
            if self._awaits_line:
                self._awaits_line = False
                raise KeyboardInterrupt

        before = signal.getsignal(signal.SIGINT)
        if before is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, interrupted)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _do(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if command := self._commands.get(word):
            command(rest.strip())
        elif word.startswith("/"):
            self._screen.problem(f"There is no command {word}; /help lists them. To ask this, put a space before it.")
        elif line.strip():
            self._ask(line.strip())

    def _ask(self, question: str) -> None:
        shows = Text(self._screen, self._reasoning)
        _, chat_id = Exchange(self._partner.ask(question), shows, self._screen).run()
        self._chat_id = chat_id or self._chat_id

    def _new(self, _: str) -> None:
        self._tell_chat()
        self._partner.anew()
        self._chat_id = None

    def _model(self, name: str) -> None:
        self._partner.options["model"] = name or None
        self._screen.note(f"From now on {name or 'the default model'} is asked.")

    def _system(self, text: str) -> None:
        self._partner.options["system"] = text  # also an empty one: a chat keeps what it was told
        self._screen.note("The model is told this from now on." if text else "The model is told nothing from now on.")

    def _quit(self, _: str) -> None:
        raise EOFError

    def _tell_chat(self) -> None:
        if self._chat_id:
            self._screen.note(f"To go on with this chat: chatstream chat --chat {self._chat_id}")
