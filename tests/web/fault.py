"""What a row of the golden table of upstream's faults holds (upstream_faults.py), and the three kinds of rows."""

from dataclasses import dataclass, field
from typing import Any

Steps = list[list[Any]]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One row: a script, and all that can be seen of it afterwards."""

    name: str
    script: Steps
    streamed: int = 200
    """The status with `stream: true`: 200 once upstream began a stream, whatever comes after."""
    whole: int = 200
    """The status with `stream: false`."""
    retry_after: str | None = None
    frames: list[dict[str, str]] = field(default_factory=list)
    """What stands between the first frame and the last, neighbouring pieces of text joined."""
    state: str
    code: str | None = None
    sentence: str = ""
    """The error's message; only its beginning, where it ends in "…"."""
    usage: dict[str, int] | None = None
    upstream: str = "left"
    """How upstream's exchange ended: a key of model_wire.ENDINGS; `left`: ChatStream closed it; `done`: it may have, at
    `[DONE]`, with more to come or not; `none`: there was none."""
    server: str = "usual"
    slow: bool = False
    """Whether a deadline has to pass."""
    heavy: bool = False
    """Whether it would take much memory if it were taken whole."""

    def joined(self, kind: str) -> str:
        return "".join(frame[kind] for frame in self.frames if kind in frame)


def refused(name: str, script: Steps, status: int, code: str, sentence: str, **more: Any) -> Fault:
    """No stream began: a status."""
    known = {"state": "upstream_error", "upstream": "finished", "streamed": status, "whole": status, **more}
    return Fault(name=name, script=script, code=code, sentence=sentence, **known)


def broken(name: str, script: Steps, ending: tuple[str, str, str], text: str = "Hel", **more: Any) -> Fault:
    """A stream that began and did not end well."""
    state, code, sentence = ending
    known = {"frames": pieces(text), "whole": 504 if state == "stalled" else 502, **more}
    return Fault(name=name, script=script, state=state, code=code, sentence=sentence, **known)


def good(name: str, script: Steps, text: str, state: str = "complete", **more: Any) -> Fault:
    """An answer that is taken as one."""
    known = {"frames": pieces(text), "upstream": "done" if ["done"] in script else "finished", **more}
    return Fault(name=name, script=script, state=state, **known)


def pieces(text: str) -> list[dict[str, str]]:
    return [{"text": text}] if text else []
