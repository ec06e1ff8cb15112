"""Chats deleted: one, or all of them."""

from contextlib import suppress

from flask import Blueprint, Response, jsonify, render_template, request
from gevent.pool import Pool

from chatstream.access import OWNER
from chatstream.errors import ChatStreamError, NotFound, StoreUnavailable
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
    try:
        return render_template("transfer.html", done=True, deleted=_remove_all(services())), 200
    except StoreUnavailable as error:
        return render_template("transfer.html", done=True, refused=str(error)), error.status


def remove(chat_id: str) -> None:
    """Delete a chat; an answer that is being written in it is stopped first."""
    _remove(services(), chat_id)


def _remove(s: Services, chat_id: str) -> None:
    for run_id in s.store.running(OWNER, chat_id):
        with suppress(NotFound):  # somebody else deletes the chat
            s.desk.stop(s.desk.find(OWNER, run_id))
    s.store.delete(OWNER, chat_id)


def _remove_all(s: Services) -> int:
    """How many there were.

    :raises StoreUnavailable: if one cannot be deleted; then no other is tried, and the error says how many were
    """
    chat_ids, failed = s.chats.ids(OWNER), list[ChatStreamError]()

    def removed(chat_id: str) -> bool:
        """Whether it was. An error as a value: gevent prints one that ends a greenlet."""
        if failed:
            return False
        try:
            _remove(s, chat_id)
        except ChatStreamError as error:
            failed.append(error)
            return False
        return True

    deleted = int(sum(Pool(AT_ONCE).imap_unordered(removed, chat_ids, maxsize=AT_ONCE)))
    if failed:
        raise StoreUnavailable(
            f"{deleted} of {len(chat_ids)}"
            " chats were deleted, then the database could not be used. Try again in a moment."
        ) from failed[0]
    return deleted
