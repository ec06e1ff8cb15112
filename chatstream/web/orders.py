"""Requests that come as messages, over a WebSocket or a broker: JSON objects told apart by their `type`.

    {"type": "start", … the fields of POST /chat}       asks; `type` may be left out
    {"type": "follow", "runId": …, "after": 0}          takes up a Run behind that frame
    {"type": "stop", "runId": …}                        stops it

Every function raises `BadRequest` for what does not fit.
"""

from typing import Annotated, Literal, NamedTuple

import msgspec

from chatstream.errors import Gone
from chatstream.store.records import RunRecord
from chatstream.web import asking, bodies, runs
from chatstream.web.services import services
from chatstream.web.streams import Events

Kind = Literal["start", "follow", "stop"]


class Order(msgspec.Struct, frozen=True):
    type: Kind = "start"


class FollowBody(msgspec.Struct, frozen=True, rename="camel"):
    run_id: str
    after: Annotated[int, msgspec.Meta(ge=0, lt=10**15)] = 0


class StopBody(msgspec.Struct, frozen=True, rename="camel"):
    run_id: str


class Following(NamedTuple):
    """A Run, and its events behind number `after`, live to the end."""

    record: RunRecord
    after: int
    events: Events


def kind(content: bytes) -> Kind:
    return bodies.parse(content, Order).type


def start(content: bytes) -> Following:
    """:raises ChatStreamError: see `asking.start`"""
    record = asking.start(bodies.parse(content, bodies.ChatBody))
    return Following(record, 0, services().desk.follow(record, 0))


def follow(content: bytes) -> Following:
    """:raises NotFound, Gone: if the Run is not there, or has ended with that frame"""
    body = bodies.parse(content, FollowBody)
    record = runs.find(body.run_id)
    rest = runs.follow(record, body.after)
    if rest is None:
        raise Gone(f"This run has ended, and frame {body.after} was its last.")
    return Following(record, body.after, rest)


def stop(content: bytes) -> None:
    """:raises NotFound: if the Run is not there"""
    services().desk.stop(runs.find(bodies.parse(content, StopBody).run_id))
