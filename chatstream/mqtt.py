"""MQTT 5: questions on `<prefix>/request`, and the answers' frames on the response topic that each of them names.

Request and response are those of the standard, 4.10 (https://docs.oasis-open.org/mqtt/mqtt/v5.0/mqtt-v5.0.html): a
request carries a response topic and maybe correlation data, which comes back with every frame. What it asks are the
orders of web/orders.py. A frame's number is its user property `id`.

All workers share one subscription, so that the broker gives each request to one of them.
"""

import logging
import ssl
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import certifi
import gevent
import msgspec
from flask import Flask
from gevent.lock import BoundedSemaphore
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from chatstream.errors import ChatStreamError
from chatstream.settings import Settings
from chatstream.web import orders
from chatstream.web.services import Services
from chatstream.wire.formats import native

PORTS = {"mqtt": 1883, "mqtts": 8883}
KEEPALIVE_S = 30
UNCONFIRMED_MAX = 64
"""How many frames may be on their way to the broker: what it does not take stays in the Run."""
RECONNECT_S = 5
LOOK_S = 0.25

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


class Return(NamedTuple):
    """Where a request's frames go."""

    topic: str
    correlation: bytes | None


class Bridge:
    """One worker's connection to the broker. It comes back by itself."""

    def __init__(self, app: Flask, settings: Settings, worker: str) -> None:
        self._app = app
        self._topic = f"{settings.mqtt_prefix}/request"
        self._subscription = f"$share/chatstream/{self._topic}"
        self._unconfirmed = BoundedSemaphore(UNCONFIRMED_MAX)
        self._client = _client(settings.mqtt_url or "", f"chatstream-{worker}")
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_message = self._received
        self._client.on_publish = lambda *_: self._unconfirmed.release()

    def open(self) -> None:
        """Connect, now or as soon as the broker is there; leave its subscription when the server stops."""
        self._client.loop_start()
        gevent.spawn(self._leave_in_time)

    def _connected(self, client: Client, _: Any, __: Any, reason: Any, ___: Any) -> None:
        if reason.is_failure:
            _log.warning("the MQTT broker refuses us: %s", reason)
            return
        client.subscribe(self._subscription, qos=1)

    def _disconnected(self, _: Any, __: Any, ___: Any, reason: Any, ____: Any) -> None:
        _log.warning("the MQTT broker is away (%s); trying again", reason)

    def _leave_in_time(self) -> None:
        services: Services = self._app.extensions["chatstream"]
        while not services.desk.draining:
            gevent.sleep(LOOK_S)
        self._client.unsubscribe(self._subscription)

    def _received(self, _: Any, __: Any, message: MQTTMessage) -> None:
        """In the greenlet of the connection, which must not wait."""
        topic = getattr(message.properties, "ResponseTopic", None)
        if message.retain or not topic or set(topic) & set("+#\0"):
            _log.warning("a request on %s was retained, or names no response topic: it is not answered", message.topic)
            return
        back = Return(topic, getattr(message.properties, "CorrelationData", None))
        gevent.spawn(self._answer, bytes(message.payload), back)

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
        """:raises Gone: if the Run ends without its last frame"""
        after = following.after
        for some in following.events:
            for number, event in enumerate(some, after + 1):
                self._publish(back, native.payload(event), number)
            after += len(some)

    def _publish(self, back: Return, payload: Any, number: int | None) -> None:
        """Waits while the broker takes nothing."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = "application/json"
        if back.correlation is not None:
            properties.CorrelationData = back.correlation
        if number is not None:
            properties.UserProperty = ("id", str(number))
        self._unconfirmed.acquire()
        self._client.publish(back.topic, _encode(payload), qos=1, properties=properties)


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
    client = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTProtocolVersion.MQTTv5)
    if address.username:
        client.username_pw_set(unquote(address.username), unquote(address.password or ""))
    if address.scheme == "mqtts":
        client.tls_set_context(_trusted())
    client.reconnect_delay_set(1, RECONNECT_S)
    client.connect_async(address.hostname or "", address.port or PORTS[address.scheme], KEEPALIVE_S, clean_start=True)
    return client
