"""The steps of a model server's script, carried out on one connection.

A script is JSON: a list of steps, each a list of its name and arguments. The head goes out before the first step that
needs it; each body step leaves in one write, and under chunked coding as one HTTP chunk. Strings for bytes are latin-1:
one character, one byte. A script that runs out before its response is finished closes the connection (`fin`).
"""

import inspect
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.servers.model_wire import Gates, Over, Wire

Step = list[Any]
SSE_HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}
KEPT_BYTES = 65_536
KEPT_STEPS = 1_000


@dataclass
class Exchange:
    """One request and what became of its response: an entry of the log. Times are [monotonic, wall] seconds."""

    connection: int
    method: str
    path: str
    headers: dict[str, str]
    body: Any
    received_at: list[float]
    bytes_sent: int = 0
    sent: str = ""
    """What was written, head and framing included, as latin-1: the first KEPT_BYTES of it."""
    steps: list[list[Any]] = field(default_factory=list)
    """[name, monotonic seconds at which it began] of each step, the first KEPT_STEPS of them."""
    ended: str | None = None
    """A key of model_wire.ENDINGS; None while it runs."""
    ended_at: list[float] | None = None

    def end(self, how: str) -> None:
        self.ended_at = now()
        self.ended = how


def now() -> list[float]:
    return [time.monotonic(), time.time()]


