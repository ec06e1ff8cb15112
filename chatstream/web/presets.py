"""Section 1 of docs/api.md: presets."""

from typing import Any

import msgspec
from flask import Blueprint, Response, jsonify

from chatstream.access import OWNER
from chatstream.chats import presets
from chatstream.chats.params import Params, chosen
from chatstream.store.records import Preset
from chatstream.web import bodies
from chatstream.web.services import services

blueprint = Blueprint("presets", __name__)


class PresetBody(msgspec.Struct, frozen=True):
    """The body of POST /presets."""

    name: str
    system: bodies.System = ""
    params: Params = Params()


class PresetChange(msgspec.Struct, frozen=True):
    """The body of PATCH /presets/<id>."""

    default: bool


@blueprint.get("/presets")
def listing() -> Response:
    return jsonify(presets=[_shown(preset) for preset in services().store.presets(OWNER)])


@blueprint.post("/presets")
def keep() -> tuple[Response, int]:
    body = bodies.read(PresetBody)
    preset = presets.keep(services().store, OWNER, body.name, body.system, chosen(body.params))
    return jsonify(_shown(preset)), 201


@blueprint.patch("/presets/<preset_id>")
def change(preset_id: str) -> Response:
    body = bodies.read(PresetChange)
    return jsonify(_shown(presets.make_default(services().store, OWNER, preset_id, body.default)))


@blueprint.delete("/presets/<preset_id>")
def drop(preset_id: str) -> Response:
    services().store.drop(OWNER, preset_id)
    return Response(status=204)


def for_new() -> Preset | None:
    """What new chats of the page begin with: the default preset, without its model where no server has that now."""
    s = services()
    preset = s.store.default(OWNER)
    model = preset.params.get("model") if preset else None
    if preset is None or model is None or not s.gateway.lacks(model):
        return preset
    left = {name: value for name, value in preset.params.items() if name != "model"}
    return msgspec.structs.replace(preset, params=left)


def _shown(preset: Preset) -> dict[str, Any]:
    named = {"_id": preset.id, "name": preset.name, "default": preset.is_default}
    return {**named, "system": preset.system, "params": preset.params}
