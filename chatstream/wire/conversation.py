"""What a model is told of its own tool calls: OpenAI's messages of the roles `assistant` and `tool`.

https://platform.openai.com/docs/guides/function-calling
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec


def called(calls: Sequence[dict[str, Any]], text: str = "") -> list[dict[str, Any]]:
    """The message in which the model called, after this text, and one for each result; [] if none was run.

    :param calls: {id, name, arguments} each, and {result} of those that were run
    """
    ran = [call for call in calls if "result" in call]
    if not ran:
        return []
    ids = _ids(ran)
    asked = [
        {"id": id_, "type": "function", "function": {"name": call["name"], "arguments": _object(call["arguments"])}}
        for id_, call in zip(ids, ran, strict=True)
    ]
    results = [
        {"role": "tool", "tool_call_id": id_, "content": call["result"]} for id_, call in zip(ids, ran, strict=True)
    ]
    return [{"role": "assistant", "content": text or None, "tool_calls": asked}, *results]


def stretches(text: str, calls: Iterable[dict[str, Any]] | None) -> list[tuple[list[dict[str, Any]], str]]:
    """An answer in the order in which it came: calls, and the text behind them. First, no calls where text came first.

    :param calls: as `events.tool_calls` gives them
    """
    placed = sorted(calls or (), key=_place)
    groups = [(at, list(some)) for at, some in itertools.groupby(placed, lambda call: min(_place(call), len(text)))]
    if not groups or groups[0][0]:
        groups.insert(0, (0, []))
    ends = [at for at, _ in groups[1:]] + [len(text)]
    return [(some, text[at:end]) for (at, some), end in zip(groups, ends, strict=True)]


def answered(text: str, calls: Iterable[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """An earlier answer as the model is told of it, with the calls that were run, each where it stood."""
    said: list[dict[str, Any]] = []
    before = "" if calls else text
    for some, behind in stretches(text, calls) if calls else ():
        if asked := called(some, before):
            said += asked
            before = behind.lstrip("\n")
        else:
            before += behind
    return [*said, {"role": "assistant", "content": before}] if before else said


def _place(call: dict[str, Any]) -> int:
    return int(call.get("at", 0))


def _ids(calls: Sequence[dict[str, Any]]) -> list[str]:
    """One for each call: servers leave them out, or begin anew with every answer."""
    given = [call["id"] for call in calls]
    made = (id_ for n in itertools.count() if (id_ := f"call_{n}") not in given)
    return [next(made) if not id_ or id_ in given[:n] else id_ for n, id_ in enumerate(given)]


def _object(arguments: str) -> str:
    """The arguments as they were, or none: servers refuse a conversation with what is no JSON object in it."""
    try:
        msgspec.json.decode(arguments, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return "{}"
    return arguments
