"""The native format and the store's packing."""

from chatstream.wire.events import RunEvent, joined, pack, tool_calls, unpack
from chatstream.wire.formats import native

EVENTS = [
    RunEvent("ids", {"runId": "r", "chatId": "c", "messageId": "m"}, 0),
    RunEvent("text", "Hé\n\u2028😀", 5),
    RunEvent("reasoning", "hm", 6),
    RunEvent("toolCall", {"index": 0, "id": "i", "name": "n", "arguments": "{}"}, 7),
    RunEvent("end", {"chatId": "c", "state": "complete"}, 9),
]


def test_each_frame_is_one_numbered_line_of_json() -> None:
    assert native.frames(7, EVENTS).decode().split("\n\n") == [
        'id: 7\ndata: {"runId":"r","chatId":"c","messageId":"m"}',
        'id: 8\ndata: {"text":"Hé\\n\u2028😀"}',
        'id: 9\ndata: {"reasoning":"hm"}',
        'id: 10\ndata: {"toolCall":{"index":0,"id":"i","name":"n","arguments":"{}"}}',
        'id: 11\ndata: {"chatId":"c","state":"complete"}',
        "",
    ]


def test_packing_keeps_everything() -> None:
    assert unpack(pack(EVENTS)) == EVENTS


def test_pieces_are_joined_by_kind() -> None:
    pieces = [RunEvent(kind, text, 0) for kind, text in (("text", "a"), ("reasoning", "b"), ("text", "c"))]
    assert (joined(pieces, "text"), joined(pieces, "reasoning"), joined([], "text")) == ("ac", "b", "")


def test_tool_calls_are_put_together_in_the_order_they_began() -> None:
    def piece(index: int, arguments: str) -> RunEvent:
        return RunEvent("toolCall", {"index": index, "id": f"c{index}", "name": "f", "arguments": arguments}, 0)

    assert tool_calls([EVENTS[1], piece(1, "{"), piece(0, "[]"), piece(1, "}")]) == [
        {"id": "c1", "name": "f", "arguments": "{}", "at": 5},
        {"id": "c0", "name": "f", "arguments": "[]", "at": 5},
    ]
    assert tool_calls(EVENTS[:2]) is None
