"""How the providers are, as far as each says itself: asked when somebody wants to know, then not for a while."""

import time
from typing import Literal, NamedTuple

import gevent
from gevent.lock import BoundedSemaphore

from chatstream.errors import UpstreamBusy, UpstreamError, UpstreamRefused
from chatstream.upstream.gateway import Gateway
from chatstream.upstream.providers import Provider

KEPT_S = 5.0
_NO_KEY = (401, 403)
_FAULTS = (429, 500, 502, 504)

Name = Literal["ready", "loading", "busy", "refused", "failed", "unreachable"]


class State(NamedTuple):
    """`message` says why it is not ready."""

    name: Name
    message: str = ""


class States:
    """The latest state of each provider."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._locks = {provider.name: BoundedSemaphore() for provider in gateway.providers.all}
        self._known: dict[str, tuple[float, State]] = {}

    def all(self) -> list[tuple[Provider, State]]:
        """All are asked at the same time; one that does not answer keeps nobody waiting for longer than its list may
        take."""
        asked = [(provider, gevent.spawn(self._state, provider)) for provider in self._gateway.providers.all]
        return [(provider, greenlet.get()) for provider, greenlet in asked]

    def _state(self, provider: Provider) -> State:
        with self._locks[provider.name]:  # one asks, the others wait for what it learns
            until, state = self._known.get(provider.name, (0.0, State("ready")))
            if time.monotonic() > until:
                state = self._ask(provider)
                self._known[provider.name] = time.monotonic() + KEPT_S, state
        return state

    def _ask(self, provider: Provider) -> State:
        try:
            self._gateway.ask_models(provider)
        except UpstreamError as error:
            name = _name(error)
            return State(name, "" if name == "ready" else str(error))
        return State("ready")


def _name(error: UpstreamError) -> Name:
    """llama.cpp answers 503 "Loading model" until its model is there. A server without a list is there all the same."""
    if isinstance(error, UpstreamBusy):
        return "loading" if "loading" in str(error).lower() else "busy"
    if not isinstance(error, UpstreamRefused):
        return "unreachable"
    if error.upstream_status in _NO_KEY:
        return "refused"
    return "failed" if error.upstream_status in _FAULTS else "ready"
