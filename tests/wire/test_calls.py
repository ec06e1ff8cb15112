"""Tool calls, put together from pieces in any mixture."""

from typing import Any

from chatstream.wire.calls import Call, Calls


def piece(index: int, arguments: str = "", id_: str = "", name: str = "") -> dict[str, Any]:
    return {"index": index, "id": id_, "name": name, "arguments": arguments}


def test_calls_in_mixed_pieces_are_whole_when_their_round_is_over() -> None:
    calls = Calls()
    assert not calls
    for part in (piece(1, '{"a"', "i1"), piece(0, "", "i0", "f"), piece(1, ":1}", "late", "g"), piece(0, "{}")):
        calls.add(part)
    assert calls
    assert calls.whole() == [Call(1, "i1", "g", '{"a":1}'), Call(0, "i0", "f", "{}")]


def test_each_is_given_once_and_its_index_may_serve_again() -> None:
    calls = Calls()
    calls.add(piece(0, "1", "a", "f"))
    assert [call.id for call in calls.whole()] == ["a"]
    assert (calls.whole(), bool(calls)) == ([], False)
    calls.add(piece(0, "2", "b", "g"))
    assert calls.whole() == [Call(0, "b", "g", "2")]
