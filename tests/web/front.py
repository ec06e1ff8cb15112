"""nginx in front of ChatStream, with the configuration that is shipped."""

from pathlib import Path

from tests.servers.app import ChatStream
from tests.servers.nginx import Nginx

CONF = Path(__file__).parents[2] / "deploy/nginx.conf"


def front(server: ChatStream) -> Nginx:
    return Nginx(CONF, {"listen 80": "listen 127.0.0.1:{port}", "127.0.0.1:8000": server.address})
