"""The demo model: a small OpenAI-compatible server, deterministic and offline, for when no model server is configured.

    python -m chatstream.upstream.demo --port N

The form is that of OpenAI's reference: https://platform.openai.com/docs/api-reference/chat. What it says is in
`demo_answers`; of the request it uses model, messages, stream, stream_options, tools, tool_choice "none" and both
names of the token limit.
"""

if __name__ == "__main__":  # before anything else imports socket
    from gevent import monkey

    monkey.patch_all()

import argparse
import itertools
import re
import signal
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Literal
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import gevent
import msgspec
from gevent import pywsgi

from chatstream.upstream.demo_answers import SPEEDS, Answer, Tool, answer, pieces

BODY_MAX = 1 << 20
"""Bytes of a request's body; one more is a 413."""


class _Part(msgspec.Struct):
    text: str = ""


class _Message(msgspec.Struct):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[_Part] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class _Function(msgspec.Struct):
    name: str
    parameters: dict[str, Any] | None = None


class _Tool(msgspec.Struct):
    function: _Function


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


_Limit = Annotated[int, msgspec.Meta(ge=1)]


class _Request(msgspec.Struct):
    model: str
    messages: Annotated[list[_Message], msgspec.Meta(min_length=1)]
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: _Limit | None = None
    max_completion_tokens: _Limit | None = None
    tools: list[_Tool] | None = None
    tool_choice: Any = None
    n: Annotated[int, msgspec.Meta(ge=1, le=1)] | None = None


class _FunctionDelta(msgspec.Struct, omit_defaults=True):
    arguments: str
    name: str | None = None


class _CallDelta(msgspec.Struct, omit_defaults=True):
    function: _FunctionDelta
    index: int | None = None
    id: str | None = None
    type: str | None = None


class _Delta(msgspec.Struct, omit_defaults=True):
    """One token of an answer, or the head of a tool call."""

    role: str | None = None
    content: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_CallDelta] | None = None


class _Refusal(Exception):
    """A request that gets an error: its status, and `{"error": …}` in OpenAI's form."""

    def __init__(self, status: int, message: str, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers: list[tuple[str, str]] = []
        self.body = {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


class _Completion:
    """One answer, cut into deltas: what remains of it within the request's limit."""

    def __init__(self, request: _Request) -> None:
        whole = _deltas(_answer(request))
        self.request = request
        self.id = f"chatcmpl-{uuid.uuid4().hex}"
        self.created = int(time.time())
        self.deltas = whole[: min(request.max_tokens or len(whole), request.max_completion_tokens or len(whole))]
        self.calls = [delta for delta in self.deltas if delta.tool_calls]
        cut = len(self.deltas) < len(whole)
        self.finish_reason = "length" if cut else "tool_calls" if self.calls else "stop"

    def paced(self) -> Iterator[_Delta]:
        """The deltas, each at its time. Times count from the start, so that delays do not add up."""
        start = time.monotonic()
        for number, delta in enumerate(self.deltas):
            due = start + number / SPEEDS[self.request.model]
            gevent.sleep(max(0.0, due - time.monotonic()))
            yield delta

    def frames(self) -> Iterator[bytes]:
        """The chat.completion.chunk events, and [DONE]. Closing the iterator is all it takes to stop."""
        yield self._frame([_choice(_Delta(role="assistant", content=""))])
        for delta in self.paced():
            yield self._frame([_choice(delta)])
        yield self._frame([_choice(_Delta(), self.finish_reason)])
        if self._wants_usage:
            yield self._frame([], self.usage)
        yield b"data: [DONE]\n\n"

    @property
    def _wants_usage(self) -> bool:
        return bool(self.request.stream_options and self.request.stream_options.include_usage)

    def _frame(self, choices: list[dict[str, object]], usage: dict[str, object] | None = None) -> bytes:
        chunk = self._head("chat.completion.chunk") | {"choices": choices}
        if self._wants_usage:
            chunk["usage"] = usage  # null on every chunk but the last
        return b"data: " + msgspec.json.encode(chunk) + b"\n\n"

    def whole(self) -> dict[str, object]:
        """The chat.completion object, after the time that its stream would have taken."""
        gevent.sleep(len(self.deltas) / SPEEDS[self.request.model])
        choice = {"index": 0, "message": self._message(), "logprobs": None, "finish_reason": self.finish_reason}
        return self._head("chat.completion") | {"choices": [choice], "usage": self.usage}

    def _head(self, kind: str) -> dict[str, object]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.request.model}

    def _message(self) -> dict[str, object]:
        content = "".join(delta.content or "" for delta in self.deltas)
        reasoning = "".join(delta.reasoning_content or "" for delta in self.deltas)
        message: dict[str, object] = {"role": "assistant", "content": None if self.calls else content}
        if reasoning:
            message["reasoning_content"] = reasoning
        if self.calls:
            message["tool_calls"] = [_joined(self.calls)]
        return message

    @property
    def usage(self) -> dict[str, object]:
        """Counted with the demo's own cutter."""
        prompt = sum(len(pieces(message.text)) for message in self.request.messages)
        thought = sum(delta.reasoning_content is not None for delta in self.deltas)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": len(self.deltas),
            "total_tokens": prompt + len(self.deltas),
            "completion_tokens_details": {"reasoning_tokens": thought},
        }


def _answer(request: _Request) -> Answer:
    asked = [message.text for message in request.messages if message.role == "user"]
    offered = [] if request.tool_choice == "none" else request.tools or []
    tools = [Tool(tool.function.name, tool.function.parameters or {}) for tool in offered]
    return answer(asked[-1] if asked else "", tools, _results(request.messages))


