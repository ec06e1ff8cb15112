"""A response out of the bytes that a client received, strictly by HTTP/1.1 and docs/api.md, also where it was cut."""

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.api import Frame

_FRAME = re.compile(rb"id: ([0-9]+)\ndata: (.*)")


@dataclass
class Received:
    """A response as far as it came."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool
    """Whether the body has its proper end, so that no client takes it for cut."""
    frames: list[Frame] = field(default_factory=list)
    strange: list[bytes] = field(default_factory=list)
    """Blocks of a stream that are neither a frame nor a comment."""

    @property
    def streams(self) -> bool:
        return self.headers.get("content-type", "").startswith("text/event-stream")

    @cached_property
    def json(self) -> Any:
        """The body's value; None for a stream, a cut body, or no JSON."""
        try:
            return json.loads(self.body) if self.whole and not self.streams else None
        except ValueError:
            return None

    @property
    def run_id(self) -> str | None:
        """Which Run it is about, by its head, its first frame or its JSON."""
        told = self.json if isinstance(self.json, dict) else {}
        return self.headers.get("x-run-id") or (self.ids or told).get("runId")

    @property
    def ids(self) -> dict[str, str] | None:
        """What the first frame says, or the JSON answer: the submission was taken."""
        if self.frames and "messageId" in self.frames[0][1]:
            return self.frames[0][1]
        return self.json if isinstance(self.json, dict) and "messageId" in self.json else None

    @property
    def end(self) -> dict[str, Any] | None:
        """The last frame, or the JSON that ends an answer."""
        if self.frames:
            return self.frames[-1][1] if "state" in self.frames[-1][1] else None
        return self.json if isinstance(self.json, dict) and "state" in self.json else None


def parse(data: bytes) -> Received | None:
    """The response at the beginning of these bytes; None while its head is not whole."""
    head, found, rest = data.partition(b"\r\n\r\n")
    if not found:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    status = int(first.split(" ")[1])
    body, whole = body_of(status, headers, rest)
    received = Received(status, headers, body, whole)
    if received.streams:
        received.frames, received.strange = frames(body)
    return received


def body_of(status: int, headers: dict[str, str], rest: bytes) -> tuple[bytes, bool]:
    """The body, and whether it came to its end; one that only the connection's end delimits never does."""
    if status == 204:
        return b"", True
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return dechunked(rest)
    length = int(headers.get("content-length", "-1"))
    return rest[:length] if length >= 0 else rest, 0 <= length <= len(rest)


def dechunked(data: bytes) -> tuple[bytes, bool]:
    """Chunked coding undone as far as it came, and whether the last chunk is there (RFC 9112, 7.1)."""
    body, at = bytearray(), 0
    while (line_end := data.find(b"\r\n", at)) >= 0:
        size = int(data[at:line_end].partition(b";")[0], 16)
        start = line_end + 2
        if size == 0:
            return bytes(body), data[start : start + 2] == b"\r\n"
        body += data[start : start + size]
        at = start + size + 2
    return bytes(body), False


def frames(body: bytes) -> tuple[list[Frame], list[bytes]]:
    """The whole frames of a stream, and whatever else stands in it except comments; an unfinished block is not read."""
    found: list[Frame] = []
    strange: list[bytes] = []
    for block in body.split(b"\n\n")[:-1]:
        if match := _FRAME.fullmatch(block):
            found.append((int(match[1]), json.loads(match[2])))
        elif not block.startswith(b":"):
            strange.append(block)
    return found, strange
