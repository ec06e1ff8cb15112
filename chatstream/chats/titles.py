"""A chat's title: the first words of its first question, at once, and what the model calls it, in the background."""

import re
from collections.abc import Sequence
from typing import Any

LONGEST = 60
TITLE_MAX = 200
"""Characters of any title."""
EXCERPT = 2000
"""Characters of the question, and of the answer, that the model is shown."""
_WORDS_MAX = 12
_MARKS = "\"'`*_#„“”‚‘’«»「」『』《》 \t"
_LABEL = re.compile(r"^(title|titel|titre|título)\s*:\s*", re.IGNORECASE)
_TASK = (
    "Give this conversation a title of 3 to 6 words, in the language of the conversation. "
    "Answer with the title alone: one line, without quotation marks, without a full stop."
)


def first_words(prompt: str) -> str:
    """One line of at most 60 characters, cut between words where there are any."""
    line = " ".join(prompt.split())
    if len(line) <= LONGEST:
        return line
    cut = line[: LONGEST - 1]
    head, space, _ = cut.rpartition(" ")
    return (head if space and len(head) > LONGEST // 2 else cut) + "…"


def line(text: str) -> str:
    """The text as a title of one line."""
    return " ".join(text.replace("\0", " ").split())[:TITLE_MAX]


def task(question: str, answer: str) -> list[dict[str, Any]]:
    """The messages that ask a model for a title."""
    said = f"Question:\n{question[:EXCERPT]}\n\nAnswer:\n{answer[:EXCERPT]}"
    return [{"role": "user", "content": f"{_TASK}\n\n<conversation>\n{said}\n</conversation>\n\n{_TASK}"}]


def sensible(said: str) -> str | None:
    """What the model said as a title; None for what is none."""
    lines: Sequence[str] = [each for each in said.splitlines() if each.strip()]
    found = _LABEL.sub("", line(lines[0]).strip(_MARKS)).strip(_MARKS).rstrip(".。") if len(lines) == 1 else ""
    fits = 0 < len(found) <= LONGEST and len(found.split()) <= _WORDS_MAX
    return found if fits else None
