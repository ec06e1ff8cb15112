"""The tools that a chat may allow its model to call here."""

from flask import Blueprint, Response, jsonify

from chatstream.web.services import services

blueprint = Blueprint("tools", __name__)


@blueprint.get("/tools")
def listing() -> Response:
    tools = services().tools
    shown = [{"name": tool.name, "description": tool.description, "parameters": tool.parameters} for tool in tools]
    return jsonify(tools=shown)