def _results(messages: Sequence[_Message]) -> list[str]:
    """The tool messages that end the conversation, in order."""
    backwards = itertools.takewhile(lambda message: message.role == "tool", reversed(messages))
    return [message.text for message in backwards][::-1]


def _deltas(reply: Answer) -> list[_Delta]:
    deltas = [_Delta(reasoning_content=piece) for piece in pieces(reply.reasoning)]
    deltas += [_Delta(content=piece) for piece in pieces(reply.content)]
    if reply.tool_call:
        head = _FunctionDelta("", reply.tool_call.name)
        calls = [_CallDelta(head, 0, f"call_{uuid.uuid4().hex}", "function")]
        calls += [_CallDelta(_FunctionDelta(piece), 0) for piece in pieces(reply.tool_call.arguments)]
        deltas += [_Delta(tool_calls=[call]) for call in calls]
    return deltas


def _joined(deltas: Sequence[_Delta]) -> _CallDelta:
    head, *rest = [call for delta in deltas for call in delta.tool_calls or ()]
    arguments = "".join(call.function.arguments for call in rest)
    return _CallDelta(_FunctionDelta(arguments, head.function.name), id=head.id, type=head.type)


def _choice(delta: _Delta, finish_reason: str | None = None) -> dict[str, object]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The WSGI application: GET /v1/models and POST /v1/chat/completions."""
    try:
        return _route(environ)(environ, start_response)
    except _Refusal as refusal:
        return _json(start_response, refusal.status, refusal.body, refusal.headers)


def _route(environ: WSGIEnvironment) -> WSGIApplication:
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    if path not in _ROUTES:
        served = " and ".join(_ROUTES)
        raise _Refusal(404, f"There is nothing at {path}. The demo serves {served}.", code="unknown_url")
    allowed, view = _ROUTES[path]
    if method != allowed:
        refusal = _Refusal(405, f"{path} takes {allowed}, not {method}.", code="method_not_supported")
        refusal.headers.append(("Allow", allowed))
        raise refusal
    return view


def _models(_: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    models = [{"id": name, "object": "model", "created": 0, "owned_by": "chatstream"} for name in SPEEDS]
    return _json(start_response, 200, {"object": "list", "data": models})


def _chat(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    request = _read(environ)
    completion = _Completion(request)
    if not request.stream:
        return _json(start_response, 200, completion.whole())
    kind = ("Content-Type", "text/event-stream; charset=utf-8")
    start_response("200 OK", [kind, ("Cache-Control", "no-cache"), ("X-Accel-Buffering", "no")])
    return completion.frames()


_ROUTES: dict[str, tuple[str, WSGIApplication]] = {
    "/v1/models": ("GET", _models),
    "/v1/chat/completions": ("POST", _chat),
}


def _read(environ: WSGIEnvironment) -> _Request:
    """The request's body, checked.

    :raises _Refusal: with a sentence that says what to change
    """
    body = environ["wsgi.input"].read(BODY_MAX + 1)
    if len(body) > BODY_MAX:
        raise _Refusal(413, f"The body is larger than {BODY_MAX} bytes. Send a shorter conversation.")
    try:
        request = msgspec.json.decode(body, type=_Request)
    except msgspec.ValidationError as error:
        raise _Refusal(400, f"{error}.", _param(str(error))) from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _Refusal(400, f"The body cannot be read as JSON: {error}.") from error
    _check(request)
    return request


def _check(request: _Request) -> None:
    """What the types do not say."""
    if request.model not in SPEEDS:
        sentence = f"The model `{request.model}` does not exist. The demo has: {', '.join(SPEEDS)}."
        raise _Refusal(404, sentence, "model", "model_not_found")
    for number, message in enumerate(request.messages):
        if message.content is None and message.role != "assistant":
            param = f"messages[{number}].content"
            raise _Refusal(400, f"A {message.role} message needs a `content` - at `$.{param}`.", param)


def _param(error: str) -> str | None:
    """Which field msgspec's sentence is about: the path at its end, or the missing field."""
    found = re.search(r"`\$\.([^`]+)`\Z", error) or re.search(r"missing required field `([^`]+)`\Z", error)
    return found and found[1]


def _json(
    start_response: StartResponse, status: int, value: object, headers: Sequence[tuple[str, str]] = ()
) -> Iterable[bytes]:
    body = msgspec.json.encode(value)
    length = ("Content-Length", str(len(body)))
    start_response(f"{status} {HTTPStatus(status).phrase}", [("Content-Type", "application/json"), length, *headers])
    return [body]


def serve(port: int = 0, host: str = "127.0.0.1") -> pywsgi.WSGIServer:
    """Start the demo in the present process, in greenlets, and return the running server.

    :param port: 0 takes a free one; the one taken is the result's `server_port`
    :raises OSError: the address cannot be listened on
    """
    server = pywsgi.WSGIServer((host, port), app, log=None)
    server.start()
    return server


def main() -> None:
    """Serve until Ctrl-C, having printed the address."""
    parser = argparse.ArgumentParser(prog="python -m chatstream.upstream.demo", description="ChatStream's demo model")
    parser.add_argument(
        "--port", type=_port, default=0, metavar="N", help="TCP port on 127.0.0.1 (default: a free one)"
    )
    port = parser.parse_args().port
    try:
        server = serve(port)
    except OSError as error:
        parser.error(f"cannot listen on port {port}: {error.strerror}. Choose another with --port.")
    # Not `except KeyboardInterrupt`: raised while the hub waits, gevent would print it.
    gevent.signal_handler(signal.SIGINT, server.stop)
    print(f"ChatStream's demo model: http://127.0.0.1:{server.server_port}/v1", flush=True)
    server.serve_forever()


def _port(text: str) -> int:
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)


if __name__ == "__main__":
    main()
