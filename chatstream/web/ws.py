"""`GET /ws`: Runs over a WebSocket, one at a time (docs/api.md, section 5).

What comes in are the orders of orders.py; `stop` names no Run, it is for the one that is being followed. Back go the
Run's frames as JSON texts, without their numbers: they are contiguous. An order that is refused gets
`{"error": {"message", "code"}}`, and the connection stays.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gevent
import msgspec
from flask import Blueprint, Response, request
from websockets.frames import CloseCode

from chatstream.errors import BadRequest, ChatStreamError, Conflict, Departed
from chatstream.runs.desk import Desk
from chatstream.store.records import RunRecord
from chatstream.web import guard, orders
from chatstream.web.services import services
from chatstream.web.streams import Events
from chatstream.web.websocket import Upgraded, WebSocket
from chatstream.wire.formats import native

blueprint = Blueprint("ws", __name__)

LOOK_S = 0.25
"""How often all sockets are looked at: for silent peers, and for the server's own end."""

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


@blueprint.get("/ws")
def explain() -> Response:
    """For requests that open no WebSocket: the other route takes those that do."""
    raise BadRequest(
        "This address speaks WebSocket: connect with ws:// or wss://. "
        "A proxy in between has to pass on the headers Upgrade and Connection."
    )


@blueprint.route("/ws", websocket=True)
def open_socket() -> Response:
    guard.refuse_cross_site_read()
    settings = services().settings
    socket = WebSocket(request, settings.heartbeat_s, settings.reader_s)
    conversation = Conversation(socket, services().desk)
    _watch(conversation)
    try:
        conversation.hold()
    finally:
        _open.discard(conversation)
        conversation.leave()
    return Upgraded()


class Conversation:
    """One socket, and the Run that is followed in it."""

    def __init__(self, socket: WebSocket, desk: Desk) -> None:
        self._socket = socket
        self._desk = desk
        self._record: RunRecord | None = None
        self._follower: gevent.Greenlet | None = None

    def hold(self) -> None:
        """Do what the peer asks for, until it leaves."""
        with self._sound():
            for message in self._socket.messages():
                try:
                    self._take(message)
                except ChatStreamError as error:
                    self._refuse(error)

    def leave(self) -> None:
        """The Run goes on: it is recorded."""
        if self._follower is not None:
            self._follower.kill()
        self._socket.end()

    def look(self) -> None:
        """To be called every `LOOK_S`; waits for nothing."""
        self._socket.beat()
        if self._desk.draining and not self._follower:
            self._socket.close(CloseCode.GOING_AWAY, "The server is stopping.")

    def _take(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            raise BadRequest("Send text, not binary: JSON in UTF-8.")
        content = message.encode()
        kind = orders.kind(content)
        if kind == "stop":
            self._stop()
        elif self._record is not None:
            raise Conflict("An answer is running in this connection. Stop it, or wait for its end.")
        else:
            self._follow(orders.start(content) if kind == "start" else orders.follow(content))

    def _stop(self) -> None:
        """The last frame tells. There may be no Run any more: its last frame was on its way to the peer."""
        if self._record is not None:
            self._desk.stop(self._record)

    def _follow(self, following: orders.Following) -> None:
        self._record = following.record
        self._follower = gevent.spawn(self._tell, following.events)

    def _tell(self, events: Events) -> None:
        with self._sound():
            try:
                for some in events:
                    ends = bool(some) and some[-1].kind == "end"
                    self._socket.send(_texts(some[:-1] if ends else some))
                    if ends:
                        self._record = None  # whoever has the last frame may ask again
                        self._socket.send(_texts(some[-1:]))
            except ChatStreamError as error:
                self._record = None
                self._refuse(error)

    @contextmanager
    def _sound(self) -> Iterator[None]:
        """Nothing that fails here may end as an HTTP response: the connection has none."""
        try:
            yield
        except Departed:
            pass  # whoever reads sees it as well
        except Exception:  # noqa: BLE001 – the peer is told, as far as a close frame can
            _log.exception("a WebSocket failed by a fault of ours")
            self._socket.close(CloseCode.INTERNAL_ERROR, "Something failed in ChatStream itself.")

    def _refuse(self, error: ChatStreamError) -> None:
        self._socket.send([_encode({"error": {"message": str(error), "code": error.code}}).decode()])


def _texts(events: list[Any]) -> Iterator[str]:
    return (_encode(native.payload(event)).decode() for event in events)


# -- all sockets of this worker

_open: set[Conversation] = set()
_looking: list[gevent.Greenlet] = []


def _watch(conversation: Conversation) -> None:
    _open.add(conversation)
    if not any(_looking):
        _looking[:] = [gevent.spawn(_look)]


def _look() -> None:
    while _open:
        for conversation in list(_open):
            try:
                conversation.look()
            except Exception:  # noqa: BLE001 – the other sockets have to be looked at all the same
                _log.exception("a WebSocket could not be looked at")
                conversation.leave()
        gevent.sleep(LOOK_S)
