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


def families(messages: Sequence[Message]) -> dict[str | None, list[str]]:
    """The ids of the messages that share a place, by their parent, in the order they came."""
    found: dict[str | None, list[str]] = {}
    for message in messages:
        found.setdefault(message.parent_id, []).append(message.id)
    return found


def leaf_below(messages: Sequence[Message], message_id: str) -> str:
    """The end of the branch through a message: below it, always the one that came last. Circles end the walk."""
    children, seen = families(messages), {message_id}
    while (below := children.get(message_id)) and below[-1] not in seen:
        message_id = below[-1]
        seen.add(message_id)
    return message_id


def subtree(messages: Sequence[Message], message_id: str) -> list[str]:
    """A message, first, and all below it."""
    children = families(messages)
    found = {message_id: None}
    waiting = [message_id]
    while waiting:
        fresh = [child for child in children.get(waiting.pop(), ()) if child not in found]
        found.update(dict.fromkeys(fresh))
        waiting += fresh
    return list(found)
