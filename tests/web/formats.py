"""The table of all shapes in which an answer is asked for and comes: how to ask, and how what came is to be read."""

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode

from chatstream.wire.sse import Decoder, Event
from tests.api import Api, Streamed

ID = "0123456789abcdef01234567"
JSON = "application/json"
SSE = "text/event-stream; charset=utf-8"


class Received(NamedTuple):
    """What a reader has understood. `mark` is "success", "failure", or None, which nobody may see at a proper end."""

    text: str
    mark: str | None
    sentence: str | None = None
    reasoning: str = ""
    cut: bool = False


Question = tuple[str, str, Any]
"""Method, path and body."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One row."""

    name: str
    question: Callable[..., Question]
    """Of a prompt, and a `model` if one is named."""
    read: Callable[[bytes, bool], Received]
    """Of a body, and whether it was cut."""
    kind: str = SSE
    bad: tuple[tuple[Any, str], ...] = ()
    """Bodies (or queries) that do not fit, and words of the sentence that says why."""
    recorded: bool = True
    """Whether there is a Run."""
    streams: bool = True
    refuses: bool = True
    """Whether a refusing model server is a status, as long as there is time for one."""
    waits: bool = False
    """Whether everything before the first text is a status."""
    says_thoughts: bool = True
    says_stopped: bool = True
    """Whether an answer that was stopped comes with a sentence."""
    cuts: bool = False
    """Whether a failure has no words, so that the body breaks off."""
    no_cr: bool = False
    version: str | None = None
    hides_calls: bool = False
    """Whether nothing is shown of a call while it is being written."""

    def ask(self, api: Api, prompt: str = "Hello", **fields: Any) -> "Answer":
        return Answer(self, api.open(*self.question(prompt, **fields)))


class Answer:
    """A response that is being read; what was read stays."""

    def __init__(self, shape: Shape, streamed: Streamed) -> None:
        self._shape = shape
        self._streamed = streamed
        self._response = streamed._response
        self.status = streamed.status
        self.headers = streamed.headers
        self.body = b""
        self.cut = False

    def until(self, sign: bytes) -> bytes:
        """All that was read, once this is in it."""
        while sign not in self.body:
            piece = self._response.read1()
            assert piece, f"it ended after {self.body!r}"
            self.body += piece
        return self.body

    def whole(self) -> bytes:
        """Read to the end, however it ends."""
        try:
            self.body += self._response.read()
        except http.client.IncompleteRead as error:
            self.body += error.partial
            self.cut = True
        return self.body

    def json(self) -> Any:
        return json.loads(self.whole())

    def received(self) -> Received:
        """What its reader has understood at its end."""
        self.whole()
        return self._shape.read(self.body, self.cut)._replace(cut=self.cut)

    def close(self) -> None:
        self._streamed.close()


def events(body: bytes) -> list[Event]:
    return Decoder().feed(body)


def values(body: bytes) -> list[Any]:
    return [json.loads(event.data) for event in events(body) if event.data != "[DONE]"]


def texts(found: list[Any], name: str) -> str:
    return "".join(value[name] for value in found if name in value)


def native(body: bytes, _: bool) -> Received:
    found = values(body)
    end = found[-1] if "state" in found[-1] else {}
    whole = end.get("state") in ("complete", "length", "filtered")
    mark = ("success" if whole else "failure") if end else None
    return Received(texts(found, "text"), mark, end.get("error", {}).get("message"), texts(found, "reasoning"))


def content(body: bytes, _: bool) -> Received:
    found = values(body)
    ends = [value for value in found if "done" in value or "error" in value]
    assert ends in ([], found[-1:])
    mark = ("success" if ends[0].get("done") is True else "failure") if ends else None
    return Received(texts(found, "content"), mark, ends and ends[0].get("error"), texts(found, "reasoning"))


def event_source(body: bytes, _: bool) -> Received:
    found = events(body)
    ends = [event for event in found if event.event != "message"]
    assert ends in ([], found[-1:])
    assert all(event.id.count(".") == 1 for event in found)
    text = "".join(event.data for event in found if event.event == "message")
    if not ends:
        return Received(text, None)
    return Received(
        text, {"done": "success", "error": "failure"}[ends[0].event], json.loads(ends[0].data).get("message")
    )


def plain(body: bytes, cut: bool) -> Received:
    return Received(body.decode(), "failure" if cut else "success")


def ui_message(body: bytes, _: bool) -> Received:
    found = values(body)
    ends = [part for part in found if part["type"] in ("finish", "error", "abort")]
    assert ends in ([], found[-1:])
    whole = ends and ends[0]["type"] == "finish"
    assert body.endswith(b"data: [DONE]\n\n") == bool(whole)
    mark = ("success" if whole else "failure") if ends else None
    said = {kind: "".join(p["delta"] for p in found if p["type"] == f"{kind}-delta") for kind in ("text", "reasoning")}
    sentence = (ends[0].get("errorText") or ends[0].get("reason")) if ends else None
    return Received(said["text"], mark, sentence, said["reasoning"])


def whole(field: str) -> Callable[[bytes, bool], Received]:
    def read(body: bytes, _: bool) -> Received:
        found = json.loads(body)
        return Received(found[field], "success", None, found.get("reasoning", ""))

    return read


def posted(path: str, field: str, **always: Any) -> Callable[..., Question]:
    def question(prompt: str, **fields: Any) -> Question:
        value = [{"role": "user", "content": prompt}] if field == "messages" else prompt
        return "POST", path, {field: value, **always, **fields}

    return question


