"""Trees of messages as other programs keep them, of which not every node is a message that somebody saw."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from chatstream.chats.transfer import ExportedMessage
from chatstream.wire.events import State

Role = Literal["user", "assistant"]
LATEST_MS = 253_402_300_799_999


def role(theirs: str) -> Role | None:
    """Theirs, if it is one of ours."""
    return "user" if theirs == "user" else "assistant" if theirs == "assistant" else None


class Node(msgspec.Struct):
    """One of theirs. What has no role is left out, and what follows it follows what comes before it."""

    parent: str | None
    role: Role | None = None
    content: str = ""
    reasoning: str = ""
    state: State = "complete"
    model: str | None = None
    error: dict[str, str] | None = None
    created_at: int | None = None


class Tree:
    """Theirs as ours. Several messages of the model in a row are one answer, unless it forks between them.

    :param nodes: by their ids, in the order of creation as far as it is known
    """

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self._nodes = nodes
        self._seen = {name: self._ancestor(name) for name, node in nodes.items() if node.role}
        following = Counter(self._seen.values())
        self._joined = {
            name: parent
            for name, parent in self._seen.items()
            if parent and following[parent] == 1 and nodes[name].role == nodes[parent].role == "assistant"
        }

    def messages(self) -> list[ExportedMessage]:
        parts: dict[str, list[str]] = {name: [] for name in self._seen if name not in self._joined}
        for name in self._seen:
            parts[self.place(name) or name].append(name)
        return [self._message(name, some) for name, some in parts.items()]

    def place(self, name: str | None) -> str | None:
        """The message that a node has become part of, or the one before it."""
        found = name if name in self._seen else self._ancestor(name)
        for _ in range(len(self._joined) + 1):
            if found not in self._joined:
                break
            found = self._joined[found]
        return found

    def _ancestor(self, name: str | None) -> str | None:
        """The nearest message before a node. Circles end the walk."""
        walked = set()
        node = self._nodes.get(name or "")
        while node is not None and node.parent and node.parent not in walked:
            walked.add(node.parent)
            above = self._nodes.get(node.parent)
            if above is not None and above.role:
                return node.parent
            node = above
        return None

    def _message(self, name: str, parts: Sequence[str]) -> ExportedMessage:
        nodes = [self._nodes[part] for part in parts]
        first, last = nodes[0], nodes[-1]
        return ExportedMessage(
            id=name,
            parent_id=self.place(self._seen[name]),
            role=first.role or "user",
            content=_together([node.content for node in nodes]),
            reasoning=_together([node.reasoning for node in nodes]),
            state=last.state,
            error=last.error,
            model=next((node.model for node in nodes if node.model), None),
            created_at=first.created_at,
        )


def milliseconds(seconds: float | None) -> int | None:
    """A time of theirs, if it is one."""
    return int(seconds * 1000) if seconds and 0 < seconds * 1000 <= LATEST_MS else None


def _together(texts: list[str]) -> str:
    return "\n\n".join(filter(None, (text.strip("\n") for text in texts))).replace("\0", "")
