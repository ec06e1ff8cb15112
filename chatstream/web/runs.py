"""Section 2 of docs/api.md: Runs, followed from any number, stopped, replayed."""

import math
import re

from flask import Blueprint, Response, abort, jsonify, request

from chatstream.access import OWNER
from chatstream.errors import BadRequest, Gone
from chatstream.runs import recovery
from chatstream.store.records import RunRecord, is_id
from chatstream.web import streams
from chatstream.web.services import services

blueprint = Blueprint("runs", __name__)


@blueprint.get("/runs/<run_id>")
def status(run_id: str) -> Response:
    record = find(run_id)
    run = services().desk.here(run_id)
    state, seq, end = (run.state, len(run.events), run.end or {}) if run else (record.state, record.seq, {})
    usage, timings = end.get("usage", record.usage), end.get("timings", record.timings)
    return jsonify(runId=record.id, chatId=record.chat_id, state=state, seq=seq, usage=usage, timings=timings)


@blueprint.get("/runs/<run_id>/events")
def events(run_id: str) -> Response:
    no_head()
    record, after = find(run_id), given_after()
    rest = follow(record, after)
    if rest is None:
        return Response(status=204)
    return streams.resumed(record, rest, after)


@blueprint.post("/runs/<run_id>/stop")
def stop(run_id: str) -> tuple[Response, int]:
    record = find(run_id)
    services().desk.stop(record)
    return jsonify(runId=record.id, chatId=record.chat_id), 202


@blueprint.get("/runs/<run_id>/replay")
def replay(run_id: str) -> Response:
    no_head()
    record, speed = find(run_id), _speed()
    recorded = _kept(record, 0, record.state != "running")
    return streams.response(record, streams.replayed(recorded, speed, services().settings.heartbeat_s), 0)


def find(run_id: str) -> RunRecord:
    if not is_id(run_id):
        raise BadRequest("A run's id is 24 hexadecimal digits in lower case.")
    return services().desk.find(OWNER, run_id)


def follow(record: RunRecord, after: int) -> streams.Events | None:
    """The events behind number `after`, live to the end; None if the Run has ended with that one.

    :raises Gone: if they are not there any more
    """
    run = services().desk.here(record.id)
    ended, seq = (run.ended, len(run.events)) if run else (record.state != "running", record.seq)
    if not ended or after < seq:
        return _kept(record, after, ended)
    if after > seq or (run is None and _was_lost(record)):
        raise Gone(f"This run ended with frame {seq}. What was sent beyond it was lost with its server.")
    return None


def no_head() -> None:
    """HEAD on a stream would run it to throw it away (and never close it: docs/streaming.md)."""
    if request.method == "HEAD":
        abort(405)


def _kept(record: RunRecord, after: int, ended: bool) -> streams.Events:
    s = services()
    if ended and s.desk.here(record.id) is None and not s.store.events(record.id, after):
        raise Gone("The events of this run are no longer kept. GET /chat/<chatId> has the text.")
    return s.desk.follow(record, after)


def _was_lost(record: RunRecord) -> bool:
    """Whether its worker died: who then has the last frame may have another one of that number, which is not stored."""
    last = services().store.events(record.id, record.seq - 1)
    return bool(last) and recovery.is_lost(last[-1])


def given_after() -> int:
    given = request.headers.get("Last-Event-ID") or request.args.get("after") or "0"
    if not re.fullmatch("[0-9]{1,15}", given):
        raise BadRequest("after (or Last-Event-ID) must be the number of the last frame seen, 0 for all.")
    return int(given)


def _speed() -> float:
    try:
        speed = float(request.args.get("speed", "1"))
    except ValueError:
        speed = math.nan
    if not 0 <= speed <= 1000:
        raise BadRequest("speed must be a number from 0 (at once) to 1000.")
    return speed
