"""A long answer as a model writes it: paragraphs, lists, tables and code, in tokens of about four characters."""

import re
from itertools import cycle, islice

from tests.servers.model_steps import Step

PARAGRAPH = (
    "The tide comes in twice a day, because the Earth turns below two bulges of water; the Moon raises one of them on "
    "its own side, and the other lies opposite. Where the coast is shallow the water is late, and it rises higher.\n\n"
)
ITEMS = "- Brest: high water at 4:40, 5.2 m\n- Dover: high water at 11:05, 6.4 m\n"
TABLE = "\n".join(
    ["| hour | harbour | height | current |", "|---|---|---|---|"]
    + [f"| {n} | {'north' if n % 2 else 'south'} basin | {n * 7 % 41 / 10:.1f} m | {n * 3 % 7} kn |" for n in range(60)]
)
CODE = "\n".join(
    f"    for hour, level in enumerate(levels[{n}:]):  # one reading an hour, in metres above chart datum\n"
    f"        total_{n} += level * weight(hour, {n})"
    for n in range(80)
)
DOCUMENT = f"## The tide\n\n{PARAGRAPH * 3}{ITEMS}\n{TABLE}\n\n```python\ndef tide(levels):\n{CODE}\n```\n\n"
"""About 4 500 tokens. Its code has no empty line: such a block of text grows long."""

TOKENS = re.findall(r"\s?\w{1,7}|\s?[^\w\s]+|\s+", DOCUMENT)


def tokens(count: int) -> list[str]:
    return list(islice(cycle(TOKENS), count))


def text(count: int) -> str:
    """So many tokens of it."""
    return "".join(tokens(count))


def paced(pieces: list[str], pause: float) -> list[Step]:
    """The steps that write these pieces, so many seconds for each; four after each pause, which can be longer so, and
    is nearer to what it should be."""
    fours = (pieces[n : n + 4] for n in range(0, len(pieces), 4))
    return [step for four in fours for step in (["sleep", pause * len(four)], *(["text", piece] for piece in four))]


def ended(count: int) -> list[Step]:
    """The steps after the last piece."""
    usage = {"prompt_tokens": 5, "completion_tokens": count, "total_tokens": 5 + count}
    return [["finish", "stop"], ["usage", usage], ["done"], ["end"]]
