"""Streams that are held open while their model says nothing: what they cost, and whether their heartbeats come."""

from dataclasses import dataclass
from pathlib import Path

from bench.cases import silent
from bench.processes import cpu_seconds
from bench.relays import Relay
from bench.row import served

SETTLE_S = 5


@dataclass(frozen=True)
class Idle:
    """`late_…`: by how much a heartbeat came later than it should have, as its reader saw it."""

    relay: str
    streams: int
    open: int
    cpu_percent: float
    beats: int
    late_p50_ms: float
    late_p99_ms: float
    late_max_ms: float
    case: str = "idle"


def settings(streams: int, heartbeat_s: int) -> dict[str, str]:
    """Of a server whose deadlines let a model be silent."""
    patient = {f"CHATSTREAM_{name}_S": "3600" for name in ("FIRST_TOKEN", "SILENCE", "ANSWER")}
    return {**patient, "CHATSTREAM_MAX_STREAMS": str(streams), "CHATSTREAM_HEARTBEAT_S": str(heartbeat_s)}


def measure_idle(relay: Relay, streams: int, heartbeat_s: int, seconds: int, tools: Path) -> Idle:
    """Of a relay with these `settings`."""
    with served(relay, silent(streams), tools) as (_, server, client):
        started = client.hold(streams, SETTLE_S, seconds)
        started.line()
        before = cpu_seconds(server.pid)
        told = started.line()
        spent = cpu_seconds(server.pid) - before
        late = [round(ms - heartbeat_s * 1000) for ms in (told["beat_gap_ms"]["p50"], told["beat_gap_ms"]["p99"])]
        latest = round(told["longest_silence_ms"] - heartbeat_s * 1000)
        cpu = round(100 * spent / told["seconds"], 1)
        return Idle(relay.name, streams, told["open"], cpu, told["beats"], *late, latest)
