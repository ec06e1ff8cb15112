"""A long text in pieces that can be read one by one, since no block goes over from one to the next."""

import re
from collections.abc import Iterator

PIECE = 16_000
"""At least so many characters: reading them takes 3 ms."""
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_BREAK = re.compile(r"[^\s>*+\-0-9|]")
"""What begins a line that belongs to nothing before it, if that one is blank: no item, no quote, nothing indented."""


def pieces(text: str) -> Iterator[str]:
    if len(text) <= PIECE:
        yield text
        return
    some: list[str] = []
    size, fence, blank = 0, "", False
    for line in text.splitlines(keepends=True):
        if size > PIECE and blank and not fence and _BREAK.match(line):
            yield "".join(some)
            some, size = [], 0
        fence = _fence(fence, line.rstrip())
        blank = not line.strip()
        some.append(line)
        size += len(line)
    yield "".join(some)


def _fence(open_fence: str, line: str) -> str:
    """The fence that is open behind this line."""
    found = _FENCE.match(line)
    if not found:
        return open_fence
    if not open_fence:
        return found[1]
    closes = found[1].startswith(open_fence) and line.strip() == found[1]
    return "" if closes else open_fence
