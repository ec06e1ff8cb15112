"""Runs that live in another worker, or ended: followed, stopped and mourned through the store."""

import time
from collections.abc import Iterator

import gevent

from chatstream.store.ports import RunStore
from chatstream.store.records import Batch, Ending, RunRecord, now_ms
from chatstream.wire.events import RunEvent

POLL_S = 0.1
_WATCH_S = 3.0
"""How long an order to write a Run out quickly holds; it is given again while somebody follows."""
LOST = {
    "message": "The server stopped while it wrote this answer. What had arrived is kept.",
    "code": "interrupted",
}


def follow(store: RunStore, record: RunRecord, after: int, heartbeat_s: float) -> Iterator[list[RunEvent]]:
    """Event lists from number `after` + 1 to the end; an empty list when nothing came for a heartbeat's time."""
    at, sent, watched = after, time.monotonic(), 0.0
    while True:
        events = store.events(record.id, at)
        if events:
            at, sent = at + len(events), time.monotonic()
            yield events
            if events[-1].kind == "end":
                return
        elif time.monotonic() - watched > _WATCH_S / 2:
            watched = time.monotonic()
            present = store.run(record.owner, record.id)
            if present is None or (present.state != "running" and at >= present.seq):
                return
            store.order_watch(record.id, now_ms() + int(_WATCH_S * 1000))
        elif time.monotonic() - sent >= heartbeat_s:
            sent = time.monotonic()
            yield []
        gevent.sleep(POLL_S)


def stop(store: RunStore, record: RunRecord, patience_s: float) -> None:
    """Ask the Run's worker to stop it, and wait until it did."""
    store.order_stop(record.id)
    give_up = time.monotonic() + patience_s
    while time.monotonic() < give_up:
        present = store.run(record.owner, record.id)
        if present is None or present.state != "running":
            return
        gevent.sleep(POLL_S / 2)


def bury(store: RunStore, orphan: RunRecord) -> None:
    """Give a Run whose worker died its end: the one that was stored, if the worker came that far, else `interrupted`.

    Two workers may do it at the same time: they write the same.
    """
    events = store.events(orphan.id, 0)
    told = events[-1:] if events and events[-1].kind == "end" else []
    last = told[0] if told else _interrupted(orphan, events[-1].at if events else 0)
    seq = len(events) + (not told)
    end = last.data
    ending = Ending(
        run_id=orphan.id,
        message_id=orphan.message_id,
        chat_id=orphan.chat_id,
        state=end["state"],
        seq=seq,
        content="".join(e.data for e in events if e.kind == "text"),
        reasoning="".join(e.data for e in events if e.kind == "reasoning"),
        error=end.get("error"),
        usage=end["usage"],
        timings=end["timings"],
        at=now_ms(),
    )
    store.record([] if told else [Batch(run_id=orphan.id, first=seq, events=[last])], [ending])


def _interrupted(orphan: RunRecord, at: int) -> RunEvent:
    timings = {"firstTokenMs": None, "totalMs": at, "tokensPerSecond": None}
    end = {"chatId": orphan.chat_id, "state": "interrupted", "usage": None, "timings": timings, "error": LOST}
    return RunEvent("end", end, at)
