"""Trees of messages as other programs keep them, of which not every node is a message that somebody saw."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from chatstream.chats.transfer import MESSAGES_MAX, ExportedFile, ExportedMessage
from chatstream.errors import BadRequest
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
    files: list[ExportedFile] = []


class Tree:
    """Theirs as ours. Several messages of the model in a row are one answer, unless it forks between them.

    :param nodes: by their ids, in the order of creation as far as it is known
    """

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self._nodes = nodes
        self._passed: dict[str, str | None] = {}
        self._seen = _without_circles({name: self._before(name) for name, node in nodes.items() if node.role})
        following = Counter(self._seen.values())
        self._joined = {
            name: parent
            for name, parent in self._seen.items()
            if parent and following[parent] == 1 and nodes[name].role == nodes[parent].role == "assistant"
        }

    def messages(self) -> list[ExportedMessage]:
        """:raises BadRequest: if there are more than a chat may have"""
        parts: dict[str, list[str]] = {name: [] for name in self._seen if name not in self._joined}
        if len(parts) > MESSAGES_MAX:
            raise BadRequest(f"It has more than {MESSAGES_MAX} messages.")
        for name in self._seen:
            parts[self._first(name)].append(name)
        return [self._message(name, some) for name, some in parts.items()]

    def place(self, name: str | None) -> str | None:
        """The message that a node has become part of, or the one before it."""
        found = name if name in self._seen else self._before(name)
        return None if found is None else self._first(found)

    def _first(self, name: str) -> str:
        """The first part of the answer that a node is part of. Whoever asks again for one of those passed is told at
        once, since each of thousands of parts asks."""
        passed = []
        while name in self._joined:
            passed.append(name)
            name = self._joined[name]
        for each in passed:
            self._joined[each] = name
        return name

    def _before(self, name: str | None) -> str | None:
        """The nearest message before a node, found out once for all nodes between them. Circles end the walk."""
        node = self._nodes.get(name or "")
        above = node.parent if node else None
        passed: list[str] = []
        while above and above in self._nodes and not self._nodes[above].role and above not in self._passed:
            self._passed[above] = None
            passed.append(above)
            above = self._nodes[above].parent
        found = self._passed.get(above, above if above in self._nodes else None) if above else None
        for each in passed:
            self._passed[each] = found
        return found

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
            files=first.files,
        )


def _without_circles(before: dict[str, str | None]) -> dict[str, str | None]:
    """Where a circle closes, a chat begins."""
    known: set[str] = set()
    for name in before:
        walked, at = set[str](), name
        while at not in known:
            known.add(at)
            walked.add(at)
            above = before[at]
            if above is None or above in walked:
                before[at] = None
                break
            at = above
    return before


def milliseconds(seconds: float | None) -> int | None:
    """A time of theirs, if it is one."""
    return int(seconds * 1000) if seconds and 0 < seconds * 1000 <= LATEST_MS else None


def _together(texts: list[str]) -> str:
    return "\n\n".join(filter(None, (text.strip("\n") for text in texts))).replace("\0", "")
