"""A chat's messages are a tree: asking again or from the middle makes a branch, and nothing is overwritten."""

from collections.abc import Sequence

from chatstream.store.records import Message


def branch(messages: Sequence[Message], leaf_id: str | None) -> list[Message]:
    """The messages from the root to the leaf. Unknown ids and circles end the walk."""
    by_id = {message.id: message for message in messages}
    found: list[Message] = []
    message = by_id.pop(leaf_id, None) if leaf_id else None
    while message is not None:
        found.append(message)
        message = by_id.pop(message.parent_id, None) if message.parent_id else None
    return found[::-1]
