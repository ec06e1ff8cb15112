"""The command line: `chatstream ask` and `chatstream chat`. docs/client.md shows them."""

import sys
from collections.abc import Callable
from functools import reduce
from typing import Any

import click

from chatstream import __version__
from chatstream.client import endings, prompts
from chatstream.client.exchange import Exchange, unwritten
from chatstream.client.partners import Direct, Partner, Server
from chatstream.client.screen import Screen
from chatstream.client.showing import Lines, Text
from chatstream.client.talk import Talk
from chatstream.errors import ChatStreamError

_OPTIONS = (
    click.option(
        "--server",
        metavar="URL",
        envvar="CHATSTREAM_URL",
        default="http://127.0.0.1:8000",
        show_default=True,
        help="The ChatStream server, also by CHATSTREAM_URL.",
    ),
    click.option(
        "--provider",
        metavar="NAME|URL",
        help="Ask a model server directly, by its name in providers.toml or its base URL (with the key in "
        "OPENAI_API_KEY). Nothing is recorded.",
    ),
    click.option("--model", metavar="NAME", help="The model; left out, the server's default."),
    click.option("--system", metavar="TEXT", help="What the model is told before the conversation."),
    click.option("--chat", "chat_id", metavar="ID", help="Go on in this chat."),
    click.option("--temperature", type=float, metavar="N"),
    click.option("--max-tokens", type=int, metavar="N", help="Longest answer, in tokens."),
    click.option("--tools", metavar="NAMES", help="Tools of the server that the model may call: clock,calculate."),
    click.option("--reasoning", is_flag=True, help="Show the model's reasoning, on standard error."),
    click.option("-q", "--quiet", is_flag=True, help="On standard error only what is wrong."),
)


def _options(command: Callable[..., None]) -> Callable[..., None]:
    return reduce(lambda wrapped, option: option(wrapped), reversed(_OPTIONS), command)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="ChatStream")
def main() -> None:
    """Ask a model from the terminal, through a ChatStream server or directly."""


@main.command(epilog=endings.HELP)
@click.argument("prompt", required=False)
@_options
@click.option("--json", "as_json", is_flag=True, help="Each frame as a line of JSON: docs/api.md, section 1.")
def ask(prompt: str | None, as_json: bool, **given: Any) -> None:
    """Ask one question; the answer comes to standard output as it is written.

    Standard input, where it is no terminal, is read to its end and goes with the question; without PROMPT it is the
    question. Ctrl-C stops the answer, and what arrived stays; a second Ctrl-C leaves at once.
    """
    screen = Screen(given["quiet"])
    try:
        if not (question := prompts.question(prompt, sys.stdin)):
            raise click.UsageError("There is no question. Give one, or something on standard input.")
        answering = _partner(given).ask(question)
        shows = Lines(screen) if as_json else Text(screen, given["reasoning"])
        status, chat_id = Exchange(answering, shows, screen).run()
        if chat_id:
            screen.note(f"To go on: chatstream ask --chat {chat_id}")
    except ChatStreamError as error:
        status = _refused(screen, error)
    except OSError as error:
        status = unwritten(screen, error)
    except KeyboardInterrupt:  # before the question is sent, or behind the answer
        status = endings.LEFT
    sys.exit(status)


@main.command()
@_options
def chat(**given: Any) -> None:
    """Hold a conversation: a question a line, /help for the commands, Ctrl-D to leave.

    Ctrl-C during an answer stops it.
    """
    screen = Screen(given["quiet"])
    try:
        Talk(_partner(given), screen, given["reasoning"]).hold()
    except ChatStreamError as error:
        sys.exit(_refused(screen, error))
    except OSError as error:
        sys.exit(unwritten(screen, error))


def _partner(given: dict[str, Any]) -> Partner:
    names = ("model", "system", "temperature", "max_tokens")
    options = {name: given[name] for name in names if given[name] is not None}
    if given["provider"] is None:
        tools = {} if given["tools"] is None else {"tools": given["tools"].replace(",", " ").split()}
        return Server(given["server"], given["chat_id"], options | tools)
    for name, why in (("chat_id", "--chat needs a server"), ("tools", "--tools are the server's")):
        if given[name] is not None:
            raise click.UsageError(f"{why}: leave out --provider.")
    return Direct(given["provider"], options)


def _refused(screen: Screen, error: ChatStreamError) -> int:
    screen.problem(str(error))
    return endings.REFUSED
