"""Long chats, brought in as a person would: by an import."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from tests.api import Api
from tests.web.page import long_answer


def exported(count: int, answer: str = long_answer.PARAGRAPH * 3) -> dict[str, Any]:
    """A chat of so many messages, as an export has it: question 0, answer 1, and so on."""
    messages = [
        {
            "id": str(n),
            "parentId": str(n - 1) if n else None,
            "role": "assistant" if n % 2 else "user",
            "content": f"Answer {n}. {answer}" if n % 2 else f"Question {n}: when is high water?",
        }
        for n in range(count)
    ]
    return {"format": "chatstream/1", "title": f"A chat of {count} messages", "messages": messages}


def imported(api: Api, count: int, **fields: Any) -> str:
    """The id of such a chat."""
    reply = api.post("/chats/import", exported(count, **fields))
    assert reply.status == 201, reply.body
    return str(reply.json["chats"][0]["_id"])


class Listener:
    """Reads one stream, and notes when something came."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._streamed = api.ask("Go on")
        self.came: list[float] = []
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        for _ in self._streamed.frames():
            self.came.append(time.monotonic())

    def wait(self, frames: int) -> None:
        wanted = len(self.came) + frames
        while len(self.came) < wanted and self._thread.is_alive():
            time.sleep(0.01)

    def longest_gap(self, since: float) -> float:
        """In seconds, the one that `since` lies in included."""
        return max(b - a for a, b in pairwise(list(self.came)) if b >= since)

    def stop(self) -> None:
        self._api.post(f"/runs/{self._streamed.headers['X-Run-Id']}/stop")
        self._thread.join()


@contextmanager
def listening(api: Api) -> Iterator[Listener]:
    """A stream that is read meanwhile."""
    listener = Listener(api)
    listener.wait(20)
    yield listener
    listener.stop()
