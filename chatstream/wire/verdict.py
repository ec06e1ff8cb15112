"""How an answer ended, by what was read of it, or by the error that ended it."""

from chatstream.errors import UpstreamBroke, UpstreamError, UpstreamReported, UpstreamTimeout
from chatstream.wire.chunks import ChunkReader, end_state
from chatstream.wire.events import State


def verdict(reader: ChunkReader) -> tuple[State, UpstreamError | None]:
    """The state of an answer of which no more comes, and its error, if it is not whole."""
    if reader.error is not None:
        return "upstream_error", reader.error
    if reader.finish_reason is None:
        return "truncated", UpstreamError("The model server ended the answer without saying that it was whole.")
    state = end_state(reader.finish_reason)
    if state == "upstream_error":
        return state, UpstreamReported(f"The model server gave up: its reason was {reader.finish_reason!r}.")
    return state, None


def state_after(error: UpstreamError) -> State:
    """The state of an answer that this error ended."""
    return "stalled" if isinstance(error, UpstreamTimeout) else "upstream_error"


def broken(reader: ChunkReader) -> UpstreamBroke:
    """The error of a connection that broke here."""
    tokens = reader.tokens
    when = f"after {tokens:,} token{'s' * (tokens > 1)}" if tokens else "before the first token"
    return UpstreamBroke(f"The connection to the model server broke {when}.")
