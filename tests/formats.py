"""docs/formats.md, made by asking a running server for the same Run in every format: python -m tests.formats

Ids and times are made stable, so that a test can compare the page with what the program makes.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.api import Api, Streamed
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, failure
from tests.servers.mosquitto import Mosquitto
from tests.servers.server import ROOT
from tests.web.caller import connected
from tests.web.peer import Peer

PAGE = ROOT / "docs/formats.md"
PROMPT = "How much is 6 times 7?"
CALL = {
    "index": 0,
    "id": "call_1",
    "type": "function",
    "function": {"name": "calculate", "arguments": '{"expression":'},
}
REST = {"index": 0, "function": {"arguments": ' "6 * 7"}'}}
THINKING = [
    ["reasoning", "I had better calculate that."],
    ["delta", {"tool_calls": [CALL]}],
    ["delta", {"tool_calls": [REST]}],
    ["finish", "tool_calls"],
    ["usage", {"prompt_tokens": 40, "completion_tokens": 20, "total_tokens": 60}],
    *(["done"], ["end"]),
]
SPEAKING = [
    *(["text", "Six times seven\n"], ["gate", "go on"], ["text", "is 42."], ["finish", "stop"]),
    ["usage", {"prompt_tokens": 70, "completion_tokens": 9, "total_tokens": 79}],
    *(["done"], ["end"]),
]
TOOL = {"type": "function", "function": {"name": "calculate", "parameters": {"type": "object"}}}
SHOWN = ("Content-Type", "X-Run-Id", "X-Chat-Id", "x-vercel-ai-ui-message-stream")

INTRODUCTION = """\
# One answer, every format

What a reader gets of one and the same Run, byte by byte, in every form there is: `make formats` asks a running server
and writes this page, and a test compares. Only ids and times are not as they came. docs/api.md says what each means;
a format is one file in `chatstream/wire/formats/`.

The model was asked “{prompt}” and had a tool. It thought, called the tool, was told the result, and
answered in two lines. Requests that ask have the same `requestId`, so that there is one Run however often they ask.
"""


@dataclass
class Example:
    """A request, and what is said about its format."""

    title: str
    remark: str
    method: str
    path: str
    body: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def open(self, api: Api) -> Streamed:
        return api.open(self.method, self.path, self.body, self.headers)

    def section(self, streamed: Streamed) -> str:
        """The request and its response, as one would see them on the line."""
        asked = "".join(f"\n{name}: {value}" for name, value in self.headers.items())
        content = f"\n\n{json.dumps(self.body, ensure_ascii=False)}" if self.body else ""
        head = "\n".join(f"{name}: {streamed.headers[name]}" for name in SHOWN if streamed.headers[name])
        body = streamed.text().decode().strip("\n")
        request = f"```\n{self.method} {self.path}{asked}{content}\n```"
        return f"## {self.title}\n\n{self.remark}\n\n{request}\n\n```\n{head}\n\n{body}\n```\n"


ASKED = {"prompt": PROMPT, "tools": ["calculate"], "requestId": "example"}
SESSION = {"message": PROMPT, "tools": ["calculate"], "requestId": "example"}
QUERY = "prompt=How%20much%20is%206%20times%207%3F&tools=calculate&requestId=example"
NATIVE = Example(
    "Native", "What the page reads. The ids are the Run's own numbers.", "POST", "/chat", ASKED | {"stream": True}
)


def examples(run_id: str, chat_id: str) -> Iterator[Example]:
    """Of an answer that has ended."""
    yield Example("JSON", "Without `stream`: one object, once the answer has ended.", "POST", "/chat", ASKED)
    yield Example(
        "From a number on",
        "What a reader who lost its connection asks for.",
        "GET",
        f"/runs/{run_id}/events",
        headers={"Last-Event-ID": "7"},
    )
    yield Example("Replay", "The same frames, at their own times or faster.", "GET", f"/runs/{run_id}/replay?speed=0")
    yield Example(
        "LLM API",
        "Calls come whole. The stateless `/api/llm/chat/stream` has the same frames, less the session.",
        "POST",
        "/api/llm/chat/session/stream",
        SESSION,
    )
    yield Example("LLM API, JSON", "The same in one piece.", "POST", "/api/llm/chat/session", SESSION)
    yield Example(
        "EventSource",
        "Data are the text itself. The first block only names the Run, for a reader who has to come back before it.",
        "GET",
        f"/api/chat?{QUERY}",
    )
    yield Example("Plain text", "The text, and nothing else.", "POST", "/ask", ASKED)


RESUMED = Example(
    "UI message stream",
    "Of Vercel's AI SDK. Here it was taken up while the answer was being written; `POST /api/ui/chat` gives the same.",
    "GET",
    "/api/ui/chat/{chat_id}/stream",
)
RELAYED = Example(
    "OpenAI's chunks, for comparison",
    "`/v1` has no Run: it passes on what the model server sends, and the tool is its caller's to run.",
    "POST",
    "/v1/chat/completions",
    {"model": "m", "messages": [{"role": "user", "content": PROMPT}], "tools": [TOOL], "stream": True},
)


TEXTS = Example(
    "OpenAI's text completions, for comparison",
    "Told from a chat, for a model that has no text completions.",
    "POST",
    "/v1/completions",
    {"model": "m", "prompt": PROMPT, "stream": True},
)
SOCKET = """\
## WebSocket

