"""An answer's times and its rate."""

import pytest

from chatstream.wire.timings import timings


@pytest.mark.parametrize(
    ("first", "total", "usage", "rate"),
    [
        (100, 1100, {"completion_tokens": 21}, 20.0),
        (100, 400, {"completion_tokens": 2}, 3.3),
        (100, 1100, {"completion_tokens": 1}, None),
        (100, 1100, {"prompt_tokens": 5}, None),
        (100, 1100, None, None),
        (100, 100, {"completion_tokens": 21}, None),
        (None, 1100, {"completion_tokens": 21}, None),
    ],
)
def test_tokens_count_from_the_first_to_the_last(
    first: int | None, total: int, usage: dict[str, int] | None, rate: float | None
) -> None:
    assert timings(first, total, usage) == {"firstTokenMs": first, "totalMs": total, "tokensPerSecond": rate}
