"""Titles by the model: asked in the background, once, after a chat's first answer has ended well.

No Run, and nobody waits for it: a title that does not come leaves the first words, and a server that stops does not
begin one. It costs one short call for each new chat.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, NamedTuple

import gevent
from gevent.lock import BoundedSemaphore

from chatstream.chats import titles
from chatstream.chats.questions import Composed
from chatstream.errors import ChatStreamError
from chatstream.settings import Settings
from chatstream.store.ports import ChatStore
from chatstream.upstream.client import Ask
from chatstream.upstream.gateway import Gateway
from chatstream.upstream.providers import Provider

DEADLINE_S = 30.0
AT_ONCE, WAITING = 4, 100
"""How many are asked for at the same time, and how many chats wait for their turn. One more keeps its first words."""
LONGEST = 400
"""Characters after which a model that writes no title is not read on."""
PAUSE_S = 0.1

_log = logging.getLogger(__name__)


class _Expected(NamedTuple):
    """What a title can be made of, once the answer is there."""

    owner: str
    chat_id: str
    provider: Provider
    model: str
    question: str


class Titler:
    """One per worker.

    :param closed: whether the server is stopping
    """

    def __init__(self, store: ChatStore, gateway: Gateway, settings: Settings, closed: Callable[[], bool]) -> None:
        self._store = store
        self._gateway = gateway
        self._on = settings.titles == "on"
        self._closed = closed
        self._expected: dict[str, _Expected] = {}
        self._turns = BoundedSemaphore(AT_ONCE)
        self._waiting = 0

    def expect(self, composed: Composed, provider: Provider, model: str) -> None:
        """This question was asked: if it is a chat's first, its answer brings the title. The demo model has none."""
        chat, run = composed.submission.chat, composed.submission.run
        is_first = all(message["role"] != "assistant" for message in composed.messages)
        if self._on and not provider.demo and is_first and chat.titled == "words":
            self._expected[run.id] = _Expected(chat.owner, chat.id, provider, model, composed.question)

    def ended(self, run_id: str, end: Mapping[str, Any], answer: Callable[[], str]) -> None:
        """A Run has ended so, and is stored."""
        expected = self._expected.pop(run_id, None)
        if expected is not None and end.get("state") == "complete" and self._waiting < WAITING:
            self._waiting += 1
            gevent.spawn(self._entitle, expected, answer())

    def _entitle(self, expected: _Expected, answer: str) -> None:
        try:
            with self._turns:
                title = None if self._closed() else titles.sensible(self._said(expected, answer))
                if title:
                    self._store.entitle(expected.owner, expected.chat_id, title)
        except ChatStreamError as error:
            _log.info("The chat %s keeps its first words as its title: %s", expected.chat_id, error)
        finally:
            self._waiting -= 1

    def _said(self, expected: _Expected, answer: str) -> str:
        """What the model says; as much as came within the time."""
        ask = Ask(model=expected.model, messages=titles.task(expected.question, answer))
        said = ""
        with gevent.Timeout(DEADLINE_S, False), closing(self._gateway.open(expected.provider, ask)) as stream:
            while len(said) < LONGEST and (deltas := stream.read()) is not None:
                said += "".join(data for kind, data in deltas if kind == "text")
                gevent.sleep(PAUSE_S)
            return said
        return ""
