"""Another site: pages of an origin of its own, and answers of its own making."""

import threading
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

Page = str | Iterable[bytes]
"""HTML for a GET; the writes of an event stream for a POST, after which the body ends properly."""


class Endless:
    """The writes of an event stream that only its reader ends."""

    def __init__(self, *first: bytes) -> None:
        self.first = first
        self.left = threading.Event()
        """The reader went away."""

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self.first
            while not self.left.wait(0.05):
                yield b": still there\n\n"
        finally:
            self.left.set()


class Site:
    """Serves `pages` by their paths on a port of 127.0.0.1, which is an origin; a dict may be filled later."""

    def __init__(self, pages: Mapping[str, Page]) -> None:
        self.pages = pages
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"site": self}))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        page = self.site.pages.get(self.path)
        content = page.encode() if isinstance(page, str) else b""
        self.send_response(200 if content else 404)
        self.send_header("Content-Type", "text/javascript" if self.path.endswith(".js") else "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with suppress(ConnectionError), closing(self._writes()) as writes:
            for data in writes:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _writes(self) -> Generator[bytes, None, None]:
        page = self.site.pages[self.path]
        yield from () if isinstance(page, str) else page
        yield b""

    def log_message(self, *_: object) -> None:
        pass
