"""Whether a model takes images, as far as its server says. OpenAI's list of models does not, so each server has its own
place for it: OpenRouter, Mistral and llama.cpp in that list, Ollama and LM Studio beside it.
"""

import contextlib
import time
from collections.abc import Callable, Iterator

import gevent
import msgspec
from gevent.lock import BoundedSemaphore

from chatstream.errors import UpstreamError, UpstreamRateLimited, UpstreamRefused
from chatstream.upstream.client import LIST_S
from chatstream.upstream.gateway import Gateway
from chatstream.upstream.providers import Provider

KNOWN_S, UNREACHED_S = 600.0, 30.0
"""How long it is believed what a server said, or that it does not say; and how long one that did not answer is not
asked again."""
_MOST = 1000
_FAULTS = (500, 502, 504)

Get = Callable[[str, dict[str, str] | None], bytes]
"""Asks the model server: a path behind its base URL, and a body where it is a POST; raises `UpstreamError`."""


class _Known:
    """What is known of a model, and until when."""

    def __init__(self) -> None:
        self.lock = BoundedSemaphore()
        self.until = 0.0
        self.found: bool | None = None


class Abilities:
    """What the models take, asked when somebody wants to send it."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._known: dict[tuple[str, str], _Known] = {}

    def takes_images(self, provider: Provider, model: str) -> bool | None:
        """None if nobody says."""
        if provider.images is not None:
            return provider.images
        if len(self._known) >= _MOST:  # some servers take any name for a model's
            self._known.clear()
        known = self._known.setdefault((provider.name, model), _Known())
        if time.monotonic() > known.until:
            with known.lock:  # one asks, the others wait for what it learns
                if time.monotonic() > known.until:
                    known.found, lasts_s = self._ask(provider, model)
                    known.until = time.monotonic() + lasts_s
        return known.found

    def _ask(self, provider: Provider, model: str) -> tuple[bool | None, float]:
        with gevent.Timeout(LIST_S, exception=False), contextlib.suppress(UpstreamError):
            return said(model, lambda path, body: self._gateway.ask(provider, path, body)), KNOWN_S
        return None, UNREACHED_S


def said(model: str, ask: Get) -> bool | None:
    """By the first of the known ways that its server knows.

    :raises UpstreamError: if it cannot be reached
    """
    for way in (_by_list, _by_ollama, _by_lm_studio):
        with contextlib.suppress(msgspec.MsgspecError, UnicodeError, RecursionError):
            if (found := way(model, _without(ask))) is not None:
                return found
    return None


def _without(ask: Get) -> Get:
    """A server that has no such path says nothing there; one that is too busy, or broken, says nothing at all."""

    def asked(path: str, body: dict[str, str] | None) -> bytes:
        try:
            return ask(path, body)
        except UpstreamRefused as error:
            if isinstance(error, UpstreamRateLimited) or error.upstream_status in _FAULTS:
                raise
            return b"{}"

    return asked


_KINDS = {"vlm": True, "llm": False}


class _Architecture(msgspec.Struct):
    input_modalities: list[str]


class _Entry(msgspec.Struct):
    """`architecture`: https://openrouter.ai/docs/api-reference/list-available-models; `capabilities`: an object,
    https://docs.mistral.ai/api/#tag/models, or a list, https://github.com/ggml-org/llama.cpp/tree/master/tools/server;
    `type`: https://lmstudio.ai/docs/developer/rest/endpoints"""

    id: str = ""
    name: str = ""
    architecture: _Architecture | None = None
    capabilities: dict[str, bool] | list[str] | None = None
    type: str = ""


class _List(msgspec.Struct):
    data: list[msgspec.Raw] = []
    models: list[msgspec.Raw] = []
    """llama.cpp's, beside OpenAI's."""


class _Shown(msgspec.Struct):
    """https://docs.ollama.com/api-reference/show-model-details"""

    capabilities: list[str]


def _by_list(model: str, ask: Get) -> bool | None:
    return _listed(model, ask("models", None))


def _by_ollama(model: str, ask: Get) -> bool:
    return "vision" in msgspec.json.decode(ask("../api/show", {"model": model}), type=_Shown).capabilities


def _by_lm_studio(model: str, ask: Get) -> bool | None:
    return _listed(model, ask("../api/v0/models", None))


def _listed(model: str, listed: bytes) -> bool | None:
    for entry in _entries(listed):
        if model in (entry.id, entry.name) and (found := _of(entry)) is not None:
            return found
    return None


def _entries(listed: bytes) -> Iterator[_Entry]:
    """Those that can be read: others may hold anything."""
    found = msgspec.json.decode(listed, type=_List)
    for raw in (*found.data, *found.models):
        with contextlib.suppress(msgspec.ValidationError):
            yield msgspec.json.decode(raw, type=_Entry)


def _of(entry: _Entry) -> bool | None:
    if entry.architecture:
        return "image" in entry.architecture.input_modalities
    if entry.type in _KINDS:  # before its capabilities, which name tools alone
        return _KINDS[entry.type]
    if isinstance(entry.capabilities, dict):
        return entry.capabilities.get("vision")
    named = entry.capabilities or ()
    return True if "multimodal" in named else False if "completion" in named else None  # others mean something else
