"""What a model is told of its own tool calls: OpenAI's messages of the roles `assistant` and `tool`.

https://platform.openai.com/docs/guides/function-calling
"""

import itertools
from collections.abc import Sequence
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
