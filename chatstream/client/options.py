"""What a question is made of: messages, and what may be chosen for one answer."""

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

Messages = str | Iterable[Mapping[str, Any]]
"""OpenAI's messages, {role, content} and more; a string is one message of the user."""


class Options(TypedDict, total=False):
    """None, or left out, leaves the choice to the server."""

    model: str | None
    temperature: float | None
    top_p: float | None
    max_tokens: int | None
    tools: Any
    """Functions in OpenAI's form, which the caller calls; for a session the names of the server's own."""
    tool_choice: Any
    extra_body: dict[str, Any] | None
    """Any other fields of the request."""


def as_messages(messages: Messages) -> list[dict[str, Any]]:
    if isinstance(messages, str):
        return [{"role": "user", "content": messages}]
    return [dict(message) for message in messages]


def chosen(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as fields of a request.

    :raises TypeError: for one that is none
    """
    if unknown := options.keys() - Options.__annotations__.keys():
        known = ", ".join(Options.__annotations__)
        raise TypeError(f"There is no option {min(unknown)!r}. There are {known}.")
    fields = {name: value for name, value in options.items() if value is not None}
    return {**fields.pop("extra_body", {}), **fields}
