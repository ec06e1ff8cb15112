"""A real MQTT broker."""

import socket

from tests.servers.programs import need
from tests.servers.server import Server


class Mosquitto(Server):
    """mosquitto on a port of its own, which anybody may use. It keeps nothing over a restart.

    :param conf: more lines of its configuration
    """

    name = "mosquitto"

    def __init__(self, *conf: str) -> None:
        self.program = need("mosquitto")
        super().__init__()
        lines = (f"listener {self.port} 127.0.0.1", "allow_anonymous true", *conf)
        (self.folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [str(self.program), "-c", str(self.folder / "mosquitto.conf")]

    def ready(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True
