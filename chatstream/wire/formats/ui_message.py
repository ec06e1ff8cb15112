"""The UI message stream of Vercel's AI SDK, version 1, which `useChat` reads.

https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol. A message is made of steps, one for each call of the model; a step of
blocks of text and reasoning, and of tool calls with their results. The tools are this server's, which its front end
knows nothing of: `dynamic`, and not its to run.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from chatstream.wire.calls import Call, Calls
from chatstream.wire.events import RunEvent
from chatstream.wire.formats import EVENT_STREAM, failure
from chatstream.wire.sse import HEARTBEAT

DONE = b"data: [DONE]\n\n"
"""The success mark."""

Part = dict[str, Any]

_encode = msgspec.json.Encoder().encode
_REASONS = {"complete": "stop", "length": "length", "filtered": "content-filter"}
_OURS = {"dynamic": True, "providerExecuted": True}


class Encoder:
    """A viewer begins with the Run's first event, also when it resumes: the message is built anew then."""

    headers = {**EVENT_STREAM, "x-vercel-ai-ui-message-stream": "v1"}
    heartbeat = HEARTBEAT
    cuts = False

    def __init__(self) -> None:
        self._blocks = 0
        self._open: tuple[str, str] | None = None
        """The block that is being written: what it is, and its id."""
        self._calls = Calls()
        self._ids: dict[int, str] = {}
        """Of the calls that were begun, by index."""
        self._unanswered: set[int] = set()
        self._answered = False
        """Whether the step has a result: what comes next is said in another call of the model."""

    def frames(self, _: int, events: Sequence[RunEvent]) -> bytes:
        parts = b"".join(b"data: %b\n\n" % _encode(part) for event in events for part in self._parts(event))
        last = events[-1]
        return parts + DONE if last.kind == "end" and failure(last.data) is None else parts

    def _parts(self, event: RunEvent) -> Iterator[Part]:
        kind, data = event.kind, event.data
        if kind == "ids":
            yield {"type": "start", "messageId": data["messageId"], "messageMetadata": _picked(data, "chatId", "runId")}
            yield {"type": "start-step"}
        elif kind == "text" or kind == "reasoning":
            yield from self._text(kind, data)
        elif kind == "toolCall":
            yield from self._call(data)
        elif kind == "toolResult":
            yield from self._result(data)
        else:
            yield from self._end(data)

    def _text(self, kind: str, text: str) -> Iterator[Part]:
        if self._open is None or self._open[0] != kind:
            yield from self._close()
            yield from self._step()
            self._blocks += 1
            self._open = kind, f"{kind}-{self._blocks}"
            yield {"type": f"{kind}-start", "id": self._open[1]}
        yield {"type": f"{kind}-delta", "id": self._open[1], "delta": text}

    def _close(self) -> Iterator[Part]:
        if self._open is not None:
            kind, name = self._open
            self._open = None
            yield {"type": f"{kind}-end", "id": name}

    def _step(self) -> Iterator[Part]:
        if self._answered:
            self._answered = False
            yield {"type": "finish-step"}
            yield {"type": "start-step"}

    def _call(self, piece: Mapping[str, Any]) -> Iterator[Part]:
        yield from self._close()
        yield from self._step()
        index = piece["index"]
        if index not in self._ids:
            yield self._begin(index, piece["id"], piece["name"])
        self._calls.add(piece)
        if piece["arguments"]:
            yield {"type": "tool-input-delta", "toolCallId": self._ids[index], "inputTextDelta": piece["arguments"]}

    def _begin(self, index: int, given: str, name: str) -> Part:
        """Some servers give no ids, or the same ones again in each round: a front end needs every one to be another."""
        known, id_ = self._ids.values(), given or f"call-{index}"
        while id_ in known:
            id_ = f"{id_}-{index}"
        self._ids[index] = id_
        self._unanswered.add(index)
        return {"type": "tool-input-start", "toolCallId": self._ids[index], "toolName": name, **_OURS}

    def _whole(self) -> Iterator[Part]:
        for call in self._calls.whole():
            known = {"toolCallId": self._ids[call.index], "toolName": call.name}
            yield {**_input(call), **known, **_OURS}

    def _result(self, result: Mapping[str, Any]) -> Iterator[Part]:
        yield from self._whole()
        self._answered = True
        self._unanswered.discard(result["index"])
        what = ("error", "errorText") if result["failed"] else ("available", "output")
        known = {"toolCallId": self._ids[result["index"]], **_OURS}
        yield {"type": f"tool-output-{what[0]}", what[1]: result["content"], **known}

    def _end(self, end: Mapping[str, Any]) -> Iterator[Part]:
        yield from self._close()
        failed = failure(end)
        if end["state"] == "stopped":
            yield {"type": "abort", "reason": failed["message"] if failed else ""}
        elif failed is not None:
            yield {"type": "error", "errorText": failed["message"]}
        else:
            yield from self._whole()
            yield {"type": "finish-step"}
            reason = "tool-calls" if self._unanswered and end["state"] == "complete" else _REASONS[end["state"]]
            metadata = _picked(end, "state", "usage", "timings")
            yield {"type": "finish", "finishReason": reason, "messageMetadata": metadata}


def _input(call: Call) -> Part:
    """The arguments as the model wrote them, checked but not written anew: numbers may be larger than ours. Line breaks
    can only be white space there, and would end the frame's line."""
    written = call.arguments or "{}"
    try:
        json.loads(written, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        return {"type": "tool-input-error", "input": written, "errorText": f"The arguments are no JSON: {error}."}
    one_line = written.replace("\r", " ").replace("\n", " ")
    return {"type": "tool-input-available", "input": msgspec.Raw(one_line.encode())}


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _picked(values: Mapping[str, Any], *names: str) -> Part:
    return {name: values[name] for name in names}
