"""Who answers a command: a ChatStream server, which records it, or a model server directly, which does not.

Both give an answer as ChatStream's frames, whose last has a `state`.
"""

import os
from collections.abc import Callable, Generator
from typing import Any, Protocol

from chatstream.client.runs import ChatClient, Frame
from chatstream.errors import ChatStreamError, UpstreamError


class Answering(Protocol):
    """An answer that comes. Iterated once."""

    ids: dict[str, str]
    on_outage: Callable[[], None]

    def __iter__(self) -> Generator[Frame, None, None]:
        """:raises ChatStreamError: if there is no last frame to be had"""

    def stop(self) -> None:
        """Stop it, from a signal handler. The iteration ends soon, or KeyboardInterrupt is raised here."""

    def stop_now(self) -> bool:
        """Stop it, and wait until it is. Whether it was."""


class Partner(Protocol):
    """A conversation. `model`, `system` and other options may be changed between two questions."""

    options: dict[str, Any]

    def ask(self, prompt: str) -> Answering: ...

    def anew(self) -> None:
        """Begin a new conversation."""


class Server:
    """A chat at a ChatStream server."""

    def __init__(self, url: str, chat_id: str | None, options: dict[str, Any]) -> None:
        self.options = options
        self._client = ChatClient(url)
        self._chat_id = chat_id
        self._last: Answering | None = None

    def ask(self, prompt: str) -> Answering:
        chat_id = self._last.ids.get("chatId") if self._last else None
        self._chat_id = chat_id or self._chat_id
        self._last = self._client.ask(prompt, chatId=self._chat_id, **self.options)
        return self._last

    def anew(self) -> None:
        self._chat_id = self._last = None


class Direct:
    """A conversation with a model server, kept here.

    :param name: of a provider in the providers file, or a base URL (with the key of OPENAI_API_KEY)
    :raises SettingsError: if there is no such provider
    """

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        from chatstream.client.llm import LLMClient  # with the openai SDK, which takes a while

        base_url, key, model = _place(name)
        self.options = options
        self._client = LLMClient(base_url, key, model)
        self.anew()

    def ask(self, prompt: str) -> Answering:
        return _Exchange(self, prompt)

    def anew(self) -> None:
        self.conversation = self._client.conversation()


class _Exchange:
    """One question of a direct conversation."""

    def __init__(self, direct: Direct, prompt: str) -> None:
        self.ids: dict[str, str] = {}
        self.on_outage: Callable[[], None] = lambda: None
        self._prompt = prompt
        self._conversation = direct.conversation
        self._options = dict(direct.options)
        self._conversation.system_prompt = self._options.pop("system", None)

    def __iter__(self) -> Generator[Frame, None, None]:
        known: dict[str, Any] = {}
        try:
            for kind, data in self._conversation.deltas(self._prompt, debug_info=known, **self._options):
                yield {kind: data}
        except UpstreamError:
            pass  # `known` has it
        error = {"error": known["error"]} if known["error"] else {}
        yield {name: known[name] for name in ("state", "model", "usage", "timings")} | error

    def stop(self) -> None:
        raise KeyboardInterrupt  # closes the connection on its way

    def stop_now(self) -> bool:
        return True


def _place(name: str) -> tuple[str, str | None, str | None]:
    """Base URL, key and default model."""
    if "://" in name:
        return name, os.environ.get("OPENAI_API_KEY"), None
    from chatstream.settings import load
    from chatstream.upstream.providers import named

    provider = named(load(), name)
    if provider.base_url is None:
        raise ChatStreamError(f"{name} has no address.")
    return provider.base_url, provider.api_key, provider.default_model
