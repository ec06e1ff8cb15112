"""A plain HTTP client for tests: no pool, no retries, no event-stream library between the test and the bytes."""

import http.client
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Frame = tuple[int, dict[str, Any]]


class Reply(NamedTuple):
    """A whole response. `json` is its body, None where that is no JSON."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    json: Any


class Streamed:
    """A response that is being read; closing it early is how a reader leaves."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        self._connection = connection
        self._response = response
        self.status = response.status
        self.headers = response.headers

    def lines(self) -> Iterator[str]:
        """Each line as it comes. Raises http.client.IncompleteRead if the body was cut."""
        rest = b""
        while data := self._response.read1():  # readline() would take a cut body for a whole one
            *lines, rest = (rest + data).split(b"\n")
            yield from (line.decode() for line in lines)

    def blocks(self) -> Iterator[list[str]]:
        """The lines between empty ones; a block that is cut off is not given."""
        block: list[str] = []
        for line in self.lines():
            if line:
                block.append(line)
            else:
                yield block
                block = []

    def frames(self) -> Iterator[Frame]:
        """(id, JSON value) of each frame; comments are passed over, anything else fails."""
        for block in self.blocks():
            if not block[0].startswith(":"):
                id_, data = block
                yield int(id_.removeprefix("id: ")), json.loads(data.removeprefix("data: "))

    def text(self) -> bytes:
        return self._response.read()

    def close(self) -> None:
        self._response.close()
        self._connection.close()


class Api:
    """One server, by its URL. Each call is a connection of its own."""

    def __init__(self, address: str) -> None:
        self.address = address

    def open(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Streamed:
        connection = http.client.HTTPConnection(self.address, timeout=60)
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection.request(method, path, content, {"Content-Type": "application/json", **(headers or {})})
        return Streamed(connection, connection.getresponse())

    def call(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        streamed = self.open(method, path, body, headers)
        text = streamed.text()
        streamed.close()
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        return Reply(streamed.status, streamed.headers, text, value)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        return self.call("GET", path, headers=headers)

    def post(self, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        return self.call("POST", path, body, headers)

    def ask(self, prompt: str, **fields: Any) -> Streamed:
        """POST /chat, streamed."""
        return self.open("POST", "/chat", {"prompt": prompt, "stream": True, **fields})

    def answer(self, prompt: str, **fields: Any) -> tuple[dict[str, Any], list[Frame]]:
        """A whole streamed answer: the ids of its first frame, and all its frames."""
        frames = list(self.ask(prompt, **fields).frames())
        return frames[0][1], frames

    def history(self, chat_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"/chat/{chat_id}").json["history"]
        return found


def text_of(frames: list[Frame]) -> str:
    return "".join(value["text"] for _, value in frames if "text" in value)
