"""The page's forms for a chat, without JavaScript: pin it, put it away, share it."""

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from chatstream.access import OWNER
from chatstream.web.chat import checked
from chatstream.web.services import services

blueprint = Blueprint("keeping", __name__, url_prefix="/c")


@blueprint.post("/<chat_id>/keep")
def keep(chat_id: str) -> Response:
    fields = {name: request.form[name] == "1" for name in ("pinned", "archived") if name in request.form}
    services().chats.change(OWNER, checked(chat_id), fields)
    return redirect(f"/c/{chat_id}", 303)


@blueprint.post("/<chat_id>/share")
def share(chat_id: str) -> Response:
    if request.form.get("shared") == "0":
        services().chats.unshare(OWNER, checked(chat_id))
    else:
        services().chats.share(OWNER, checked(chat_id))
    return redirect(f"/c/{chat_id}", 303)
