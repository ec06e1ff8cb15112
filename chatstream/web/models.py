"""The models there are, by their providers, and how each of these is."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify

from chatstream.upstream.providers import Provider
from chatstream.web.services import services

blueprint = Blueprint("models", __name__)


@blueprint.get("/models")
def listing() -> Response:
    s = services()
    listed = s.gateway.listed()
    shown = [
        {
            "name": shown_name(provider),
            "state": state.name,
            "message": state.message,
            "models": [model for model, owner in listed if owner == provider],
        }
        for provider, state in s.states.all()
    ]
    return jsonify(default=s.gateway.default_model(), providers=shown)


def shown_name(provider: Provider) -> str:
    """One that was given by a setting has no name of its own: its host tells it."""
    if provider.demo:
        return "Built in"
    return urlsplit(provider.base_url or "").netloc if provider.name == "OPENAI_BASE_URL" else provider.name
