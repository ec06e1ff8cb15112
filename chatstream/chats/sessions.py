"""Chats under a name that a program chose: its session, conversation or thread."""

from hashlib import sha256

from chatstream.errors import BadRequest
from chatstream.store.records import is_id

NAME_MAX = 200


def chat_id(owner: str, name: str) -> str:
    """The id of the chat with this name. The name of a chat that has none is its id.

    :raises BadRequest: for what is no name
    """
    if not 1 <= len(name) <= NAME_MAX or "\0" in name or name.startswith("/"):
        raise BadRequest(f"A session's name must have 1 to {NAME_MAX} characters, no NUL, and must not begin with /.")
    if is_id(name):
        return name
    return sha256(f"{owner}\0{name}".encode("utf-8", "surrogatepass")).hexdigest()[:24]
