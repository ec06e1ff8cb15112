"""A Run as an HTTP response: streamed, in whatever format, or whole as JSON."""

import itertools
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import gevent
from flask import Response, jsonify, stream_with_context

from chatstream.errors import Gone, status_of
from chatstream.store.records import RunRecord
from chatstream.web import departures
from chatstream.web.services import services
from chatstream.wire.events import RunEvent, joined, size, tool_calls
from chatstream.wire.formats import EVENT_STREAM, Encoder, native
from chatstream.wire.formats import failure as failure_of

HEADERS = {**EVENT_STREAM, "Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
WRITE_MAX = 1 << 16
FEW = 4
"""Events that are encoded together, whatever their size. Weighing each is not free: most frames hold one."""
EMPTY = "No completion generated"

Events = Iterator[list[RunEvent]]


def response(record: RunRecord, events: Events, after: int, encoder: Encoder | None = None) -> Response:
    """The Run's events, which begin behind number `after`, in the native format or in another."""
    streamed = stream(events, after, encoder or native.Encoder())
    streamed.headers.update({"X-Run-Id": record.id, "X-Chat-Id": record.chat_id})
    return streamed


def resumed(record: RunRecord, events: Events, after: int, encoder: Encoder | None = None) -> Response:
    """The same, a heartbeat first: the response's head goes out with its first bytes, which may be long in coming."""
    return response(record, itertools.chain([[]], events), after, encoder)


def stream(events: Events, after: int, encoder: Encoder) -> Response:
    """The same for events of no Run."""
    headers = {**HEADERS, **encoder.headers}
    streamed = Response(stream_with_context(frames(events, after, encoder)), headers=headers)
    departures.attend(streamed)
    return streamed


def frames(events: Events, after: int, encoder: Encoder) -> Iterator[bytes]:
    """Frames, and a heartbeat where nothing came, in writes of about `WRITE_MAX` bytes: a slow reader holds no more."""
    some: list[RunEvent] = []
    quiet_since: float | None = None
    with cut_short():
        for some in events:
            data = b""
            for first, part in _parts(some):
                data = encoder.frames(after + first, part)
                for at in range(0, len(data), WRITE_MAX):
                    yield data[at : at + WRITE_MAX]
            after += len(some)
            if data:
                quiet_since, data = None, b""
            elif not some or _is_long(quiet_since):
                quiet_since = None
                yield encoder.heartbeat
            else:  # events that show nothing in this format
                quiet_since = quiet_since or time.monotonic()
        if encoder.cuts and failure_of(some[-1].data):
            raise departures.cut("this answer did not end well, and its format cannot say so")


def _is_long(since: float | None) -> bool:
    return since is not None and time.monotonic() - since >= services().settings.heartbeat_s


def _parts(events: list[RunEvent]) -> Iterable[tuple[int, list[RunEvent]]]:
    """The events in pieces of about `WRITE_MAX` characters, each with the number of its first, from 1."""
    if len(events) > FEW:
        return _weighed(events)
    return [(1, events)] if events else []


def _weighed(events: list[RunEvent]) -> Iterator[tuple[int, list[RunEvent]]]:
    first = taken = 0
    for n, event in enumerate(events):
        taken += size(event)
        if taken >= WRITE_MAX:
            yield first + 1, events[first : n + 1]
            first, taken = n + 1, 0
    if first < len(events):
        yield first + 1, events[first:]


@contextmanager
def cut_short() -> Iterator[None]:
    """A stream without its end breaks off, so that nobody takes it for whole."""
    try:
        yield
    except Gone as error:
        raise departures.cut(str(error)) from error


def early_failure(record: RunRecord, **more: Any) -> Response | None:
    """The JSON of an answer that failed before its stream began, if it does so within the time set for it."""
    s = services()
    run = s.desk.here(record.id)
    if run is None:
        return None
    with departures.attended():
        run.opened.wait(s.settings.status_wait_s)
    if not run.ended or run.error is None or len(run.events) > run.given + 1:
        return None
    return failure(record, run.events, run.error.retry_after, **more)


def whole(record: RunRecord) -> Response:
    """Wait for the end; the answer, or its failure with what arrived."""
    events, retry_after = collected(record)
    end = events[-1].data
    if "error" in end:
        return failure(record, events, retry_after)
    ids = {"chatId": record.chat_id, "messageId": record.message_id, "runId": record.id}
    outcome = {name: end[name] for name in ("state", "usage", "timings")}
    return jsonify(completion=joined(events, "text") or EMPTY, **_beside_text(events), **ids, **outcome)


def _beside_text(events: list[RunEvent]) -> dict[str, Any]:
    """Reasoning and tool calls, where there are any."""
    found = {"reasoning": joined(events, "reasoning"), "toolCalls": tool_calls(events)}
    return {name: value for name, value in found.items() if value}


def collected(record: RunRecord) -> tuple[list[RunEvent], str | None]:
    """All events of a Run, once it has ended, and when it may be tried again, if upstream said so."""
    s = services()
    run = s.desk.here(record.id)
    with departures.attended():
        events = [event for some in s.desk.follow(record, 0) for event in some]
    return events, run.error.retry_after if run and run.error else None


def failure(record: RunRecord, events: list[RunEvent], retry_after: str | None, **more: Any) -> Response:
    """A failed answer as its status, with what is known of it."""
    error = failure_of(events[-1].data) or {}
    body = jsonify(
        **error,
        chatId=record.chat_id,
        runId=record.id,
        messageId=record.message_id,
        state=events[-1].data["state"],
        completion=joined(events, "text"),
        **_beside_text(events),
        **more,
    )
    body.status_code = status_of(error["code"])
    if retry_after:
        body.headers["Retry-After"] = retry_after
    return body


def from_first_text(record: RunRecord, encoder: Encoder) -> Response:
    """A stream that begins with the first text, in a format without words for a failure: one before it is a status."""
    s = services()
    run = s.desk.here(record.id)
    events = s.desk.follow(record, 0)
    with departures.attended():
        before = _up_to_text(events)
    if before[-1].kind == "end" and failure_of(before[-1].data) and not joined(before, "text"):
        return failure(record, before, run.error.retry_after if run and run.error else None)
    return response(record, itertools.chain([before], events), 0, encoder)


def _up_to_text(events: Events) -> list[RunEvent]:
    taken: list[RunEvent] = []
    for some in events:
        taken += some
        if any(event.kind in ("text", "end") for event in some):
            break
    return taken


def replayed(events: Events, speed: float, heartbeat_s: float) -> Events:
    """The same events at their own times, `speed` times as fast; 0: at once."""
    began = time.monotonic()
    for some in events:
        for event in some if speed else ():
            due = began + event.at / 1000 / speed
            yield from _idle(due, heartbeat_s)
            yield [event]
        if not speed or not some:
            yield some


def _idle(until: float, heartbeat_s: float) -> Events:
    while (left := until - time.monotonic()) > 0:
        gevent.sleep(min(left, heartbeat_s))
        if left > heartbeat_s:
            yield []
