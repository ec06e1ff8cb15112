"""A conversation that a ChatStream server keeps under a name: docs/api.md, section 4. It is a chat there, and its page
shows it."""

from collections.abc import Iterator
from typing import Any, Unpack
from urllib.parse import quote

import msgspec

from chatstream.client.answer import Answer, Stopwatch, answer_of, as_error
from chatstream.client.http import Http, Response, made
from chatstream.client.options import Options, chosen
from chatstream.errors import ChatStreamError, UpstreamBroke, UpstreamError, UpstreamInvalid
from chatstream.wire.events import State
from chatstream.wire.sse import Event
from chatstream.wire.verdict import state_after

_PATH = "/api/llm/chat/session"


class Session:
    """The same methods as `conversation.Conversation`, and the history at the server: each call of each program that
    names the session goes on with it.

    An answer is written to its end at the server whether anybody reads it or not, and what arrived of it is in the
    history. `tools` are the names of functions of the server, which it calls itself.

    :param base_url: the server's, with or without `/v1`
    """

    def __init__(
        self,
        base_url: str,
        name: str,
        system_prompt: str | None = None,
        *,
        api_key: str | None = None,
        model: str | None = None,
    ) -> None:
        self.name = name
        self.system_prompt = system_prompt
        self.model = model
        self._http = Http(base_url.rstrip("/").removesuffix("/v1"), api_key)

    def generate(self, message: str, *, debug_info: dict[str, Any] | None = None, **options: Unpack[Options]) -> Answer:
        """The whole answer to the next message.

        :raises ChatStreamError: unless the answer came to its end
        """
        known: dict[str, Any] = {} if debug_info is None else debug_info
        for _ in self.generate_stream(message, debug_info=known, **options):
            pass
        return answer_of(known)

    def generate_stream(
        self, message: str, *, debug_info: dict[str, Any] | None = None, **options: Unpack[Options]
    ) -> Iterator[str]:
        """Its text, piece by piece as it comes.

        :param debug_info: filled as by `LLMClient.generate_stream`, by what the server tells; it does not tell
            `finish_reason` and `model`, which are None
        :raises ChatStreamError: behind the last piece, unless the answer came to its end
        """
        heard = _Heard()
        try:
            with self._http.open("POST", f"{_PATH}/stream", self._body(message, options)) as response:
                yield from heard.texts(_frames(response))
        except ChatStreamError as error:
            heard.fail(error)
            raise
        finally:
            heard.end()
            if debug_info is not None:
                debug_info.update(heard.known)

    def history(self) -> list[dict[str, Any]]:
        """The messages so far.

        :raises NotFound: if nothing was asked yet
        """
        found: list[dict[str, Any]] = self._http.call("GET", self._path)["messages"]
        return found

    def delete(self) -> None:
        """Delete the chat at the server; an answer that is being written is stopped."""
        self._http.call("DELETE", self._path)

    @property
    def _path(self) -> str:
        return f"{_PATH}/{quote(self.name, safe='')}"

    def _body(self, message: str, options: Options) -> dict[str, Any]:
        asked = {"session_id": self.name, "message": message}
        own = {"system_prompt": self.system_prompt, "model": self.model}
        return {**asked, **{name: value for name, value in own.items() if value is not None}, **chosen(options)}


class _Heard:
    """What a session's stream has told so far."""

    def __init__(self) -> None:
        self._watch = Stopwatch()
        self._parts: dict[str, list[str]] = {"content": [], "reasoning": []}
        self._calls: list[dict[str, Any]] = []
        self._end: dict[str, Any] = {}
        """The last frame."""
        self._state: State | None = "stopped"  # where no frame tells it: its reader left
        self._error: ChatStreamError | None = None

    def texts(self, frames: Iterator[dict[str, Any]]) -> Iterator[str]:
        """:raises ChatStreamError: behind the last piece, unless the answer came to its end"""
        for frame in frames:
            if "state" in frame:
                self._end = frame
                break
            self._watch.content()
            self._take(frame)
            if text := frame.get("content"):
                yield text
        else:
            raise UpstreamBroke("The server ended the stream without saying how the answer ended.")
        if "error" in self._end:
            raise made(str(self._end.get("code")), str(self._end["error"]))

    def _take(self, frame: dict[str, Any]) -> None:
        for kind, parts in self._parts.items():
            parts.append(frame.get(kind) or "")
        if call := frame.get("tool_call"):
            self._calls.append(call)
        elif (result := frame.get("tool_result")) and (of := self._call(result.get("id"))):
            of |= {"result": result.get("content"), "failed": result.get("failed", False)}

    def _call(self, call_id: Any) -> dict[str, Any] | None:
        return next((call for call in reversed(self._calls) if call.get("id") == call_id), None)

    def end(self) -> None:
        self._watch.stop()

    def fail(self, error: ChatStreamError) -> None:
        """It ended by this error."""
        self._error = error
        self._state = state_after(error) if isinstance(error, UpstreamError) else None  # None: it was never begun

    @property
    def known(self) -> dict[str, Any]:
        """As `debug_info` has it."""
        usage = self._end.get("usage")
        return {
            "state": self._end.get("state", self._state),
            **{kind: "".join(parts) for kind, parts in self._parts.items()},
            "tool_calls": self._calls,
            "finish_reason": None,
            "model": None,
            "usage": usage,
            "timings": self._end.get("timings") or self._watch.timings(usage),
            "error": as_error(self._error),
        }


def _frames(response: Response) -> Iterator[dict[str, Any]]:
    """The stream's; of an answer that failed before its stream began, which is a status, the last one.

    :raises ChatStreamError: if no answer was begun
    """
    if response.status < 300:
        yield from map(_frame, response.events())
        return
    body = response.json_object()
    if "state" not in body:
        raise response.refusal(body)
    yield {"error": body.get("message"), "code": body.get("code"), "state": body["state"]}


def _frame(event: Event) -> dict[str, Any]:
    try:
        return msgspec.json.decode(event.data, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise UpstreamInvalid(f"The server sent what is no part of a session: {event.data[:80]!r}.") from error