class Player:
    """Plays scripts as the response to one request. Methods named step_* are the steps."""

    def __init__(self, wire: Wire, exchange: Exchange, gates: Gates) -> None:
        self.wire = wire
        self.exchange = exchange
        self.gates = gates
        self.framing = "unsent"
        self.close_delimited = False

    def play(self, steps: list[Step]) -> str:
        """Carry out the whole script; returns how it ended."""
        try:
            self._run(steps)
            self.step_fin()
        except Over as over:
            self.exchange.end(over.how)
        return str(self.exchange.ended)

    def step_status(self, status: int, headers: Mapping[str, str | None], body: Any) -> None:
        """A whole response that is not a stream: a string as text, anything else as JSON."""
        content = body.encode() if isinstance(body, str) else to_json(body)
        kind = "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"
        head = merge({"Content-Type": kind, "Content-Length": str(len(content))}, headers)
        self._write(head_bytes(status, head) + content)
        raise Over("finished")

    def step_headers(self, headers: Mapping[str, str | None], status: int = 200) -> None:
        """Send the head now: the usual one of an event stream, with these headers changed (null: left out)."""
        head = merge(SSE_HEADERS, headers)
        if self.close_delimited:
            self.framing, head["Connection"] = "until close", "close"
        elif "content-length" in map(str.lower, head):
            self.framing = "length"
        else:
            self.framing, head["Transfer-Encoding"] = "chunked", "chunked"
        self._write(head_bytes(status, head))

    def step_close_delimited(self) -> None:
        """Before the head: no chunks, the end of the body is the end of the connection."""
        self.close_delimited = True

    def step_text(self, content: str) -> None:
        """A chunk with a piece of the answer."""
        self.step_delta({"content": content})

    def step_reasoning(self, content: str) -> None:
        """A chunk with a piece of the thinking, as DeepSeek and llama.cpp name it."""
        self.step_delta({"reasoning_content": content})

    def step_delta(self, delta: Mapping[str, Any]) -> None:
        """A chunk with any delta: a role, tool calls, other names for reasoning."""
        self._choice(delta, None)

    def step_finish(self, reason: str | None) -> None:
        """The chunk with the finish reason."""
        self._choice({}, reason)

    def step_usage(self, usage: Mapping[str, Any]) -> None:
        """The chunk without choices that carries the usage."""
        self.step_chunk(self._envelope() | {"choices": [], "usage": usage})

    def step_chunk(self, chunk: Any) -> None:
        """An event with exactly this JSON."""
        self._event(to_json(chunk))

    def step_event(self, data: str) -> None:
        """An event with exactly this data, on one line."""
        self._event(data.encode())

    def step_done(self) -> None:
        """OpenAI's end mark: `data: [DONE]`."""
        self._event(b"[DONE]")

    def step_raw(self, body: str) -> None:
        """These bytes of the body."""
        self._body(body.encode("latin-1"))

    def step_wire(self, data: str) -> None:
        """These bytes on the connection, with no head and no framing added: for broken HTTP."""
        self.framing = "length" if self.framing == "unsent" else self.framing
        self._write(data.encode("latin-1"))

    def step_drip(self, body: str, seconds: float) -> None:
        """These bytes of the body one at a time, with a pause after each."""
        for byte in body.encode("latin-1"):
            self._body(bytes((byte,)))
            self.wire.pause(seconds)

    def step_sleep(self, seconds: float) -> None:
        """Send nothing for a while."""
        self.wire.pause(seconds)

    def step_gate(self, name: str) -> None:
        """Send nothing until the test releases this name; at once if it has already."""
        self.wire.wait(self.gates[name])

    def step_repeat(self, times: int, steps: list[Step]) -> None:
        """Carry out these steps so many times."""
        for _ in range(times):
            self._run(steps)

    def step_end(self) -> None:
        """The proper end of the body: the last chunk, or FIN where the body is delimited by it."""
        self._body(b"")
        if self.framing == "chunked":
            self._write(b"0\r\n\r\n")
        if self.framing == "until close":
            self.wire.fin()
        raise Over("finished")

    def step_fin(self) -> None:
        """Close without a proper end."""
        self.wire.fin()
        raise Over("we_closed")

    def step_rst(self) -> None:
        """Reset the connection."""
        self.wire.rst()
        raise Over("we_reset")

    def _run(self, steps: list[Step]) -> None:
        for name, *arguments in steps:
            if len(self.exchange.steps) < KEPT_STEPS:
                self.exchange.steps.append([name, time.monotonic()])
            getattr(self, f"step_{name}")(*arguments)

    def _choice(self, delta: Mapping[str, Any], reason: str | None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        self.step_chunk(self._envelope() | {"choices": [choice]})

    def _envelope(self) -> dict[str, Any]:
        body = self.exchange.body
        model = body.get("model") if isinstance(body, dict) else None
        created = int(self.exchange.received_at[1])
        return {"id": "chatcmpl-test", "object": "chat.completion.chunk", "created": created, "model": model}

    def _event(self, data: bytes) -> None:
        self._body(b"data: " + data + b"\n\n")

    def _body(self, data: bytes) -> None:
        if self.framing == "unsent":
            self.step_headers({})
        if data and self.framing == "chunked":
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self._write(data)

    def _write(self, data: bytes) -> None:
        self.wire.send(data)
        self.exchange.bytes_sent += len(data)
        self.exchange.sent += data[: KEPT_BYTES - len(self.exchange.sent)].decode("latin-1")


def check(steps: Any) -> list[Step]:
    """The script itself, if it is one. Raises ValueError that names the step which is none."""
    if not isinstance(steps, list):
        raise ValueError(f"a script is a list of steps, not {steps!r}")
    for step in steps:
        check_step(step)
    return steps


def check_step(step: Any) -> None:
    if not (isinstance(step, list) and step and hasattr(Player, f"step_{step[0]}")):
        raise ValueError(f"no such step: {step!r}; there are {', '.join(names())}")
    name, *arguments = step
    try:
        inspect.signature(getattr(Player, f"step_{name}")).bind(None, *arguments)
    except TypeError as error:
        raise ValueError(f"the step {step!r} has {error}") from None
    if name == "repeat":
        check(arguments[1])


def names() -> list[str]:
    return [name.removeprefix("step_") for name in vars(Player) if name.startswith("step_")]


def to_json(value: Any) -> bytes:
    """JSON in UTF-8; a lone surrogate, which UTF-8 cannot hold, as the escape it has in JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def merge(defaults: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """The defaults with headers changed by name, in any case; null leaves one out."""
    changed = {name.lower() for name in changes}
    kept = {name: value for name, value in defaults.items() if name.lower() not in changed}
    return kept | {name: value for name, value in changes.items() if value is not None}


def head_bytes(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Scripted')}", *(f"{n}: {v}" for n, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
