"""Chats deleted: one, or all of them."""

from functools import partial

from flask import Blueprint, Response, jsonify, render_template, request
from gevent.pool import Pool

from chatstream.access import OWNER
from chatstream.errors import StoreUnavailable
from chatstream.web.languages import N_
from chatstream.web.services import Services, services

blueprint = Blueprint("clearing", __name__)

UNSURE = N_("Nothing was deleted. Tick the box that says that you are sure.")
AT_ONCE = 16
"""Chats that are deleted at the same time: what SQLite is asked together it commits together."""


@blueprint.delete("/chats")
def all_of_them() -> Response:
    return jsonify(deleted=_remove_all(services()))


@blueprint.post("/transfer/delete")
def form() -> tuple[str, int]:
    """The page's form. What it says of the outcome is the same page."""
    if not request.form.get("sure"):
        return render_template("transfer.html", done=True, refused=UNSURE), 400
    return render_template("transfer.html", done=True, deleted=_remove_all(services())), 200


def remove(chat_id: str) -> None:
    """Delete a chat; an answer that is being written in it is stopped first."""
    _remove(services(), chat_id)


def _remove(s: Services, chat_id: str) -> None:
    for run_id in s.store.running(OWNER, chat_id):
        s.desk.stop(s.desk.find(OWNER, run_id))
    s.store.delete(OWNER, chat_id)


def _remove_all(s: Services) -> int:
    """How many there were. A chat that begins meanwhile stays.

    :raises StoreUnavailable: if not all can be deleted now, with how many were
    """
    chat_ids, deleted = [chat.id for chat in s.chats.all(OWNER)], 0
    try:
        for _ in Pool(AT_ONCE).imap_unordered(partial(_remove, s), chat_ids, maxsize=AT_ONCE):
            deleted += 1
    except StoreUnavailable as error:
        raise StoreUnavailable(f"{error} {deleted} of {len(chat_ids)} chats were deleted before.") from error
    return deleted
