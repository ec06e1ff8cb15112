"""What a worker and the process of a tool say to each other."""

import msgspec

RESULT_MAX = 1 << 16
"""Characters of a result: more would fill the model's context."""


class Request(msgspec.Struct):
    """A tool by its module and name, its arguments as the model wrote them, and the seconds it has."""

    module: str
    name: str
    arguments: str
    limit_s: float


class Reply(msgspec.Struct):
    """What the model is told; `failed` where that is an error's sentence."""

    content: str
    failed: bool
