"""MQTT 5: questions on `<prefix>/request`, and the answers' frames on the response topic that each of them names.

Request and response are those of the standard, 4.10 (https://docs.oasis-open.org/mqtt/mqtt/v5.0/mqtt-v5.0.html): a
request carries a response topic and maybe correlation data, which comes back with every frame. What it asks are the
orders of web/orders.py. A frame's number is its user property `id`.

All workers share one subscription, so that the broker gives each request to one of them.
"""

import logging
import ssl
import sys
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import certifi
import gevent
import msgspec
from flask import Flask
from gevent.event import AsyncResult
from gevent.lock import BoundedSemaphore
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from chatstream.errors import ChatStreamError, TooLarge
from chatstream.settings import Settings
from chatstream.web import orders
from chatstream.web.services import Services
from chatstream.wire.formats import native

PORTS = {"mqtt": 1883, "mqtts": 8883}
KEEPALIVE_S = 30
UNCONFIRMED_MAX = 64
"""How many frames may be on their way to the broker: what it does not take stays in the Run."""
RECONNECT_S = 1.0
LOOK_S = 0.25
TOPIC_MAX, LEVELS_MAX, CORRELATION_MAX = 250, 100, 500
"""Characters and levels of a response topic, bytes of correlation data. Brokers have limits of their own, and drop the
connection at them."""
ENVELOPE = 2000
"""Bytes of a packet beside its payload, at most."""

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


class Return(NamedTuple):
    """Where a request's frames go."""

    topic: str
    correlation: bytes | None


class Line:
    """One connection to the broker, from its acceptance to its end. None is used twice: a client that comes back would
    send again what the broker may have dropped it for."""

    def __init__(self, client: Client, packet_max: int) -> None:
        self.client = client
        self.packet_max = packet_max
        """Bytes of a packet, as the broker told."""
        self._unconfirmed = BoundedSemaphore(UNCONFIRMED_MAX)
        self._over = False

    def publish(self, back: Return, payload: bytes, properties: Properties) -> None:
        """Hand it to the broker; waits while it takes nothing. What it has not confirmed when the line breaks is lost:
        its reader finds a number missing."""
        while not self._unconfirmed.acquire(timeout=LOOK_S):
            if self._over:
                return
        self.client.publish(back.topic, payload, qos=1, properties=properties)

    def confirmed(self) -> None:
        self._unconfirmed.release()

    def end(self) -> None:
        self._over = True


class Bridge:
    """One worker's way to the broker. It comes back by itself."""

    def __init__(self, app: Flask, settings: Settings, worker: str) -> None:
        self._app = app
        self._url = settings.mqtt_url or ""
        self._name = f"chatstream-{worker}"
        self._subscription = f"$share/chatstream/{settings.mqtt_prefix}/request"
        self._line: AsyncResult[Line] = AsyncResult()

    def open(self) -> None:
        """Connect, now or as soon as the broker is there; leave its subscription when the server stops."""
        gevent.spawn(self._keep_connected)
        gevent.spawn(self._leave_in_time)

    def _keep_connected(self) -> None:
        while True:
            client = _client(self._url, self._name)
            client.on_connect = self._connected
            client.on_message = self._received
            try:
                _connect(client, self._url)
                client.loop_forever()
            except (OSError, ValueError) as error:
                _log.warning("the MQTT broker cannot be reached: %s; trying again", error)
            if self._line.ready():
                _log.warning("the MQTT broker is away; trying again")
                self._line.get().end()
                self._line = AsyncResult()
            gevent.sleep(RECONNECT_S)

    def _connected(self, client: Client, _: Any, __: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            _log.warning("the MQTT broker refuses us: %s", reason)
            client.disconnect()
            return
        line = Line(client, getattr(properties, "MaximumPacketSize", sys.maxsize))
        client.on_publish = lambda *_: line.confirmed()
        client.subscribe(self._subscription, qos=1)
        self._line.set(line)

    def _leave_in_time(self) -> None:
        services: Services = self._app.extensions["chatstream"]
        while not services.desk.draining:
            gevent.sleep(LOOK_S)
        if self._line.ready():
            self._line.get().client.unsubscribe(self._subscription)

    def _received(self, _: Any, __: Any, message: MQTTMessage) -> None:
        """In the greenlet of the connection, which must not wait."""
        topic = getattr(message.properties, "ResponseTopic", "")
        correlation = getattr(message.properties, "CorrelationData", None)
        if message.retain or not _is_usable(topic) or len(correlation or b"") > CORRELATION_MAX:
            _log.warning("a request on %s was retained, or its response topic cannot be used: no answer", message.topic)
            return
        gevent.spawn(self._answer, bytes(message.payload), Return(topic, correlation))

    def _answer(self, content: bytes, back: Return) -> None:
        try:
            with self._app.app_context():
                following = _begun(content)
            if following is not None:
                self._tell(following, back)
        except ChatStreamError as error:
            self._publish(back, {"error": {"message": str(error), "code": error.code}}, None)
        except Exception:  # noqa: BLE001 – whoever asked has to hear of it
            _log.exception("a request by MQTT failed by a fault of ours")
            fault = ChatStreamError("Something failed in ChatStream itself. It is in the server's log.")
            self._publish(back, {"error": {"message": str(fault), "code": fault.code}}, None)

    def _tell(self, following: orders.Following, back: Return) -> None:
        """:raises Gone: if the Run ends without its last frame
        :raises TooLarge: for a frame that the broker does not take
        """
        after = following.after
        for some in following.events:
            for number, event in enumerate(some, after + 1):
                self._publish(back, native.payload(event), number)
            after += len(some)

    def _publish(self, back: Return, payload: Any, number: int | None) -> None:
        """Waits for the broker."""
        content, line = _encode(payload), self._line.get()
        if len(content) + ENVELOPE > line.packet_max:
            raise TooLarge(f"Frame {number} has {len(content)} bytes, more than the broker takes. Read it by HTTP.")
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = "application/json"
        if back.correlation is not None:
            properties.CorrelationData = back.correlation
        if number is not None:
            properties.UserProperty = ("id", str(number))
        line.publish(back, content, properties)


def _is_usable(topic: str) -> bool:
    """Whether a broker lets us publish there."""
    plain = topic.isprintable() and not set(topic) & set("+#") and not topic.startswith("$")
    return plain and 0 < len(topic) <= TOPIC_MAX and topic.count("/") < LEVELS_MAX


def _begun(content: bytes) -> orders.Following | None:
    """What a request has to be told; a stop nothing: the Run's last frame tells."""
    kind = orders.kind(content)
    if kind == "stop":
        orders.stop(content)
        return None
    return orders.start(content) if kind == "start" else orders.follow(content)


def _trusted() -> ssl.SSLContext:
    """This machine's certificates and certifi's: a bare machine has none of its own."""
    trusted = ssl.create_default_context()
    trusted.load_verify_locations(certifi.where())
    return trusted


def _client(url: str, name: str) -> Client:
    address = urlsplit(url)
    client = Client(
        CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTProtocolVersion.MQTTv5, reconnect_on_failure=False
    )
    if address.username:
        client.username_pw_set(unquote(address.username), unquote(address.password or ""))
    if address.scheme == "mqtts":
        client.tls_set_context(_trusted())
    return client


def _connect(client: Client, url: str) -> None:
    address = urlsplit(url)
    client.connect(address.hostname or "", address.port or PORTS[address.scheme], KEEPALIVE_S, clean_start=True)
