"""All model servers behind one door: find the one that serves a model, and open a stream from it."""

import functools
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import gevent
from gevent.lock import BoundedSemaphore

from chatstream.errors import UnknownModel, UpstreamError, UpstreamRefused
from chatstream.settings import Settings
from chatstream.upstream import demo
from chatstream.upstream.client import Ask, Client
from chatstream.upstream.providers import Provider, Providers, resolve
from chatstream.upstream.stream import EventStream, Limits, Stream
from chatstream.upstream.transport import Transport

_LISTED_S, _SILENT_S = 30.0, 2.0
"""How long a server's own list of models is believed, and how long one that gave none is not asked again."""
_NO_ROUTE = (404, 405, 501)
_CHAT_ONLY_MAX, _CHAT_ONLY_S = 1000, 600.0


class _Known(NamedTuple):
    """A list of models that is there, in place of a greenlet that asks for it."""

    models: list[str]

    def get(self) -> list[str]:
        return self.models


class Gateway:
    """The providers with their clients, each made at its first use."""

    def __init__(self, providers: Providers, settings: Settings) -> None:
        self.providers = providers
        self._limits = limits(settings)
        self._transport = Transport()
        self._clients: dict[str, Client] = {}
        self._listing = {provider.name: BoundedSemaphore() for provider in providers.all}
        self._listed: dict[str, tuple[float, list[str]]] = {}
        self._chat_only: dict[tuple[str, str], float] = {}

    def choose(self, model: str | None) -> tuple[Provider, str]:
        """The provider of a model, and the model's own name; the default ones for None.

        `provider/model` means that provider's. A plain name means the first provider's that has it.

        :raises UnknownModel: if every provider's list is known and none has it
        """
        if model is None:
            return self.providers.default, self.default_model()
        if model == self.providers.default.default_model and "/" not in model:
            return self.providers.default, model
        asked = self._asked()
        wanted = [(provider, own) for provider in asked if (own := _own_name(provider, model)) is not None]
        wanted += [(provider, model) for provider in asked]
        for provider, name in wanted:  # a server that hangs keeps nobody waiting whose model another one has before it
            if name == provider.default_model or name in asked[provider].get():
                return provider, name
        for provider, name in wanted:
            if not asked[provider].get():
                return provider, name  # a server that lists nothing has to judge for itself
        known = ", ".join(name for name, _ in self.listed()[:100])
        raise UnknownModel(f"There is no model {model!r} here. Known models: {known}.")

    def listed(self) -> list[tuple[str, Provider]]:
        """All models by the names that `choose` finds them by, each with its provider; the default one first.

        A model's own name, or `provider/model` where two providers have that name.
        """
        return self._named([(p, model) for p, models in self._asked().items() for model in models.get()])

    def remembered(self) -> list[str]:
        """The names in `listed` that are known: nobody waits. Who was not asked lately is asked meanwhile."""
        for provider in self.providers.all:
            if self._known(provider) is None and not self._listing[provider.name].locked():
                gevent.spawn(self.models, provider)
        last = self._last().items()
        return [name for name, _ in self._named([(provider, model) for provider, models in last for model in models])]

    def lacks(self, model: str) -> bool:
        """Whether `choose` would refuse it, by what is known: nobody waits, and in doubt it would not."""
        last = self._last()
        if not all(last.values()):
            return False
        names = ((provider, name) for provider in last for name in (model, _own_name(provider, model)))
        return not any(name and (name == p.default_model or name in last[p]) for p, name in names)

    def _last(self) -> dict[Provider, Sequence[str]]:
        """What each provider had when it was last asked; nothing where it has not told yet, or tells nothing."""
        return {p: p.models or self._listed.get(p.name, (0.0, []))[1] for p in self.providers.all}

    def _named(self, found: list[tuple[Provider, str]]) -> list[tuple[str, Provider]]:
        default = self.providers.default, self.default_model()
        pairs = dict.fromkeys(sorted(found, key=default.__ne__))
        having = Counter(model for _, model in pairs)
        long = {f"{provider.name}/{model}" for provider, model in pairs}

        def name(provider: Provider, model: str) -> str:
            return f"{provider.name}/{model}" if having[model] > 1 or model in long else model

        return [(name(provider, model), provider) for provider, model in pairs]

    def _asked(self) -> dict[Provider, "_Known | gevent.Greenlet"]:
        """Every provider's models, as they become known; all are asked at the same time."""
        return {
            provider: self._known(provider) or gevent.spawn(self.models, provider) for provider in self.providers.all
        }

    def _known(self, provider: Provider) -> "_Known | None":
        """A provider's models, if nobody has to be asked for them now."""
        until, models = self._listed.get(provider.name, (0.0, []))
        if provider.models or time.monotonic() <= until:
            return _Known(list(provider.models) or models)
        return None

    def default_model(self) -> str:
        """The model asked when none is named; "default" if its server does not say."""
        provider = self.providers.default
        return provider.default_model or next(iter(self.models(provider)), "default")

    def models(self, provider: Provider) -> list[str]:
        """The models of a provider; [] if it does not list them now."""
        if provider.models:
            return list(provider.models)
        with self._listing[provider.name]:  # one asks, the others wait for what it learns
            until, models = self._listed.get(provider.name, (0.0, []))
            if time.monotonic() > until:
                models = self._list(provider)
                self._listed[provider.name] = time.monotonic() + (_LISTED_S if models else _SILENT_S), models
        return models

    def _list(self, provider: Provider) -> list[str]:
        try:
            return self.ask_models(provider)
        except UpstreamError:
            return []

    def ask_models(self, provider: Provider) -> list[str]:
        """What the server lists now.

        :raises UpstreamError: if it does not
        """
        return self._client(provider).models()

    def ask(self, provider: Provider, path: str, body: dict[str, str] | None) -> bytes:
        """:raises UpstreamError: see `ModelServer.ask`"""
        return self._client(provider).ask(path, body)

    def open(self, provider: Provider, ask: Ask) -> Stream:
        """:raises UpstreamError: see `Client.open`"""
        return self._client(provider).open(ask)

    def events(self, provider: Provider, fields: dict[str, Any]) -> EventStream:
        """:raises UpstreamError: see `Client.events`"""
        return self._client(provider).events(fields)

    def texts(self, provider: Provider, fields: dict[str, Any], as_chat: Callable[[], dict[str, Any]]) -> EventStream:
        """A text completion; a chat, where the model has none.

        That is remembered for the model, not for its server: some have both kinds of models.

        :param as_chat: the body of that chat. It is called only if the chat is asked
        :raises UpstreamError: see `Client.texts`
        """
        client, key = self._client(provider), (provider.name, fields["model"])
        if self._chat_only.get(key, 0.0) > time.monotonic():
            return client.events(as_chat())
        try:
            return client.texts(fields)
        except UpstreamRefused as refusal:
            if refusal.upstream_status not in _NO_ROUTE:
                raise
        stream = client.events(as_chat())
        if key in self._chat_only or len(self._chat_only) < _CHAT_ONLY_MAX:  # some servers take any name for a model's
            self._chat_only[key] = time.monotonic() + _CHAT_ONLY_S
        return stream

    def _client(self, provider: Provider) -> Client:
        client = self._clients.get(provider.name)
        if client is None:
            base_url = provider.base_url or f"http://127.0.0.1:{demo.serve().server_port}/v1"
            client = self._clients[provider.name] = Client(provider, base_url, self._limits, self._transport)
        return client


def _own_name(provider: Provider, model: str) -> str | None:
    """What stands behind the provider's name; None if that does not stand there."""
    before, slash, own = model.partition("/")
    return own if slash and own and before == provider.name else None


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
