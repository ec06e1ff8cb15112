"""The table of formats: the events of one Run, and what they become in each, byte by byte."""

from collections.abc import Callable
from typing import Any, NamedTuple

from chatstream.wire.events import RunEvent
from chatstream.wire.formats import Encoder, content, eventsource, native, plain, ui_message

IDS = {"runId": "r", "chatId": "c", "messageId": "m"}
FAILED = ("stopped", "truncated", "stalled", "upstream_error", "interrupted")
USAGE = {"completion_tokens": 2}
RESULT = {"index": 0, "id": "a", "name": "clock", "content": "noon", "failed": False}
WRONG = {"index": 1, "id": "b", "name": "sum", "content": "No numbers.", "failed": True}


def event(kind: Any, data: Any) -> RunEvent:
    return RunEvent(kind, data, 0)


def call(index: int, id_: str, name: str, arguments: str) -> RunEvent:
    return event("toolCall", {"index": index, "id": id_, "name": name, "arguments": arguments})


def end(state: str, **more: Any) -> RunEvent:
    error = {"error": {"message": "It broke.", "code": "broke"}} if state in FAILED and state != "stopped" else {}
    return event("end", {"chatId": "c", "state": state, "usage": None, "timings": {}, **error, **more})


RUN = [
    event("ids", IDS),
    event("reasoning", "Hm."),
    event("text", "Let me\r"),
    event("text", "\n  see: 😀\u2028\n"),
    call(0, "a", "clock", '{"in":'),
    call(1, "b", "sum", "[1"),
    call(0, "a", "clock", '"UTC"}'),
    event("toolResult", RESULT),
    event("toolResult", WRONG),
    event("reasoning", "So."),
    event("text", "Noon."),
    end("complete", usage=USAGE),
]


class Row(NamedTuple):
    """A format: a new encoder, what RUN becomes, and what only an answer that ended well may show."""

    new: Callable[[], Encoder]
    run: str
    success: str | None
    failed: str
    """What an `upstream_error` shows at its end."""


NATIVE = """\
id: 1
data: {"runId":"r","chatId":"c","messageId":"m"}

id: 2
data: {"reasoning":"Hm."}

id: 3
data: {"text":"Let me\\r"}

id: 4
data: {"text":"\\n  see: 😀\u2028\\n"}

id: 5
data: {"toolCall":{"index":0,"id":"a","name":"clock","arguments":"{\\"in\\":"}}

id: 6
data: {"toolCall":{"index":1,"id":"b","name":"sum","arguments":"[1"}}

id: 7
data: {"toolCall":{"index":0,"id":"a","name":"clock","arguments":"\\"UTC\\"}"}}

id: 8
data: {"toolResult":{"index":0,"id":"a","name":"clock","content":"noon","failed":false}}

id: 9
data: {"toolResult":{"index":1,"id":"b","name":"sum","content":"No numbers.","failed":true}}

id: 10
data: {"reasoning":"So."}

id: 11
data: {"text":"Noon."}

id: 12
data: {"chatId":"c","state":"complete","usage":{"completion_tokens":2},"timings":{}}

"""

CONTENT = """\
data: {"reasoning":"Hm."}

data: {"content":"Let me\\r"}

data: {"content":"\\n  see: 😀\u2028\\n"}

data: {"tool_call":{"id":"a","name":"clock","arguments":"{\\"in\\":\\"UTC\\"}"}}

data: {"tool_call":{"id":"b","name":"sum","arguments":"[1"}}

data: {"tool_result":{"id":"a","name":"clock","content":"noon","failed":false}}

data: {"tool_result":{"id":"b","name":"sum","content":"No numbers.","failed":true}}

data: {"reasoning":"So."}

data: {"content":"Noon."}

data: {"done":true,"state":"complete","usage":{"completion_tokens":2},"session_id":"s"}

"""

EVENTSOURCE = """\
id: r.1

id: r.3
data: Let me
data: \n
id: r.4
data:   see: 😀\u2028
data: \n
id: r.11
data: Noon.

id: r.12
event: done
data: {"chatId":"c","runId":"r","state":"complete"}

"""

OURS = '"dynamic":true,"providerExecuted":true'
UI_MESSAGE = f"""\
data: {{"type":"start","messageId":"m","messageMetadata":{{"chatId":"c","runId":"r"}}}}

data: {{"type":"start-step"}}

data: {{"type":"reasoning-start","id":"reasoning-1"}}

data: {{"type":"reasoning-delta","id":"reasoning-1","delta":"Hm."}}

data: {{"type":"reasoning-end","id":"reasoning-1"}}

data: {{"type":"text-start","id":"text-2"}}

data: {{"type":"text-delta","id":"text-2","delta":"Let me\\r"}}

data: {{"type":"text-delta","id":"text-2","delta":"\\n  see: 😀\u2028\\n"}}

data: {{"type":"text-end","id":"text-2"}}

data: {{"type":"tool-input-start","toolCallId":"a","toolName":"clock",{OURS}}}

data: {{"type":"tool-input-delta","toolCallId":"a","inputTextDelta":"{{\\"in\\":"}}

data: {{"type":"tool-input-start","toolCallId":"b","toolName":"sum",{OURS}}}

data: {{"type":"tool-input-delta","toolCallId":"b","inputTextDelta":"[1"}}

data: {{"type":"tool-input-delta","toolCallId":"a","inputTextDelta":"\\"UTC\\"}}"}}

data: {{"type":"tool-input-available","input":{{"in":"UTC"}},"toolCallId":"a","toolName":"clock",{OURS}}}

data: {{"type":"tool-input-error","input":"[1","errorText":"The arguments are no JSON: Expecting ',' delimiter: \
line 1 column 3 (char 2).","toolCallId":"b","toolName":"sum",{OURS}}}

data: {{"type":"tool-output-available","output":"noon","toolCallId":"a",{OURS}}}

data: {{"type":"tool-output-error","errorText":"No numbers.","toolCallId":"b",{OURS}}}

data: {{"type":"finish-step"}}

data: {{"type":"start-step"}}

data: {{"type":"reasoning-start","id":"reasoning-3"}}

data: {{"type":"reasoning-delta","id":"reasoning-3","delta":"So."}}

data: {{"type":"reasoning-end","id":"reasoning-3"}}

data: {{"type":"text-start","id":"text-4"}}

data: {{"type":"text-delta","id":"text-4","delta":"Noon."}}

data: {{"type":"text-end","id":"text-4"}}

data: {{"type":"finish-step"}}

data: {{"type":"finish","finishReason":"stop","messageMetadata":{{"state":"complete","usage":{{"completion_tokens":2}},\
"timings":{{}}}}}}

data: [DONE]

"""

ROWS = {
    "native": Row(native.Encoder, NATIVE, '"state":"complete"', '"error":{"message":"It broke.","code":"broke"}'),
    "content": Row(
        lambda: content.Encoder(session_id="s"),
        CONTENT,
        '"done"',
        'data: {"error":"It broke.","code":"broke","state":"upstream_error","session_id":"s"}\n\n',
    ),
    "eventsource": Row(
        lambda: eventsource.Encoder("r", "c"),
        EVENTSOURCE,
        "event: done",
        'event: error\ndata: {"message":"It broke.","code":"broke","chatId":"c","runId":"r","state":"upstream_error"}',
    ),
    "plain": Row(plain.Encoder, "Let me\r\n  see: 😀\u2028\nNoon.", None, ""),
    "ui_message": Row(ui_message.Encoder, UI_MESSAGE, "[DONE]", 'data: {"type":"error","errorText":"It broke."}\n\n'),
}
