"""What the model server said in a call: its log keeps when each step began, the script what each step sends.

The script is played once more, to nobody and without pauses, by the very code that played it on the wire.
"""

import json
from collections.abc import Iterator
from typing import Any

from tests.faults.record import Saying, Upstream
from tests.servers.model_http import GREETING
from tests.servers.model_steps import Exchange, Player, Step
from tests.servers.model_wire import Gates


class Nowhere:
    """A wire that takes everything."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


class Rehearsal(Player):
    """Plays a script and keeps the body without its framing, and where in it each step begins."""

    def __init__(self, entry: dict[str, Any]) -> None:
        kept = {name: entry[name] for name in ("connection", "method", "path", "headers", "body", "received_at")}
        super().__init__(Nowhere(), Exchange(**kept), Gates())  # type: ignore[arg-type]
        self.body = bytearray()
        self.names: list[str] = []
        self.begins: list[int] = []

    def step_wire(self, data: str) -> None:
        super().step_wire(data)
        self.body += data.encode("latin-1").partition(b"\r\n")[2]  # behind the size of a chunk that is never whole

    def _run(self, steps: list[Step]) -> None:
        for name, *arguments in steps:
            self.names.append(name)
            self.begins.append(len(self.body))
            getattr(self, f"step_{name}")(*arguments)

    def _body(self, data: bytes) -> None:
        self.body += data
        super()._body(data)


def upstream(entry: dict[str, Any], scripts: list[list[Step]]) -> Upstream:
    """A log entry as what was said in it. Raises LookupError if none of these scripts was played."""
    ended_at = entry["ended_at"][0] if entry["ended_at"] else float("inf")
    call = Upstream(entry["body"]["model"], entry["received_at"][0], ended=entry["ended"], ended_at=ended_at)
    played = _played(entry, scripts)
    began = [at for _, at in entry["steps"]]
    # What a step that began did not get rid of cannot have been received either: it only makes the upper bound wider.
    sent = bytes(played.body[: [*played.begins, len(played.body)][len(began)]])
    for end, saying in sayings(sent):
        if isinstance(saying, str):
            call.finish = saying
            continue
        step = max(n for n, begin in enumerate(played.begins[: len(began)]) if begin < end)
        call.said.append(Saying(began[step], *saying))
    return call


def _played(entry: dict[str, Any], scripts: list[list[Step]]) -> Rehearsal:
    names = [name for name, _ in entry["steps"]]
    for steps in [*scripts, GREETING]:
        rehearsal = Rehearsal(entry)
        rehearsal.play(steps)
        if rehearsal.names[: len(names)] == names and rehearsal.exchange.sent.startswith(entry["sent"]):
            return rehearsal
    raise LookupError(f"no script of this session begins with {entry['sent'][:200]!r} ({names[:20]})")


def sayings(body: bytes) -> Iterator[tuple[int, tuple[str, str] | str]]:
    """(where the event ends, text and reasoning) or (…, finish reason), up to [DONE], an error, or what is no JSON."""
    end = 0
    for block in body.split(b"\n\n")[:-1]:
        end += len(block) + 2
        if block.startswith(b":"):
            continue
        try:
            chunk = json.loads(block.removeprefix(b"data: "))
        except ValueError:
            return  # [DONE] among them
        if "error" in chunk:
            return
        for choice in chunk["choices"]:
            delta = choice["delta"]
            yield end, (delta.get("content") or "", delta.get("reasoning_content") or "")
            if choice["finish_reason"]:
                yield end, str(choice["finish_reason"])
