"""An answer's times, as docs/api.md, section 1, has them."""

from collections.abc import Iterable

from chatstream.wire.events import RunEvent

Timings = dict[str, int | float | None]


def timings(first_ms: int | None, last_ms: int | None, total_ms: int, usage: dict[str, int] | None) -> Timings:
    """Milliseconds since the question; tokens a second from the first token to the last, None if not known, as of
    an answer that came all at once.

    :param first_ms: when the first token came, None if none did; `last_ms` of the last one
    """
    tokens = (usage or {}).get("completion_tokens", 0)
    spent = last_ms - first_ms if first_ms is not None and last_ms is not None else 0
    rate = round((tokens - 1) * 1000 / spent, 1) if tokens > 1 and spent > 0 else None
    return {"firstTokenMs": first_ms, "totalMs": total_ms, "tokensPerSecond": rate}


def thought_ms(events: Iterable[RunEvent], total_ms: int) -> dict[str, int]:
    """{thoughtMs}: from the first reasoning to what came after it, or to the end, where the model reasoned before it
    wrote."""
    began = None
    for event in events:
        if event.kind == "reasoning":
            began = event.at if began is None else began
        elif began is not None:
            return {"thoughtMs": event.at - began}
        elif event.kind == "text":
            return {}
    return {} if began is None else {"thoughtMs": total_ms - began}
