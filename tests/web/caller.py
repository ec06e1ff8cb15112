"""The other side of MQTT: a program that asks, and counts what comes back."""

import json
import queue
from collections.abc import Iterator
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.servers.app import ChatStream
from tests.servers.mosquitto import Mosquitto

LOOK = b"look"
"""Of requests that only look whether somebody answers; the answers may come late."""


class Caller:
    """A program that asks over MQTT."""

    def __init__(self, broker: Mosquitto, prefix: str) -> None:
        self.topic = f"me/{prefix}"
        self._request = f"{prefix}/request"
        self._messages: queue.Queue[MQTTMessage] = queue.Queue()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_message = lambda _, __, message: self._messages.put(message)
        subscribed: queue.Queue[None] = queue.Queue()
        self._client.on_subscribe = lambda *_: subscribed.put(None)
        self._client.on_connect = lambda client, *_: client.subscribe(f"{self.topic}/#", qos=1)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        subscribed.get(timeout=10)

    def ask(self, body: Any, correlation: bytes = b"a", topic: str | None = "", retain: bool = False) -> None:
        """Send a request; `topic` None names no response topic."""
        properties = Properties(PacketTypes.PUBLISH)
        if topic is not None:
            properties.ResponseTopic = topic or f"{self.topic}/{correlation.decode()}"
            properties.CorrelationData = correlation
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._client.publish(self._request, content, qos=1, retain=retain, properties=properties).wait_for_publish(10)

    def messages(self, timeout: float = 10) -> Iterator[MQTTMessage]:
        while True:
            message = self._messages.get(timeout=timeout)
            if message.properties.CorrelationData != LOOK:
                yield message

    def frames(self) -> list[tuple[int, Any]]:
        """The frames of one answer to its last, each with its number."""
        found = []
        for message in self.messages():
            found.append(framed(message))
            if "state" in found[-1][1] or "error" in found[-1][1]:
                return found
        return found

    def quiet(self, seconds: float) -> bool:
        """Whether nothing comes for so long."""
        try:
            next(self.messages(seconds))
        except queue.Empty:
            return True
        return False

    def looked(self, seconds: float) -> bool:
        """Whether a look is answered within this time."""
        try:
            return self._messages.get(timeout=seconds).properties.CorrelationData == LOOK
        except queue.Empty:
            return False

    @property
    def connected(self) -> bool:
        return self._client.is_connected()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def framed(message: MQTTMessage) -> tuple[int, Any]:
    assert message.properties is not None
    number = dict(getattr(message.properties, "UserProperty", [])).get("id", "0")
    return int(number), json.loads(message.payload)


def connected(server: ChatStream, broker: Mosquitto, prefix: str) -> Caller:
    caller = Caller(broker, prefix)
    server.wait_until(lambda: answers(caller), "answer over MQTT")
    return caller


def answers(caller: Caller) -> bool:
    """Whether the server is subscribed by now."""
    caller.ask(b"{", correlation=LOOK)
    return caller.looked(0.5)
