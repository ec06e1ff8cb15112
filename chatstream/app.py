"""The application: settings → services → blueprints. The only place that chooses implementations."""

import functools
import logging
import socket
import ssl
from hashlib import sha256
from pathlib import Path

from flask import Flask
from gevent import monkey

from chatstream.chats.branches import Branches
from chatstream.chats.service import Chats
from chatstream.chats.titler import Titler
from chatstream.errors import SettingsError, StoreUnavailable
from chatstream.runs.desk import Desk
from chatstream.settings import Settings, load
from chatstream.store.ports import Store
from chatstream.store.records import new_id
from chatstream.store.spool import Spool
from chatstream.store.sqlite import SqliteStore
from chatstream.tools import registry
from chatstream.tools.registry import Registry
from chatstream.upstream.abilities import Abilities
from chatstream.upstream.gateway import Gateway, discover
from chatstream.upstream.states import States
from chatstream.web import (
    bodies,
    branches,
    chat,
    clearing,
    cors,
    failures,
    files,
    guard,
    keeping,
    languages,
    llm,
    models,
    ops,
    pages,
    presets,
    relay,
    rendering,
    runs,
    security,
    shapes,
    shares,
    themes,
    tools,
    transfers,
    ui,
    ws,
)
from chatstream.web.dispatching import Apart
from chatstream.web.services import Services
from chatstream.wire.events import joined

_log = logging.getLogger(__name__)

ROOT = Path(__file__).parent.parent


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application of one worker.

    :raises SettingsError, StoreUnavailable: if it cannot serve; the message says what to change
    """
    _require_gevent()
    settings = settings or load()
    try:
        prepare(settings)
    except StoreUnavailable as error:
        if not prepare.cache_info().currsize:
            raise
        _log.warning("Started all the same, with settings that were changed meanwhile: %s", error)
    store = choose_store(settings)
    desk = Desk(store, settings, workers_folder(settings), worker=new_id())
    app = Flask("chatstream", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config["MAX_CONTENT_LENGTH"] = bodies.BODY_MAX
    app.url_map.merge_slashes = False  # what asks for the session /a, which cannot be, must not reach the one named a
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.extensions["chatstream"] = _services(settings, store, desk)
    _register(app, settings)
    app.wsgi_app = Apart(app.wsgi_app)  # type: ignore[method-assign]
    desk.open()
    if settings.mqtt_url:
        from chatstream.mqtt.bridge import Bridge  # with MongoDB's driver 16 MB and 0.2 s of a start

        Bridge(app, settings, desk.worker).open()
    return app


def _services(settings: Settings, store: Store, desk: Desk) -> Services:
    chats = Chats(store)
    gateway = Gateway(discover(settings), settings)
    titler = Titler(store, gateway, settings, lambda: desk.draining)
    desk.listeners.append(lambda run: titler.ended(run.id, run.end or {}, lambda: joined(run.events, "text")))
    branching, tools_ = Branches(store, chats), offered_tools(settings)
    known = States(gateway), Abilities(gateway)
    return Services(settings, store, gateway, *known, desk, chats, titler, branching, tools_)


def _register(app: Flask, settings: Settings) -> None:
    """The routes, and what holds for all of them."""
    for section in (
        *(chat, branches, presets, models, runs, relay, llm, shapes, ui, ws, rendering, pages, keeping, shares),
        *(transfers, clearing, tools, ops, files),
    ):
        app.register_blueprint(section.blueprint)
    languages.register(app)
    themes.register(app)
    cors.register(app, settings)
    security.register(app)
    guard.register(app)
    failures.register(app)


@functools.cache
def prepare(settings: Settings) -> None:
    """Make what the store needs, and see whether everything can be written to: once, workers inherit the outcome.

    So a worker that is started while the store is away serves what it can.

    :raises StoreUnavailable: with the reason
    """
    choose_store(settings).prepare()
    probe = Spool(workers_folder(settings), new_id())
    probe.open()
    probe.close()


def workers_folder(settings: Settings) -> Path:
    """Where this store's workers on this machine have their files: proof of life, and events that wait for it."""
    uri = settings.mongodb_uri
    store = f"mongodb-{sha256(choose_store(settings).name.encode()).hexdigest()[:16]}" if uri else "sqlite"
    return Path(settings.data_dir) / "workers" / store


def choose_store(settings: Settings) -> Store:
    if settings.mongodb_uri:
        from chatstream.store.mongo import MongoStore  # as above

        return MongoStore(settings.mongodb_uri)
    return SqliteStore(Path(settings.data_dir))


def offered_tools(settings: Settings) -> Registry:
    """:raises SettingsError: if they cannot be"""
    return registry.load(name.strip() for name in settings.tools.split(",") if name.strip())


def describe(settings: Settings) -> str:
    """The lines that tell, at the start, what is served: address, store, model and its server."""
    shown = settings.bind if settings.bind.startswith("unix:") else f"http://{settings.bind}"
    return f"ChatStream  {shown}\n  store     {choose_store(settings).name}\n  model     {_model(settings)}"


def _model(settings: Settings) -> str:
    providers = discover(settings)
    provider = providers.default
    if provider.demo:
        return "demo, built in: it needs no model server and knows one subject, streaming"
    model = provider.default_model or next(iter(Gateway(providers, settings).models(provider)), None)
    return f"{model or 'none listed yet'}, from {provider.name} at {provider.base_url}"


def _require_gevent() -> None:
    if not (monkey.is_object_patched("socket", "socket") and monkey.is_object_patched("ssl", "SSLContext")):
        raise SettingsError(
            "ChatStream needs gevent: run it with `make run`, `gunicorn wsgi:app` or `flask run`. "
            f"({socket.__name__} and {ssl.__name__} are not patched.)"
        )
