"""The SSE codec against the standard: the cases of web-platform-tests' eventsource/format-*, in any cut."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstream.wire.sse import Decoder, Event, encode


def decode(data: bytes) -> list[tuple[str, str, str]]:
    return [(e.event, e.data, e.id) for e in Decoder().feed(data)]


def messages(data: str) -> list[str]:
    return [data for _, data, _ in decode(data.encode())]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        pytest.param("data:1\r\ndata\ndata:2\n\n", ["1\n\n2"], id="line ends mixed, a field without colon"),
        pytest.param(
            "\ufeffdata:1\n\n\ufeffdata:2\n\ndata:3\n\n", ["1", "3"], id="one BOM is dropped, a second is text"
        ),
        pytest.param("\ufeff\ufeffdata:1\n\ndata:2\n\ndata:3\n\n", ["2", "3"], id="two BOMs"),
        pytest.param("data:1\r:\0\n:\r\ndata:2\n:x\rdata:3\r:data:fail\r:x\ndata:4\n\n", ["1\n2\n3\n4"], id="comments"),
        pytest.param("data:\n\ndata\ndata\n\ndata:test\n\n", ["", "\n", "test"], id="empty data is dispatched"),
        pytest.param("data:test\n\ndata", ["test"], id="an unfinished block is discarded"),
        pytest.param("data: 1\ndata:  2\ndata:3\n\n", ["1\n 2\n3"], id="one leading space is dropped"),
        pytest.param("data:\t1\rdata: 2\ndata:3\r\n\n", ["\t1\n2\n3"], id="a tab is no space"),
        pytest.param("data:test\ndata\ndata:test\n\n", ["test\n\ntest"], id="data without colon"),
        pytest.param(
            "data:test\n data\ndata\nfoobar:xxx\njusttext\n:thisisacomment\ndata:test\n\n",
            ["test\n\ntest"],
            id="unknown",
        ),
        pytest.param("data:ok\0\n\n", ["ok\0"], id="NUL in data"),
        pytest.param("event: x\n\nid: 1\n\nretry: 3\n\n", [], id="no data, no event"),
        pytest.param(
            "data: a\u2028b\u2029c\u0085d\x0be\n\n", ["a\u2028b\u2029c\u0085d\x0be"], id="only CR and LF end lines"
        ),
    ],
)
def test_standard(stream: str, expected: list[str]) -> None:
    assert messages(stream) == expected


def test_event_names_last_for_one_event() -> None:
    assert decode(b"event:test\ndata:x\n\ndata:x\n\nevent:\ndata:y\n\n") == [
        ("test", "x", ""),
        ("message", "x", ""),
        ("message", "y", ""),
    ]


def test_ids_persist_and_one_with_nul_is_ignored() -> None:
    stream = b"id: 1\ndata: a\n\ndata: b\n\nid: x\0y\ndata: c\n\nid\ndata: d\n\nid: 2\n\ndata: e\n\n"
    assert [(data, id_) for _, data, id_ in decode(stream)] == [
        ("a", "1"),
        ("b", "1"),
        ("c", "1"),
        ("d", ""),
        ("e", "2"),
    ]


def test_retry_takes_digits_only() -> None:
    decoder = Decoder()
    for line, expected in (
        (b"retry: 1000", 1000),
        (b"retry:1000x", 1000),
        ("retry: ١".encode(), 1000),
        (b"retry:5", 5),
    ):
        decoder.feed(line + b"\n\n")
        assert decoder.retry == expected


def test_crlf_cut_between_two_reads_is_one_line_end() -> None:
    decoder = Decoder()
    cuts = [b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n"]
    assert [e.data for cut in cuts for e in decoder.feed(cut)] == ["a\nb"]


def test_invalid_utf8_becomes_replacement_characters() -> None:
    assert decode(b"data: \xff\xe2\x82\n\n")[0][1] == "\ufffd\ufffd"


def test_an_event_over_the_bound_is_refused_before_it_is_held() -> None:
    decoder = Decoder(max_event=1000)
    assert [decoder.feed(b"x" * 100) for _ in range(10)] == [[]] * 10
    assert not decoder.overfull
    assert (decoder.feed(b"x"), decoder.overfull, decoder.feed(b"\n\ndata: a\n\n")) == ([], True, [])


@pytest.mark.parametrize("end", [b"", b"\n\n", b"\n\ndata: b\n\n"])
def test_what_came_before_an_event_over_the_bound_is_kept(end: bytes) -> None:
    decoder = Decoder(max_event=1000)
    assert [e.data for e in decoder.feed(b"data: a\n\ndata: " + b"x" * 2000 + end)] == ["a"]
    assert (decoder.overfull, decoder.feed(b"data: c\n\n")) == (True, [])


def test_many_events_over_the_bound_together_are_fine() -> None:
    assert len(Decoder(max_event=100).feed(b"data: 1234567890\n\n" * 1000)) == 1000


LINES = st.lists(
    st.sampled_from(["data", "id", "event", "retry", "", ":", "x"])
    .flatmap(
        lambda field: st.tuples(
            st.just(field), st.sampled_from(["", ":", ": "]), st.text("ab1\0\ufeff é€😀:", max_size=5)
        )
    )
    .map("".join),
    max_size=20,
)
STREAMS = st.tuples(LINES, st.lists(st.sampled_from(["\n", "\r", "\r\n", "\n\n"]), min_size=1, max_size=20)).map(
    lambda both: "".join(line + end for line, end in zip(both[0], itertools.cycle(both[1]), strict=False))
)


@given(STREAMS, st.data())
def test_any_cut_gives_the_same_events(stream: str, data: st.DataObject) -> None:
    whole = stream.encode()
    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=10)))
    decoder = Decoder()
    parts = [whole[a:b] for a, b in itertools.pairwise([0, *cuts, len(whole)])]
    assert [(e.event, e.data, e.id) for part in parts for e in decoder.feed(part)] == decode(whole)


@given(STREAMS)
def test_byte_by_byte_gives_the_same_events(stream: str) -> None:
    decoder = Decoder()
    found = [(e.event, e.data, e.id) for byte in stream.encode() for e in decoder.feed(bytes([byte]))]
    assert found == decode(stream.encode())


NAMES = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=10)
EVENTS = st.builds(
    Event,
    data=st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"])),
    event=NAMES.map(lambda name: name.lstrip(" ") or "message"),
    id=NAMES.map(lambda name: name.lstrip(" ") or "1"),
)


@given(st.lists(EVENTS, max_size=5))
def test_decode_is_the_inverse_of_encode(events: list[Event]) -> None:
    assert Decoder().feed(b"".join(map(encode, events))) == events


def test_encode_writes_line_breaks_as_data_lines_and_refuses_what_it_cannot_carry() -> None:
    assert encode(Event("a\r\nb\rc")) == b"data: a\ndata: b\ndata: c\n\n"
    for event in (Event("", event="a\nb"), Event("", id="a\rb"), Event("", id="\0")):
        with pytest.raises(ValueError, match="single lines"):
            encode(event)
