"""One connection to the broker, by paho: what may be sent over it, and how much at a time."""

import ssl
import sys
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import certifi
from gevent.lock import BoundedSemaphore
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from chatstream.errors import TooLarge

PORTS = {"mqtt": 1883, "mqtts": 8883}
KEEPALIVE_S = 30
UNCONFIRMED_MAX = 64
"""How many frames may be on their way to the broker: what it does not take stays in the Run."""
LOOK_S = 0.25
TOPIC_MAX, LEVELS_MAX, CORRELATION_MAX = 250, 100, 500
"""Characters and levels of a response topic, bytes of correlation data. Brokers have limits of their own, and drop the
connection at them."""
ENVELOPE = 2000
"""Bytes of a packet beside its payload, at most."""


class Return(NamedTuple):
    """Where a request's frames go."""

    topic: str
    correlation: bytes | None

    @property
    def usable(self) -> bool:
        """Whether a broker lets us publish there."""
        topic = self.topic
        plain = topic.isprintable() and not set(topic) & set("+#") and not topic.startswith("$")
        short = 0 < len(topic) <= TOPIC_MAX and topic.count("/") < LEVELS_MAX
        return plain and short and len(self.correlation or b"") <= CORRELATION_MAX


class Line:
    """None is used twice: a client that comes back would send again what the broker may have dropped it for.

    :param url: of the broker, as in the settings
    :param begun: called once the broker has accepted us; with False, if it refuses
    :param received: called with each message, in the greenlet of the connection, which must not wait
    """

    def __init__(
        self, url: str, name: str, begun: Callable[["Line", bool], None], received: Callable[[MQTTMessage], None]
    ) -> None:
        self._address = urlsplit(url)
        self._begun = begun
        self._packet_max = sys.maxsize
        self._unconfirmed = BoundedSemaphore(UNCONFIRMED_MAX)
        self._over = False
        self._client = self._made(name)
        self._client.on_connect = self._connected
        self._client.on_message = lambda _, __, message: received(message)
        self._client.on_publish = lambda *_: self._unconfirmed.release()
        self.subscribe, self.unsubscribe = self._client.subscribe, self._client.unsubscribe

    def run(self) -> None:
        """Connect, and serve until the connection ends.

        :raises OSError: if there is no broker
        """
        address = self._address
        port = address.port or PORTS[address.scheme]
        try:
            self._client.connect(address.hostname or "", port, KEEPALIVE_S, clean_start=True)
            self._client.loop_forever()
        finally:
            self._over = True

    def publish(self, back: Return, payload: bytes, number: int | None) -> None:
        """Hand a frame, which may have a number, to the broker; waits while it takes nothing.

        What it has not confirmed when the line breaks is lost: its reader finds a number missing.

        :raises TooLarge: for what the broker does not take
        """
        if len(payload) + ENVELOPE > self._packet_max:
            raise TooLarge(f"Frame {number} has {len(payload)} bytes, more than the broker takes. Read it by HTTP.")
        while not self._unconfirmed.acquire(timeout=LOOK_S):
            if self._over:
                return
        self._client.publish(back.topic, payload, qos=1, properties=_properties(back, number))

    def _made(self, name: str) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTProtocolVersion.MQTTv5, reconnect_on_failure=False
        )
        if self._address.username:
            client.username_pw_set(unquote(self._address.username), unquote(self._address.password or ""))
        if self._address.scheme == "mqtts":
            client.tls_set_context(_trusted())
        return client

    def _connected(self, client: Client, _: Any, __: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            client.disconnect()
        self._packet_max = getattr(properties, "MaximumPacketSize", sys.maxsize)
        self._begun(self, not reason.is_failure)


def _properties(back: Return, number: int | None) -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = "application/json"
    if back.correlation is not None:
        properties.CorrelationData = back.correlation
    if number is not None:
        properties.UserProperty = ("id", str(number))
    return properties


def _trusted() -> ssl.SSLContext:
    """This machine's certificates and certifi's: a bare machine has none of its own."""
    trusted = ssl.create_default_context()
    trusted.load_verify_locations(certifi.where())
    return trusted