def queried(prompt: str, **fields: Any) -> Question:
    return "GET", f"/api/chat?{urlencode({'prompt': prompt, **fields})}", None


def ui_question(prompt: str, chat: str = "ui", **fields: Any) -> Question:
    message = {"id": f"q-{prompt}", "role": "user", "parts": [{"type": "text", "text": prompt}]}
    return (
        "POST",
        "/api/ui/chat",
        {"id": f"{chat}-{prompt}", "messages": [message], "trigger": "submit-message", **fields},
    )


NO_JSON = ((b"{", "not JSON"), (b"[]", "object"), (b'{"other": ' + b"[" * 100_000, "nested too deeply"))
UI_TEXT = {"role": "user", "parts": [{"type": "text", "text": "Hi"}]}
CHOICES: tuple[tuple[dict[str, Any], str], ...] = (
    ({"temperature": 3}, "temperature"),
    ({"top_p": 0}, "top_p"),
    ({"max_tokens": 1.5}, "max_tokens"),
    ({"model": ""}, "model"),
)


def bad(fine: dict[str, Any], *more: tuple[dict[str, Any], str]) -> tuple[tuple[Any, str], ...]:
    """Bodies that are none, and a good one with what does not fit in its place."""
    return (*NO_JSON, *(({**fine, **odd}, sentence) for odd, sentence in (*CHOICES, *more)))


PROMPTS = (
    ({"prompt": ""}, "Prompt cannot be empty"),
    ({"prompt": 5}, "prompt"),
    ({"prompt": "a\0b"}, "NUL"),
    ({"prompt": "x" * 32_001}, "Prompt cannot exceed 32000 characters"),
    ({"chatId": "x"}, "chatId must be an id"),
    ({"tools": ["nope"]}, "nope"),
)
CONVERSATIONS = (
    ({"messages": []}, "messages"),
    ({"messages": "Hi"}, "messages"),
    ({"messages": ["Hi"]}, "messages[0]"),
    ({"tools": "clock"}, "tools"),
    ({"tool_choice": 5}, "tool_choice"),
    ({"messages": [[[]]] * 110_000}, "more than 200000 lists"),
)
SESSIONS = (
    ({"message": ""}, "Prompt cannot be empty"),
    ({"message": None}, "message"),
    ({"session_id": ""}, "session"),
    ({"session_id": "x" * 201}, "session"),
    ({"session_id": 5}, "session_id"),
    ({"session_id": ID}, "no such chat"),
    ({"tools": ["nope"]}, "nope"),
    ({"requestId": ""}, "requestId"),
)
UI = (
    ({"id": ""}, "id"),
    ({"messages": []}, "messages"),
    ({"messages": [{"role": "user", "parts": "Hi"}]}, "parts"),
    ({"messages": [{"role": "tool", "parts": []}]}, "role"),
    ({"messages": [{"role": "user", "parts": []}]}, "Prompt cannot be empty"),
    ({"messages": [UI_TEXT, {"role": "assistant", "parts": []}]}, "must be the user's"),
    ({"messages": [{"role": "user", "parts": [{"type": "file", "url": "data:,"}]}]}, "Files are not taken"),
    ({"trigger": "nonsense"}, "trigger"),
)
QUERIES = (
    ("", "Prompt cannot be empty"),
    ("prompt=", "Prompt cannot be empty"),
    ("prompt=a%00b", "NUL"),
    ("prompt=a&chatId=x", "chatId must be an id"),
    (f"prompt=a&requestId={'x' * 65}", "requestId"),
    ("prompt=a&tools=clock,nope", "nope"),
)

SHAPES = [
    Shape(
        name="native",
        question=posted("/chat", "prompt", stream=True),
        read=native,
        says_stopped=False,
        bad=bad({"prompt": "a", "stream": True}, *PROMPTS),
    ),
    Shape(
        name="content",
        question=posted("/api/llm/chat/stream", "messages"),
        read=content,
        hides_calls=True,
        recorded=False,
        bad=bad({"messages": [{"role": "user", "content": "a"}]}, *CONVERSATIONS),
    ),
    Shape(
        name="content of a session",
        question=posted("/api/llm/chat/session/stream", "message"),
        read=content,
        hides_calls=True,
        bad=bad({"message": "a"}, *SESSIONS),
    ),
    Shape(
        name="EventSource",
        question=queried,
        read=event_source,
        bad=QUERIES,
        refuses=False,
        no_cr=True,
        says_thoughts=False,
        hides_calls=True,
    ),
    Shape(
        name="plain",
        question=posted("/ask", "prompt"),
        read=plain,
        kind="text/plain; charset=utf-8",
        bad=bad({"prompt": "a"}, *PROMPTS),
        waits=True,
        cuts=True,
        says_stopped=False,
        says_thoughts=False,
    ),
    Shape(
        name="UI message",
        question=ui_question,
        read=ui_message,
        version="v1",
        bad=bad({"id": "x", "messages": [UI_TEXT]}, *UI),
    ),
    Shape(
        name="JSON",
        question=posted("/api/llm/chat", "messages"),
        read=whole("content"),
        kind=JSON,
        recorded=False,
        streams=False,
        waits=True,
        bad=bad({"messages": [{"role": "user", "content": "a"}]}, *CONVERSATIONS),
    ),
    Shape(
        name="JSON of a session",
        question=posted("/api/llm/chat/session", "message"),
        read=whole("content"),
        kind=JSON,
        streams=False,
        waits=True,
        bad=bad({"message": "a"}, *SESSIONS),
    ),
]
