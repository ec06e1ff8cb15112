"""Questions on `<prefix>/request`, and the answers' frames on the response topic that each of them names.

Request and response are those of the standard, 4.10 (https://docs.oasis-open.org/mqtt/mqtt/v5.0/mqtt-v5.0.html): a
request carries a response topic and maybe correlation data, which comes back with every frame. What it asks are the
orders of web/orders.py. A frame's number is its user property `id`.

All workers share one subscription, so that the broker gives each request to one of them.
"""

import logging

import gevent
import msgspec
from flask import Flask
from gevent.event import AsyncResult
from paho.mqtt.client import MQTTMessage

from chatstream.errors import ChatStreamError
from chatstream.mqtt.line import LOOK_S, Line, Return
from chatstream.settings import Settings
from chatstream.web import orders
from chatstream.web.services import Services
from chatstream.wire.formats import native

RECONNECT_S = 1.0

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


class Bridge:
    """One worker's way to the broker. It comes back by itself."""

    def __init__(self, app: Flask, settings: Settings, worker: str) -> None:
        self._app = app
        self._url = settings.mqtt_url or ""
        self._name = f"chatstream-{worker}"
        self._subscription = f"$share/chatstream/{settings.mqtt_prefix}/request"
        self._line: AsyncResult[Line] = AsyncResult()
        """The present connection, once there is one."""

    def open(self) -> None:
        """Connect, now or as soon as the broker is there; leave its subscription when the server stops."""
        gevent.spawn(self._keep_connected)
        gevent.spawn(self._leave_in_time)

    def _keep_connected(self) -> None:
        while True:
            line = Line(self._url, self._name, self._begun, self._received)
            try:
                line.run()
                _log.warning("the MQTT broker is away; trying again")
            except (OSError, ValueError) as error:
                _log.warning("the MQTT broker cannot be reached: %s; trying again", error)
            if self._line.ready():
                self._line = AsyncResult()
            gevent.sleep(RECONNECT_S)

    def _begun(self, line: Line, accepted: bool) -> None:
        if not accepted:
            _log.warning("the MQTT broker refuses us: see the name and password in CHATSTREAM_MQTT_URL")
            return
        line.subscribe(self._subscription, qos=1)
        self._line.set(line)

    def _leave_in_time(self) -> None:
        services: Services = self._app.extensions["chatstream"]
        while not services.desk.draining:
            gevent.sleep(LOOK_S)
        if self._line.ready():
            self._line.get().unsubscribe(self._subscription)

    def _received(self, message: MQTTMessage) -> None:
        known = message.properties
        back = Return(getattr(known, "ResponseTopic", ""), getattr(known, "CorrelationData", None))
        if message.retain or not back.usable:
            _log.warning("a request on %s was retained, or its response topic cannot be used: no answer", message.topic)
            return
        gevent.spawn(self._answer, bytes(message.payload), back)

    def _answer(self, content: bytes, back: Return) -> None:
        try:
            with self._app.app_context():
                following = _carried_out(content)
            if following is not None:
                self._tell(following, back)
        except ChatStreamError as error:
            self._refuse(back, error)
        except Exception:  # noqa: BLE001 – whoever asked has to hear of it
            _log.exception("a request by MQTT failed by a fault of ours")
            self._refuse(back, ChatStreamError("Something failed in ChatStream itself. It is in the server's log."))

    def _tell(self, following: orders.Following, back: Return) -> None:
        """:raises Gone: if the Run ends without its last frame
        :raises TooLarge: for a frame that the broker does not take
        """
        after = following.after
        for some in following.events:
            for number, event in enumerate(some, after + 1):
                self._line.get().publish(back, _encode(native.payload(event)), number)
            after += len(some)

    def _refuse(self, back: Return, error: ChatStreamError) -> None:
        refusal = {"error": {"message": str(error), "code": error.code}}
        self._line.get().publish(back, _encode(refusal), None)


def _carried_out(content: bytes) -> orders.Following | None:
    """What a request has to be told; a stop nothing: the Run's last frame tells."""
    kind = orders.kind(content)
    if kind == "stop":
        orders.stop(content)
        return None
    return orders.start(content) if kind == "start" else orders.follow(content)
