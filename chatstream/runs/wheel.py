"""A wheel of moments: finds among thousands those whose moment has come, and looks at no others."""

import time
from collections import defaultdict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Wheel(Generic[T]):
    """:param tick: seconds; what is due is found up to so much later, if it is looked for as often"""

    def __init__(self, tick: float) -> None:
        self.tick = tick
        self._due: defaultdict[int, set[T]] = defaultdict(set)
        self._at: dict[T, int] = {}
        self._turned = self._step(time.monotonic())

    def put(self, item: T, moment: float) -> None:
        """It is due at this time of `time.monotonic`'s, or in the next step. It must not be on the wheel."""
        self._at[item] = step = max(self._step(moment), self._turned) + 1
        self._due[step].add(item)

    def remove(self, item: T) -> None:
        """Take it off, if it is there."""
        step = self._at.pop(item, None)
        if step is not None:
            self._due[step].discard(item)

    def due(self, now: float) -> Iterator[T]:
        """Those whose moment has come since the last time. They are taken off."""
        last, self._turned = self._turned, self._step(now)
        for step in range(last + 1, self._turned + 1):
            for item in self._due.pop(step, ()):
                if self._at.get(item) == step:
                    del self._at[item]
                    yield item

    def _step(self, moment: float) -> int:
        return int(moment / self.tick)
