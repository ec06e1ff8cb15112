"""What is asked of a relay."""

from typing import NamedTuple


class Case(NamedTuple):
    """How many streams at once, how many in all, and what the model server sends on each."""

    at_once: int
    total: int
    tokens: int
    interval_us: int
    """From one token to the next; 0: as fast as they are taken."""
    silence_ms: int = 0
    """Between the last token and the end."""

    def __str__(self) -> str:
        pace = f"one every {self.interval_us / 1000:g} ms" if self.interval_us else "as fast as they are taken"
        return f"{self.total} streams, {self.at_once} at once, of {self.tokens} tokens, {pace}"


CASES = {
    "burst": Case(50, 300, 200, 0),
    "paced": Case(1000, 1000, 200, 20_000),
    "fast": Case(200, 200, 1000, 5_000),
    "single": Case(1, 20, 200, 0),
}
ENDLESS = 1_000_000
"""Tokens of a stream that nobody reads to its end."""


def held(streams: int) -> Case:
    """Streams of 50 tokens a second that do not end."""
    return Case(streams, streams, ENDLESS, 20_000)


def silent(streams: int) -> Case:
    """Streams whose model says one token and then nothing."""
    return Case(streams, streams, 1, 0, silence_ms=3_600_000)


def kept(streams: int, seconds: int) -> Case:
    """Paced streams that stay open for some seconds after their 200th token."""
    return Case(streams, streams, 200, 20_000, silence_ms=seconds * 1000)
