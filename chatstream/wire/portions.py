"""What one read of upstream brought, as events and as deltas.

A row of chunks that differ in their text alone is read at once, wherever in the read it begins and ends. A whole answer
that comes in one read is nothing but one such row with an odd chunk before and behind it.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from chatstream.wire.chunks import ChunkReader, Delta
from chatstream.wire.sse import Event
from chatstream.wire.stencil import Blocks

_SINGLY = 4
"""How many blocks at the head of a read are looked at for themselves, to learn what the others may be like."""


class Portion(NamedTuple):
    """Events as they came, row by row, and the deltas decoded from them (of choice 0).

    One without either is a heartbeat. `[DONE]` is never among the events, nor what is no chunk.
    """

    events: Sequence[Sequence[Event]]
    deltas: list[Delta]


def portion(reader: ChunkReader, blocks: str, parse: Callable[[str], list[Event]]) -> Portion:
    """All that these blocks of an event stream hold, up to the answer's end or fault, which the reader knows then."""
    rows = [row for row in _rows(reader, blocks, parse) if row]
    return Portion(rows, reader.deltas())


def _rows(reader: ChunkReader, blocks: str, parse: Callable[[str], list[Event]]) -> Iterator[Sequence[Event]]:
    for _ in range(_SINGLY):
        if not blocks:
            return
        if end := reader.take_alike(blocks):
            yield Blocks(blocks[:end])
            blocks = blocks[end:]
            break
        if not reader.learns:
            break
        block, gap, blocks = blocks.partition("\n\n")
        yield _taken(reader, parse(block + gap))
    if blocks:
        yield _taken(reader, parse(blocks))


def _taken(reader: ChunkReader, events: list[Event]) -> list[Event]:
    return events[: reader.take(events)]
