"""Section 1 of docs/api.md: presets."""

from typing import Any

import msgspec
from flask import Blueprint, Response, jsonify

from chatstream.access import OWNER
from chatstream.chats import presets
from chatstream.store.records import Preset
from chatstream.web import bodies
from chatstream.web.services import services

blueprint = Blueprint("presets", __name__)


class PresetBody(msgspec.Struct, frozen=True):
    """The body of POST /presets."""

    name: str
    system: bodies.System = ""
    params: bodies.Sampling = bodies.Sampling()


@blueprint.get("/presets")
def listing() -> Response:
    return jsonify(presets=[_shown(preset) for preset in services().store.presets(OWNER)])


@blueprint.post("/presets")
def keep() -> tuple[Response, int]:
    body = bodies.read(PresetBody)
    preset = presets.keep(services().store, OWNER, body.name, body.system, bodies.chosen(body.params))
    return jsonify(_shown(preset)), 201


@blueprint.delete("/presets/<preset_id>")
def drop(preset_id: str) -> Response:
    services().store.drop(OWNER, preset_id)
    return Response(status=204)


def _shown(preset: Preset) -> dict[str, Any]:
    return {"_id": preset.id, "name": preset.name, "system": preset.system, "params": preset.params}
