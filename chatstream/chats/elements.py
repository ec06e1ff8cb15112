"""A large file of JSON, object by object: none of it is read before it is its turn."""

import re
from collections.abc import Iterator

_MARK = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[{}\[\]]', re.DOTALL)
"""A whole string, or one that the file ends in, or a bracket outside of strings."""
_BYTE_ORDER = b"\xef\xbb\xbf"


def objects(body: bytes) -> Iterator[bytes]:
    """The objects that stand at the top of a file, one after the other (JSON Lines, or one alone) or in one list."""
    depth = begin = 0
    top = 1 if body.removeprefix(_BYTE_ORDER).lstrip()[:1] == b"[" else 0
    for mark in _MARK.finditer(body):
        sign = mark.group()
        if sign in b"{[":
            begin = mark.start() if depth == top else begin
            depth += 1
        elif sign in b"}]":
            depth -= 1
            if depth == top and sign == b"}":
                yield body[begin : mark.end()]
