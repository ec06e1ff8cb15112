"""The other side of a WebSocket: a Python client that counts frames."""

import json
import struct
from types import TracebackType
from typing import Any, Self

import websocket

Frame = dict[str, Any]


class Peer:
    """Connected to `/ws`. Pings are answered while it waits for something."""

    def __init__(self, address: str, *sockopt: tuple[int, int, int], **headers: str) -> None:
        origin = headers.pop("Origin", None)
        given = {"origin": origin} if origin else {"suppress_origin": True}
        self.socket = websocket.create_connection(f"ws://{address}/ws", 20, header=headers, sockopt=sockopt, **given)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def say(self, type_: str, **fields: Any) -> None:
        self.socket.send(json.dumps({"type": type_, **fields}))

    def hear(self) -> Frame:
        """The next message. Raises websocket.WebSocketConnectionClosedException when there is none any more."""
        found: Frame = json.loads(self.socket.recv())
        return found

    def rest(self) -> list[Frame]:
        """The frames up to a Run's last one, or an error."""
        frames = [self.hear()]
        while not {"state", "error"} & set(frames[-1]):
            frames.append(self.hear())
        return frames

    def ask(self, prompt: str = "Hello", **fields: Any) -> list[Frame]:
        self.say("start", prompt=prompt, **fields)
        return self.rest()

    def refused(self) -> str:
        """The code of the next message, which is a refusal."""
        (error,) = self.hear().values()
        assert set(error) == {"message", "code"}
        return str(error["code"])

    def closing(self) -> tuple[int, str]:
        """Code and reason of the close frame, which comes next."""
        opcode, data = self.socket.recv_data(control_frame=True)
        while opcode == websocket.ABNF.OPCODE_PING:
            opcode, data = self.socket.recv_data(control_frame=True)
        assert opcode == websocket.ABNF.OPCODE_CLOSE
        return struct.unpack("!H", data[:2])[0], data[2:].decode()

    def leave(self) -> None:
        """Close the connection without a word."""
        self.socket.shutdown()


def text_of(frames: list[Frame]) -> str:
    return "".join(frame["text"] for frame in frames if "text" in frame)
