"""The model servers there are, and which of them is used by default.

In order: what the settings name (OPENAI_BASE_URL); `providers.toml`, with one default for development and one for
production; in development, whatever answers on the ports local servers use, else the demo model.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from dotenv import dotenv_values

from chatstream.errors import SettingsError
from chatstream.settings import Settings, Url

LOCAL_SERVERS = {1234: "LM Studio", 11434: "Ollama", 8080: "llama.cpp or LocalAI", 8000: "vLLM"}
DEMO = "demo"

ListModels = Callable[[str], list[str]]
"""Asks the model server at a base URL for its models; [] when none answers."""


class Provider(msgspec.Struct, frozen=True):
    """A model server. Without a base URL it is the demo model, served by this process."""

    name: str
    base_url: str | None = None
    api_key: str | None = None
    models: tuple[str, ...] = ()
    """The models it serves, and no others. Empty: whatever it lists itself."""
    default_model: str | None = None
    """The one asked when a request names none; None: the first."""
    images: bool | None = None
    """Whether its models take images; None: it is asked."""

    @property
    def demo(self) -> bool:
        return self.base_url is None


class Providers(msgspec.Struct, frozen=True):
    """All of them; the first is the default."""

    all: tuple[Provider, ...]

    @property
    def default(self) -> Provider:
        return self.all[0]


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    base_url: Url
    key: str | None = None
    models: tuple[str, ...] = ()
    images: bool | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    providers: dict[str, _Entry]
    development: str | None = None
    production: str | None = None


def resolve(settings: Settings, list_models: ListModels) -> Providers:
    """Decide which model servers there are.

    :raises SettingsError: in production with nothing named, or for a providers file that cannot be used
    """
    if settings.openai_base_url:
        base_url, model = settings.openai_base_url.rstrip("/"), settings.ai_model
        return Providers((Provider("OPENAI_BASE_URL", base_url, settings.openai_api_key, default_model=model),))
    if Path(settings.providers).exists():
        return _from_file(settings)
    if settings.env == "production":
        raise SettingsError(
            "No model server is named. Set OPENAI_BASE_URL (and AI_MODEL, OPENAI_API_KEY) in .env, or write a "
            f"{settings.providers}; to try ChatStream with its demo model, set CHATSTREAM_ENV=development."
        )
    found = _discover(settings, list_models)
    return Providers((found or Provider(DEMO),))


def named(settings: Settings, name: str) -> Provider:
    """One of the providers file.

    :raises SettingsError: if it is not there, or has no key
    """
    if not Path(settings.providers).exists():
        raise SettingsError(f"There is no {settings.providers} here that names providers: docs/providers.md.")
    entries = _read(Path(settings.providers)).providers
    if name not in entries:
        raise SettingsError(f"{settings.providers} names no provider {name!r}. It names {', '.join(entries)}.")
    return _provider(name, entries[name], {**dotenv_values(".env"), **os.environ}, None)


def _discover(settings: Settings, list_models: ListModels) -> Provider | None:
    import gevent  # here alone: a program that only reads the providers file needs none

    ours = settings.bind.rpartition(":")[2]
    ports = [port for port in LOCAL_SERVERS if str(port) != ours]
    urls = [f"http://127.0.0.1:{port}/v1" for port in ports]
    asked = [gevent.spawn(list_models, url) for url in urls]
    gevent.joinall(asked)
    for port, url, answer in zip(ports, urls, asked, strict=True):
        if answer.value:
            return Provider(LOCAL_SERVERS[port], url, settings.openai_api_key, default_model=settings.ai_model)
    return None


def _from_file(settings: Settings) -> Providers:
    named = _read(Path(settings.providers))
    if slashed := [name for name in named.providers if "/" in name]:
        raise SettingsError(f"{settings.providers} names a provider {slashed[0]!r}. Give it a name without a slash.")
    first = named.production if settings.env == "production" else named.development
    first = first or next(iter(named.providers), None)
    if first is None or first not in named.providers:
        raise SettingsError(
            f"{settings.providers} must name its provider for {settings.env}: "
            f'{settings.env} = "NAME", where [providers.NAME] stands in the same file.'
        )
    variables = {**dotenv_values(".env"), **os.environ}
    chosen = _provider(first, named.providers[first], variables, settings.ai_model)
    others = [(name, entry) for name, entry in named.providers.items() if name != first]
    usable = [(name, entry) for name, entry in others if not entry.key or variables.get(entry.key)]
    return Providers((chosen, *(_provider(name, entry, variables, None) for name, entry in usable)))


def _read(path: Path) -> _File:
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, OSError) as error:
        raise SettingsError(f"{path} cannot be used: {error}. docs/providers.md shows its form.") from error


def _provider(name: str, entry: _Entry, variables: Mapping[str, Any], default_model: str | None) -> Provider:
    key = variables.get(entry.key) if entry.key else None
    if entry.key and not key:
        raise SettingsError(f"Provider {name} takes its key from {entry.key}, which is not set. Set it in .env.")
    model = default_model or next(iter(entry.models), None)
    return Provider(name, entry.base_url.rstrip("/"), key, entry.models, model, entry.images)