The native frames without their numbers. Here the answer is taken up from its beginning; `{{"type": "start", …}}` asks.

```
GET /ws

→ {order}
{frames}
```
"""
BROKER = """\
## MQTT 5

The same frames on the response topic that the request names. `id` is a user property.

```
→ chatstream/request    response topic: me/chatstream/a    correlation data: a
  {order}
{frames}
```
"""


def socket_section(api: Api, run_id: str) -> str:
    with Peer(api.address) as peer:
        order = {"type": "follow", "runId": run_id}
        peer.say(**{"type_" if name == "type" else name: value for name, value in order.items()})
        frames = "\n".join(f"← {_compact(frame)}" for frame in peer.rest())
    return SOCKET.format(order=json.dumps(order), frames=frames)


def broker_section(server: ChatStream, broker: Mosquitto, run_id: str) -> str:
    caller = connected(server, broker, "chatstream")
    order = {"type": "follow", "runId": run_id, "after": 5}
    caller.ask(order)
    frames = "\n".join(f"← me/chatstream/a    id: {n}\n  {_compact(frame)}" for n, frame in caller.frames())
    caller.close()
    return BROKER.format(order=json.dumps(order), frames=frames)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def sections(server: ChatStream, broker: Mosquitto, model: ModelServer) -> Iterator[str]:
    api = Api(server.address)
    model.script(THINKING)
    model.script(SPEAKING)
    first = NATIVE.open(api)
    resumed = Example(**{**vars(RESUMED), "path": RESUMED.path.format(chat_id=first.headers["X-Chat-Id"])})
    beside = resumed.open(api)
    watching = api.open("GET", f"/runs/{first.headers['X-Run-Id']}/events").frames()
    next(frame for frame in watching if "text" in frame[1])
    model.release("go on")
    yield NATIVE.section(first)
    yield from (one.section(one.open(api)) for one in examples(first.headers["X-Run-Id"], first.headers["X-Chat-Id"]))
    yield resumed.section(beside)
    yield socket_section(api, first.headers["X-Run-Id"])
    yield broker_section(server, broker, first.headers["X-Run-Id"])
    model.script(THINKING)
    yield RELAYED.section(RELAYED.open(api))
    model.script(failure(404, "There are no text completions."))
    model.script(SPEAKING)
    yield TEXTS.section(TEXTS.open(api))


def page() -> str:
    """The whole page, as docs/formats.md has it."""
    with ModelServer() as model, Mosquitto() as broker:
        settings = {"OPENAI_BASE_URL": model.url, "AI_MODEL": "m", "CHATSTREAM_MQTT_URL": broker.url}
        with ChatStream(settings) as server:
            return stable("\n".join([INTRODUCTION.format(prompt=PROMPT), *sections(server, broker, model)]))


def stable(text: str) -> str:
    """With ids counted through, and times that are the same for everybody. No heartbeat is part of a format."""
    ids = list(dict.fromkeys(re.findall(r"\b[0-9a-f]{24}\b", text)))
    for number, id_ in enumerate(ids, 1):
        text = text.replace(id_, f"{number:024x}")
    times = {"firstTokenMs": "210", "totalMs": "640", "tokensPerSecond": "50.0", "thoughtMs": "120"}
    times["created"] = "1700000000"
    for name, value in times.items():
        text = re.sub(rf'"{name}":[ 0-9.]+', f'"{name}":{value}', text)
    return text.replace(": ping\n\n", "")


def main() -> None:
    PAGE.write_text(page())
    print(PAGE.relative_to(ROOT))


if __name__ == "__main__":
    main()
