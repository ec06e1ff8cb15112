"""ChatStream's own API: a question, and its Run followed to the end over as many connections as it takes.

static/js/submission.js and run.js follow the same rules: frames are numbered by the Run, so that none comes twice and
none is missing; a submission carries a requestId, so that one which is sent again starts nothing twice.
"""

import itertools
import random
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from typing import Any

import msgspec

from chatstream.client.http import SILENCE_S, Http, Response
from chatstream.errors import (
    ChatStreamError,
    NotFound,
    UpstreamBroke,
    UpstreamInvalid,
    UpstreamTimeout,
    UpstreamUnreachable,
)

Frame = dict[str, Any]
"""What docs/api.md, section 1, calls a frame: ids, `text`, `reasoning`, `toolCall`, `toolResult`, or `state`."""
Numbered = tuple[int, Frame]

ATTEMPTS = 6
GIVE_UP_S = 60.0
"""How long a server may be out of reach before its Run is given up."""
GOOD_S = 5.0
"""A connection that stood for so long was a good one: what ends it begins the counting anew."""
STOP_S = 5.0
HEAD_S = 10.0
"""What stands in the store comes at once, from a server that is there."""
LOST = (UpstreamUnreachable, UpstreamBroke, UpstreamTimeout)


class ChatClient:
    """A ChatStream server by its address, for example http://127.0.0.1:8000."""

    def __init__(self, url: str, api_key: str | None = None) -> None:
        self._http = Http(url, api_key)

    def ask(self, prompt: str, **fields: Any) -> "Asking":
        """A question that is sent when its frames are asked for. `fields` are those of POST /chat; None leaves one out.

        It is stored at the server, and so is its answer, whether anybody reads it or not.
        """
        given = {name: value for name, value in fields.items() if value is not None}
        return Asking(self._http, {"prompt": prompt, **given})


