"""Tool calls put together: their arguments come in pieces, and those of several calls may be mixed."""

from collections.abc import Mapping
from typing import Any

import msgspec


class Call(msgspec.Struct, frozen=True):
    """A whole call. `arguments` is JSON as the model wrote it, if it is JSON; a call without any may have ""."""

    index: int
    id: str
    name: str
    arguments: str


class _Growing:
    """A call under way. Its pieces are joined once: a text that grows by each would be copied each time."""

    __slots__ = ("arguments", "id", "name")

    def __init__(self) -> None:
        self.id = self.name = ""
        self.arguments: list[str] = []


class Calls:
    """The calls of one answer, by their index.

    The beginning of another call says nothing about the one before. A call is whole when its round is over: with the
    first result, or with the end of an answer that ended well. The caller knows, and asks then.
    """

    def __init__(self) -> None:
        self._growing: dict[int, _Growing] = {}

    def add(self, piece: Mapping[str, Any]) -> None:
        """Take the next piece: {index, id, name, arguments}; id and name may come late."""
        call = self._growing.setdefault(piece["index"], _Growing())
        call.id = call.id or piece["id"]
        call.name = call.name or piece["name"]
        call.arguments.append(piece["arguments"])

    def __bool__(self) -> bool:
        """Whether calls are under way."""
        return bool(self._growing)

    def whole(self) -> list[Call]:
        """Now that the round is over: its calls, in the order they began. Each is given once."""
        growing, self._growing = self._growing, {}
        return [Call(index, call.id, call.name, "".join(call.arguments)) for index, call in growing.items()]
