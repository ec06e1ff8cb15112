"""What was made and may be wanted again."""

from collections import OrderedDict


class Kept:
    """HTML by what it was made of; the longest unused goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._known: OrderedDict[bytes, str] = OrderedDict()

    def get(self, key: bytes) -> str | None:
        if key in self._known:
            self._known.move_to_end(key)
        return self._known.get(key)

    def put(self, key: bytes, made: str) -> None:
        self._size += len(made) - len(self._known.pop(key, ""))
        self._known[key] = made
        while self._size > self._most:
            self._size -= len(self._known.popitem(last=False)[1])
