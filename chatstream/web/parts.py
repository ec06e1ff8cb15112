"""A long chat is shown in parts: its end first, and earlier messages when the reader goes there."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chatstream.errors import NotFound
from chatstream.store.records import Message

MESSAGES = 50
EARLIER = 100
FAR = 500
"""So many messages are fetched on the way to one that a search found; what stands further up is shown by itself."""
CHARACTERS = 200_000
"""The bounds of a part, of which the first that is met counts: messages at a chat's end, before it, characters. So
rendering one takes a worker up to 10 ms, and laying it out a browser up to 30; a whole chat of 10 000 messages kept a
worker for 440 ms, and a browser for 2 s."""
LEAST = 2
"""The last question and its answer are shown however long they are."""

LONG = 16_000
"""A text with more characters is shown in blocks of whole lines, which a browser lays out one by one, as they come into
view: 1 MB as one block took it 470 ms. static/js/question-text.js does the same."""
BLOCK = 1_000
LINE = 8_000
"""No line that anybody reads is longer: it is broken at a word's end."""


class Part(NamedTuple):
    """Messages of one branch that follow each other. `before` is the first one's id, if there are earlier ones."""

    messages: Sequence[Message]
    before: str | None


def last(branch: Sequence[Message]) -> Part:
    """The end of a branch."""
    return _end(branch, MESSAGES)


def before(branch: Sequence[Message], message_id: str) -> Part:
    """What comes before a message.

    :raises NotFound: if it is not on the branch, or is its first message
    """
    for at, message in enumerate(branch):
        if at and message.id == message_id:
            return _end(branch[:at], EARLIER)
    raise NotFound("There are no such messages. They may belong to an answer that was asked for anew.")


class Place(NamedTuple):
    """Of a message on a branch: how many come after it, and the id of the next one."""

    after: int
    before: str | None


def place(branch: Sequence[Message], message_id: str) -> Place | None:
    """None if it is not on the branch."""
    at = next((at for at, message in enumerate(branch) if message.id == message_id), None)
    if at is None:
        return None
    rest = branch[at + 1 :]
    return Place(len(rest), rest[0].id if rest else None)


def blocks(text: str) -> Iterator[str]:
    """A long text in pieces: lines that together have `BLOCK` characters or more."""
    at = 0
    while at < len(text):
        end = text.find("\n", at + BLOCK - 1, at + LINE) + 1 or _broken(text, at)
        yield text[at:end]
        at = end


def _broken(text: str, at: int) -> int:
    if len(text) - at <= LINE:
        return len(text)
    return text.rfind(" ", at + BLOCK, at + LINE) + 1 or at + LINE


def _end(branch: Sequence[Message], most: int) -> Part:
    start = _start(branch, most)
    return Part(branch[start:], branch[start].id if start else None)


def _start(branch: Sequence[Message], most: int) -> int:
    """Where the part begins that ends with the branch, and has at most so many messages."""
    characters = 0
    for at in range(len(branch) - 1, -1, -1):
        characters += len(branch[at].content) + len(branch[at].reasoning)
        taken = len(branch) - at
        if taken > most or (taken > LEAST and characters > CHARACTERS):
            return at + 1
    return 0
