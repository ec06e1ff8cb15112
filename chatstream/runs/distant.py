"""Runs that live in another worker, or ended: followed, stopped and mourned through the store."""

import math
import time
from collections.abc import Iterator

import gevent

from chatstream.errors import Interrupted, StoreUnavailable
from chatstream.store.ports import RunStore
from chatstream.store.records import Batch, RunRecord, ending, now_ms
from chatstream.wire.events import RunEvent

POLL_S = 0.1
_WATCH_S = 3.0
"""How long an order to write a Run out quickly holds; it is given again while somebody follows."""
LEASE_MS = 30_000
"""How long a worker may not be heard of before its Runs are given an end."""


def follow(store: RunStore, record: RunRecord, after: int, heartbeat_s: float) -> Iterator[list[RunEvent]]:
    """Event lists from number `after` + 1 to the end; an empty list when nothing came for a heartbeat's time.

    While the store is away, the heartbeats go on.
    """
    at, sent, watched = after, time.monotonic(), -math.inf
    while True:
        try:
            if time.monotonic() - watched > _WATCH_S / 2:
                watched = time.monotonic()
                store.order_watch(record.id, now_ms() + int(_WATCH_S * 1000))
            events = store.events(record.id, at) or _last_words(store, record, at)
        except StoreUnavailable:
            events = []
        if events is None:
            return
        if events:
            at, sent = at + len(events), time.monotonic()
            yield events
            if events[-1].kind == "end":
                return
        elif time.monotonic() - sent >= heartbeat_s:
            sent = time.monotonic()
            yield []
        gevent.sleep(POLL_S)


def _last_words(store: RunStore, record: RunRecord, at: int) -> list[RunEvent] | None:
    """What to tell a follower for whom there are no more events: nothing yet ([]), nothing ever (None), or an end."""
    present = store.run(record.owner, record.id)
    if present is None:
        end = {"chatId": record.chat_id, "state": "stopped", "usage": None, "timings": None}
        return [RunEvent("end", end, 0)]  # the chat was deleted, and that stopped its answer
    if present.state == "running":
        return []
    return store.events(record.id, at) or None  # it may have ended between the two questions


def stop(store: RunStore, record: RunRecord, patience_s: float) -> None:
    """Ask the Run's worker to stop it, and wait until it did."""
    store.order_stop(record.id)
    give_up = time.monotonic() + patience_s
    while time.monotonic() < give_up:
        present = store.run(record.owner, record.id)
        if present is None or present.state != "running":
            return
        gevent.sleep(POLL_S / 2)


def bury(store: RunStore, orphan: RunRecord, worker: str) -> None:
    """Give a Run whose worker died its end. Of several workers that find it, one does."""
    now = now_ms()
    if store.take_over(orphan.id, worker, now, now + LEASE_MS):
        conclude(store, orphan, worker)


def conclude(store: RunStore, record: RunRecord, worker: str) -> None:
    """End a Run with what the store has of it: by the end that was stored, if it came that far, else `interrupted`."""
    events = store.events(record.id, 0)
    batches = []
    if not events or events[-1].kind != "end":
        events.append(interrupted(record, events[-1].at if events else 0))
        batches.append(Batch(run_id=record.id, first=len(events), events=events[-1:]))
    store.record(worker, batches, [ending(record, events)])


def interrupted(record: RunRecord, at: int) -> RunEvent:
    """The last event of a Run whose worker cannot end it."""
    timings = {"firstTokenMs": None, "totalMs": at, "tokensPerSecond": None}
    error = {"message": str(Interrupted()), "code": Interrupted.code}
    end = {"chatId": record.chat_id, "state": "interrupted", "usage": None, "timings": timings, "error": error}
    return RunEvent("end", end, at)
