"""Section 4 of docs/api.md: is it alive, is it ready."""

from flask import Blueprint, Response, jsonify

from chatstream.web.services import services

blueprint = Blueprint("ops", __name__)


@blueprint.get("/healthz")
def alive() -> Response:
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> Response:
    """503 while the store is away. The model is the one asked by default."""
    s = services()
    s.store.ping()
    provider = s.gateway.providers.default
    return jsonify(status="ok", store=s.store.name, provider=provider.name, model=s.gateway.default_model())