class Asking:
    """One question, and the frames of its answer. Iterated once."""

    def __init__(self, http: Http, fields: dict[str, Any]) -> None:
        self.ids: dict[str, str] = {}
        """runId, chatId, messageId, once the server has taken the question."""
        self.on_outage: Callable[[], None] = lambda: None
        """Called when the connection is lost, once each time, before it is tried again."""
        self._http = http
        self._body = {**fields, "stream": True, "requestId": uuid.uuid4().hex}
        self._after = 0
        self._good_at = 0.0
        self._texts: list[str] = []
        self._response: Response | None = None
        self._known, self._ended, self._left = threading.Event(), threading.Event(), threading.Event()

    def __iter__(self) -> Generator[Frame, None, None]:
        """Every frame, once, in order. The last has a `state`.

        :raises ChatStreamError: if the server does not take the question
        :raises UpstreamUnreachable, UpstreamBroke, UpstreamTimeout: if it could not be reached any more
        """
        try:
            for frame in self._frames():
                self._note(frame)
                yield frame
        finally:
            self._ended.set()
            self._close()

    def stop(self) -> None:
        """Stop the answer, and return at once: its last frames come, and say so. If they do not come within some
        seconds, the iteration ends without. From any thread, or a signal handler."""
        threading.Thread(target=self._stop, daemon=True).start()

    def stop_now(self) -> bool:
        """Stop the answer, and wait until that is done. Whether it was."""
        until = time.monotonic() + STOP_S
        while self._known.wait(until - time.monotonic()):
            with suppress(ChatStreamError):
                self._http.call("POST", f"/runs/{self.ids['runId']}/stop", silence=STOP_S)
                return True
            if self._ended.wait(0.3) or time.monotonic() > until:
                break
        return False

    def _stop(self) -> None:
        self.stop_now()
        if not self._ended.wait(STOP_S):
            self._left.set()
            if response := self._response:
                response.cut()

    def _note(self, frame: Frame) -> None:
        if "runId" in frame:
            self.ids = frame
            self._known.set()
        elif "text" in frame:
            self._texts.append(frame["text"])

    # -- over as many connections as it takes

    def _frames(self) -> Iterator[Frame]:
        """Ends without a last frame if the answer was left."""
        with suppress(_Left):
            frames: Iterator[Numbered] | None = self._submitted()
            while frames is not None:
                opened_at = self._good_at = time.monotonic()
                if (yield from self._taken(frames)):
                    return
                if time.monotonic() - opened_at > GOOD_S:
                    self._good_at = time.monotonic()
                self.on_outage()
                frames = self._resumed()
            yield from self._kept()

    def _taken(self, frames: Iterator[Numbered]) -> Generator[Frame, None, bool]:
        """The frames of one connection that are new. Whether the Run has ended."""
        try:
            for number, frame in frames:
                if number > self._after:
                    self._after, self._good_at = number, time.monotonic()
                    yield frame
                if "state" in frame:
                    return True
        except LOST:
            pass  # it is taken up where it broke
        finally:
            self._close()
        return False

    def _submitted(self) -> Iterator[Numbered]:
        """Submit, and read until the Run is known."""
        for failed in itertools.count(1):
            try:
                return self._begun(self._open("POST", "/chat", self._body))
            except LOST as error:
                self._close()
                never_sent = failed == 1 and isinstance(error, UpstreamUnreachable)
                if never_sent or failed == ATTEMPTS:
                    raise
            self._wait(0.4 * 1.4**failed)
        raise AssertionError  # count() has no end

    def _begun(self, response: Response) -> Iterator[Numbered]:
        if response.status != 200:
            return iter(_failed(response))
        frames = _numbered(response)
        first = next(frames, None)
        if first is None:
            raise UpstreamBroke("The connection to the server broke.")
        return itertools.chain([first], frames)

    def _resumed(self) -> Iterator[Numbered] | None:
        """The frames from here on, over a new connection; None where the server has none left to give."""
        while True:
            self._wait(0.4 * (time.monotonic() - self._good_at))
            try:
                response = self._open("GET", f"/runs/{self.ids['runId']}/events?after={self._after}", head=HEAD_S)
                if response.status in (204, 404, 410):
                    return None
                if response.status < 500:
                    return _numbered(response)
            except LOST:
                pass  # it is tried again, until the time is over
            self._close()
            self._give_up_in_time()

    def _kept(self) -> Iterator[Frame]:
        """What of the answer was not seen yet, from its chat."""
        while (message := self._message())["state"] == "running":
            self._wait(1)
            self._give_up_in_time()
        seen = "".join(self._texts)
        if message["content"].startswith(seen) and message["content"] != seen:
            yield {"text": message["content"].removeprefix(seen)}
        end = {name: message[name] for name in ("state", "usage", "timings")}
        yield {"chatId": self.ids["chatId"], **end} | ({"error": message["error"]} if message["error"] else {})

    def _message(self) -> dict[str, Any]:
        while True:
            with suppress(*LOST):
                history = self._http.call("GET", f"/chat/{self.ids['chatId']}", silence=HEAD_S)["history"]
                found = [message for message in history if message["_id"] == self.ids["messageId"]]
                if not found:
                    raise NotFound("This answer cannot be found any more: the server lost it.")
                return dict(found[0])
            self._wait(0.4 * (time.monotonic() - self._good_at))
            self._give_up_in_time()

    def _open(self, method: str, path: str, body: Any = None, head: float = SILENCE_S) -> Response:
        self._response = self._http.open(method, path, body, head)
        self._response.set_silence(SILENCE_S)
        return self._response

    def _close(self) -> None:
        if self._response is not None:
            self._response.close()
            self._response = None

    def _give_up_in_time(self) -> None:
        if time.monotonic() - self._good_at > GIVE_UP_S:
            raise UpstreamBroke(f"The server has been out of reach for {GIVE_UP_S:g} s. The answer may go on there.")

    def _wait(self, seconds: float) -> None:
        """Before the next attempt, with jitter so that a restarted server is not met by everyone at once."""
        if self._left.wait(min(5.0, max(0.4, seconds)) * random.uniform(0.5, 1)):
            raise _Left


class _Left(Exception):
    """Nobody waits for the rest of the answer any more."""


def _numbered(response: Response) -> Iterator[Numbered]:
    for event in response.events():
        try:
            yield int(event.id), msgspec.json.decode(event.data, type=Frame)
        except (ValueError, msgspec.MsgspecError) as error:
            raise UpstreamInvalid(f"{response.url} does not answer as ChatStream does: {event.data[:80]!r}.") from error


def _failed(response: Response) -> list[Numbered]:
    """The frames of an answer that failed before its stream began, which is a status.

    :raises ChatStreamError: if no answer was begun
    """
    body = response.json_object()
    if "runId" not in body:
        raise response.refusal(body)
    ids = {name: body[name] for name in ("runId", "chatId", "messageId")}
    text = [{"text": body["completion"]}] if body["completion"] else []
    error = {"message": body["message"], "code": body["code"]}
    end = {"chatId": body["chatId"], "state": body["state"], "usage": None, "timings": None, "error": error}
    return list(enumerate([ids, *text, end], 1))
