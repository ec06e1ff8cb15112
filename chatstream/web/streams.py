"""A Run as an HTTP response: streamed as server-sent events, or whole as JSON."""

import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager

import gevent
from flask import Response, jsonify, stream_with_context

from chatstream.errors import Gone, status_of
from chatstream.store.records import RunRecord
from chatstream.web import departures
from chatstream.web.services import services
from chatstream.wire.events import RunEvent, joined, size
from chatstream.wire.formats import native
from chatstream.wire.sse import HEARTBEAT, MEDIA_TYPE

HEADERS = {
    "Content-Type": f"{MEDIA_TYPE}; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}
WRITE_MAX = 1 << 16
EMPTY = "No completion generated"

Events = Iterator[list[RunEvent]]


def response(record: RunRecord, events: Events, after: int) -> Response:
    """The events, which begin behind number `after`, as server-sent events."""
    headers = {**HEADERS, "X-Run-Id": record.id, "X-Chat-Id": record.chat_id}
    streamed = Response(stream_with_context(frames(events, after)), headers=headers)
    departures.attend(streamed)
    return streamed


def frames(events: Events, after: int) -> Iterator[bytes]:
    """Frames, and a heartbeat where nothing came, in writes of about `WRITE_MAX` bytes: a slow reader holds no more."""
    with cut_short():
        for some in events:
            if not some:
                yield HEARTBEAT
            for first, part in _parts(some):
                data = native.frames(after + first, part)
                for at in range(0, len(data), WRITE_MAX):
                    yield data[at : at + WRITE_MAX]
            after += len(some)


def _parts(events: list[RunEvent]) -> Iterator[tuple[int, list[RunEvent]]]:
    """The events in pieces of about `WRITE_MAX` characters, each with the number of its first, from 1."""
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
        raise ConnectionResetError(errno.ECONNRESET, str(error)) from error


def early_failure(record: RunRecord) -> Response | None:
    """The JSON of an answer that failed before its stream began, if it does so within the time set for it."""
    s = services()
    run = s.desk.here(record.id)
    if run is None:
        return None
    with departures.attended():
        run.opened.wait(s.settings.status_wait_s)
    if not run.ended or run.error is None or len(run.events) > run.given + 1:
        return None
    return failure(record, run.events, run.error.retry_after)


def whole(record: RunRecord) -> Response:
    """Wait for the end; the answer, or its failure with what arrived."""
    s = services()
    run = s.desk.here(record.id)
    with departures.attended():
        events = [event for some in s.desk.follow(record, 0) for event in some]
    end = events[-1].data
    if "error" in end:
        return failure(record, events, run.error.retry_after if run and run.error else None)
    ids = {"chatId": record.chat_id, "messageId": record.message_id, "runId": record.id}
    outcome = {name: end[name] for name in ("state", "usage", "timings")}
    return jsonify(completion=joined(events, "text") or EMPTY, **ids, **outcome)


def failure(record: RunRecord, events: list[RunEvent], retry_after: str | None) -> Response:
    """A failed answer as its status, with what is known of it."""
    end = events[-1].data
    error = end["error"]
    body = jsonify(
        **error,
        chatId=record.chat_id,
        runId=record.id,
        messageId=record.message_id,
        state=end["state"],
        completion=joined(events, "text"),
    )
    body.status_code = status_of(error["code"])
    if retry_after:
        body.headers["Retry-After"] = retry_after
    return body


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
