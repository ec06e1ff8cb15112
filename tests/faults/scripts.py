"""Random scripts for the model server: how it begins, what it says, and how it ends, each good or bad.

A script's text begins with `MARK`, which its submission's tag replaces: so the model server's log tells which script
was played, also where it keeps only the beginning of what was sent.
"""

import json
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from hypothesis import strategies as st

from tests.servers.model_steps import Step

MARK = "(mark)"
FOREVER_S = 30.0
"""Longer than any deadline of the servers under test."""
WORDS = [
    "one",
    "two",
    "naïve",
    "日本語",
    "😀",
    "e\u0301",
    "שלום",
    "a  b",
    "<b>",
    '"',
    "\\n",
    "\u2028",
    "\n\n",
    "data: x",
]
USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}


@dataclass(frozen=True)
class Script:
    """Steps, and in words what they are: names of an opening, of passages, and of an ending."""

    name: str
    steps: list[Step]

    def __repr__(self) -> str:
        return f"<{self.name}>"


def marked(steps: list[Step], tag: str) -> list[Step]:
    """The steps with the tag in place of the mark."""
    return [["text", f"{tag}: "] if step == ["text", MARK] else step for step in steps]


def event_bytes(text: str) -> str:
    """An event with this text, as the latin-1 string that steps take for bytes."""
    chunk: dict[str, Any] = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode().decode("latin-1")


words = st.sampled_from(WORDS).map(lambda word: f" {word}")


def spoken(least: int, most: int, pauses: list[float]) -> st.SearchStrategy[list[Step]]:
    """So many words with a pause before each."""
    return st.builds(
        lambda number, first, pause: [
            step
            for word in islice(cycle(WORDS), first, first + number)
            for step in (["sleep", pause], ["text", f" {word}"])
        ],
        st.integers(least, most),
        st.integers(0, len(WORDS) - 1),
        st.sampled_from(pauses),
    )


def cut(text: str, size: int) -> list[Step]:
    """An event in pieces of so many bytes, each a chunk and mostly a segment of its own."""
    data = event_bytes(text)
    pieces = [["raw", data[at : at + size]] for at in range(0, len(data), size)]
    return [step for piece in pieces for step in (piece, ["sleep", 0.005])]


PASSAGES: dict[str, st.SearchStrategy[list[Step]]] = {
    "paced": spoken(20, 60, [0.02, 0.05, 0.1]),
    "slow": spoken(2, 4, [0.5, 1.4]),
    "burst": spoken(20, 150, [0.0]),
    "cut": st.builds(cut, words, st.integers(1, 7)),
    "big": st.integers(20_000, 900_000).map(lambda size: [["text", "x" * size]]),
    "halves": st.just([["text", " \ud83d"], ["sleep", 0.05], ["text", "\ude00."]]),
    "thinking": st.lists(words, min_size=1, max_size=5).map(lambda said: [["reasoning", word] for word in said]),
    "comments": st.just([["repeat", 4, [["raw", ": waiting\n\n"], ["sleep", 0.3]]]]),
    "silence": st.sampled_from([1.2, 2.2]).map(lambda seconds: [["sleep", seconds]]),
}

GOOD: dict[str, list[Step]] = {
    "stop": [["finish", "stop"], ["usage", USAGE], ["done"], ["end"]],
    "length": [["finish", "length"], ["done"], ["end"]],
    "content_filter": [["finish", "content_filter"], ["done"], ["end"]],
    "no [DONE]": [["finish", "stop"], ["end"]],
    "text after [DONE]": [["finish", "stop"], ["done"], ["text", "never"], ["end"]],
    "FIN after [DONE]": [["finish", "stop"], ["done"], ["fin"]],
}
BAD: dict[str, list[Step]] = {
    "null finish": [["finish", None], ["done"], ["end"]],
    "[DONE] alone": [["done"], ["end"]],
    "nothing": [["end"]],
    "FIN": [["fin"]],
    "RST": [["rst"]],
    "FIN in mid-chunk": [["wire", 'fff\r\ndata: {"choices":['], ["fin"]],
    "FIN after an event in mid-chunk": [["wire", "fff\r\n" + event_bytes(" last")], ["fin"]],
    "stall": [["sleep", FOREVER_S]],
    "error object": [["chunk", {"error": {"message": "Out of memory."}}], ["end"]],
    "no JSON": [["event", "{nonsense"], ["end"]],
}
OPENINGS: dict[str, list[Step]] = {
    "late head": [["sleep", 0.7]],
    "very late head": [["sleep", 2.4]],
    "late token": [["headers", {}], ["sleep", 1.5]],
    "comments first": [["repeat", 3, [["raw", ": wait\n\n"], ["sleep", 0.3]]]],
}
REFUSALS: dict[str, list[Step]] = {
    "401": [["status", 401, {}, {"error": {"message": "Who are you?"}}]],
    "429": [["status", 429, {"Retry-After": "3"}, {"error": {"message": "Too much."}}]],
    "500": [["status", 500, {}, "broken"]],
    "503": [["status", 503, {"Retry-After": "3"}, {"error": {"message": "Busy."}}]],
    "JSON error": [["status", 200, {}, {"error": {"message": "Not today."}}]],
    "RST before the head": [["sleep", 0.2], ["rst"]],
    "stall before the head": [["sleep", FOREVER_S]],
    "stall before the first token": [["headers", {}], ["sleep", FOREVER_S]],
}


@st.composite
def answers(draw: st.DrawFn) -> Script:
    """A script that says something: most of them whole, some with a late start."""
    opening = draw(st.sampled_from(["", "", "", *OPENINGS]))
    passages = draw(st.lists(st.sampled_from(["paced", *PASSAGES]), min_size=1, max_size=3))
    ending = draw(st.sampled_from(["stop", "stop", "stop", *GOOD, *BAD]))
    said = [step for name in passages for step in draw(PASSAGES[name])]
    steps = [*OPENINGS.get(opening, []), ["text", MARK], *said, *(GOOD | BAD)[ending]]
    return Script(" · ".join(filter(None, [opening, *passages, ending])), steps)


refusals = st.sampled_from(list(REFUSALS)).map(lambda name: Script(name, REFUSALS[name]))
scripts = st.one_of(answers(), answers(), answers(), answers(), refusals)
