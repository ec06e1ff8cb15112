"""An answer's times and its rate."""

import pytest

from chatstream.wire.events import RunEvent
from chatstream.wire.timings import thought_ms, timings


@pytest.mark.parametrize(
    ("first", "last", "usage", "rate"),
    [
        (100, 1100, {"completion_tokens": 21}, 20.0),
        (100, 400, {"completion_tokens": 2}, 3.3),
        (100, 1100, {"completion_tokens": 1}, None),
        (100, 1100, {"prompt_tokens": 5}, None),
        (100, 1100, None, None),
        (100, 100, {"completion_tokens": 21}, None),
        (None, None, {"completion_tokens": 21}, None),
    ],
)
def test_tokens_count_from_the_first_to_the_last(
    first: int | None, last: int | None, usage: dict[str, int] | None, rate: float | None
) -> None:
    assert timings(first, last, 1500, usage) == {"firstTokenMs": first, "totalMs": 1500, "tokensPerSecond": rate}


@pytest.mark.parametrize(
    ("events", "thought"),
    [
        ([("ids", 0), ("reasoning", 100), ("reasoning", 900), ("text", 1300), ("end", 2000)], {"thoughtMs": 1200}),
        ([("reasoning", 100), ("toolCall", 400), ("reasoning", 500)], {"thoughtMs": 300}),
        ([("reasoning", 100), ("end", 700)], {"thoughtMs": 600}),
        ([("ids", 0), ("text", 100), ("reasoning", 200), ("end", 900)], {}),
        ([("reasoning", 100)], {"thoughtMs": 4900}),
        ([], {}),
    ],
)
def test_thinking_lasts_until_something_else_comes(events: list[tuple[str, int]], thought: dict[str, int]) -> None:
    assert thought_ms((RunEvent(kind, "", at) for kind, at in events), 5000) == thought  # type: ignore[arg-type]
