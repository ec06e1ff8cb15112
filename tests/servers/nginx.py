"""A real nginx in front of what is being tested."""

import os
from collections.abc import Mapping
from pathlib import Path

from tests.servers.programs import need
from tests.servers.server import Server, http_status

# What a distribution's nginx.conf has around the files it includes, moved into a folder of our own.
MAIN = """\
daemon off;
pid {folder}/pid;
error_log stderr info;
{user}
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
    types {{ text/html html; text/css css; text/javascript js; }}
    default_type application/octet-stream;
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


class Nginx(Server):
    """nginx with one site's configuration, as it would lie in /etc/nginx/conf.d: what stands inside `http { … }`.

    `conf` is its text or its path. `replace` maps parts of that text to what stands there in the test; in the new text
    `{port}` is the port this nginx listens on. Each part must occur, so that a test cannot miss the line it means:

        Nginx(ROOT / "deploy/nginx.conf", {"listen 80": "listen 127.0.0.1:{port}", "127.0.0.1:8000": app.address})
    """

    name = "nginx"

    def __init__(self, conf: str | Path, replace: Mapping[str, str]) -> None:
        self.program = need("nginx")
        super().__init__()
        text = conf.read_text() if isinstance(conf, Path) else conf
        user = "user root;" if os.geteuid() == 0 else ""  # root's workers would change to a user who cannot read here
        (self.folder / "site.conf").write_text(self._fill(text, replace))
        (self.folder / "nginx.conf").write_text(MAIN.format(folder=self.folder, user=user))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [str(self.program), "-e", "stderr", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]

    def ready(self) -> bool:
        """Whether it answers; 502 counts, for what stands behind it may come later."""
        return http_status(self.port, "/") is not None

    def _fill(self, text: str, replace: Mapping[str, str]) -> str:
        for old, new in replace.items():
            if old not in text:
                raise ValueError(f"the nginx configuration has no {old!r} to replace")
            text = text.replace(old, new.replace("{port}", str(self.port)))
        return text
