"""What is chosen for answers, by the names of OpenAI's reference: by one request, by a chat, or by a preset."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from chatstream.errors import BadRequest

_Penalty = Annotated[float, Meta(ge=-2, le=2)]
_Stop = Annotated[str, Meta(min_length=1, max_length=100)]


class Params(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """None leaves a choice to whom it is left to: the chat, this server, the model's."""

    model: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=10_000_000)] | None = None
    frequency_penalty: _Penalty | None = None
    presence_penalty: _Penalty | None = None
    seed: Annotated[int, Meta(gt=-(1 << 53), lt=1 << 53)] | None = None
    """As far as JavaScript counts."""
    stop: _Stop | Annotated[list[_Stop], Meta(min_length=1, max_length=4)] | None = None
    """An answer ends before one of these. A string is a list of one."""
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None


def chosen(params: Params) -> dict[str, Any]:
    """What is chosen there, by name.

    :raises BadRequest: for a text with a NUL character
    """
    found = {name: value for name, value in msgspec.structs.asdict(params).items() if value is not None}
    if isinstance(found.get("stop"), str):
        found["stop"] = [found["stop"]]
    for name in ("model", "stop"):
        if any("\0" in text for text in found.get(name, "")):
            raise BadRequest(f"{name} has a NUL character. Leave it out.")
    return found
