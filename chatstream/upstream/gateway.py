"""All model servers behind one door: find the one that serves a model, and open a stream from it."""

import functools
import time
from typing import Any

from gevent.lock import BoundedSemaphore

from chatstream.errors import UnknownModel, UpstreamError
from chatstream.settings import Settings
from chatstream.upstream import demo
from chatstream.upstream.client import Ask, Client
from chatstream.upstream.providers import Provider, Providers, resolve
from chatstream.upstream.stream import EventStream, Limits, Stream
from chatstream.upstream.transport import Transport

_LISTED_S, _SILENT_S = 30.0, 2.0
"""How long a server's own list of models is believed, and how long one that gave none is not asked again."""


class Gateway:
    """The providers with their clients, each made at its first use."""

    def __init__(self, providers: Providers, settings: Settings) -> None:
        self.providers = providers
        self._limits = limits(settings)
        self._transport = Transport()
        self._clients: dict[str, Client] = {}
        self._listing = BoundedSemaphore()
        self._listed: dict[str, tuple[float, list[str]]] = {}

    def choose(self, model: str | None) -> tuple[Provider, str]:
        """The provider of a model, and the model's name; the default ones for None.

        :raises UnknownModel: if every provider's list is known and none has it
        """
        if model is None:
            return self.providers.default, self.default_model()
        lists = {provider: self.models(provider) for provider in self.providers.all}
        for provider, models in lists.items():
            if model in models or model == provider.default_model:
                return provider, model
        silent = next((provider for provider, models in lists.items() if not models), None)
        if silent is None:
            known = ", ".join(name for models in lists.values() for name in models[:20])
            raise UnknownModel(f"There is no model {model!r} here. Known models: {known}.")
        return silent, model  # a server that lists nothing has to judge for itself

    def default_model(self) -> str:
        """The model asked when none is named; "default" if its server does not say."""
        provider = self.providers.default
        return provider.default_model or next(iter(self.models(provider)), "default")

    def models(self, provider: Provider) -> list[str]:
        """The models of a provider; [] if it does not list them now."""
        if provider.models:
            return list(provider.models)
        with self._listing:  # one asks, the others wait for what it learns
            until, models = self._listed.get(provider.name, (0.0, []))
            if time.monotonic() > until:
                models = self._list(provider)
                self._listed[provider.name] = time.monotonic() + (_LISTED_S if models else _SILENT_S), models
        return models

    def _list(self, provider: Provider) -> list[str]:
        try:
            return self._client(provider).models()
        except UpstreamError:
            return []

    def open(self, provider: Provider, ask: Ask) -> Stream:
        """:raises UpstreamError: see `Client.open`"""
        return self._client(provider).open(ask)

    def events(self, provider: Provider, fields: dict[str, Any]) -> EventStream:
        """:raises UpstreamError: see `Client.events`"""
        return self._client(provider).events(fields)

    def _client(self, provider: Provider) -> Client:
        client = self._clients.get(provider.name)
        if client is None:
            base_url = provider.base_url or f"http://127.0.0.1:{demo.serve().server_port}/v1"
            client = self._clients[provider.name] = Client(provider, base_url, self._limits, self._transport)
        return client


def limits(settings: Settings) -> Limits:
    return Limits(event_bytes=settings.event_bytes, answer_bytes=settings.answer_bytes)


@functools.cache
def discover(settings: Settings) -> Providers:
    """Resolve the providers, asking the usual local ports where nothing is named: once, workers inherit the answer.

    :raises SettingsError: see `providers.resolve`
    """

    def list_models(base_url: str) -> list[str]:
        try:
            return Client(Provider("local", base_url), base_url, limits(settings), Transport()).models()
        except UpstreamError:
            return []

    return resolve(settings, list_models)
