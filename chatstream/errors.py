"""Every error ChatStream knows. Status and code are data on the class; the message says what to change.

ChatStreamError                     500 internal
├── SettingsError                   –   the start is refused; never seen by a client
├── BadRequest                      400 bad_request
│   ├── CrossSite                   403 cross_site
│   ├── UnknownHost                 421 unknown_host
│   ├── NotFound                    404 not_found
│   ├── Conflict                    409 conflict
│   │   ├── LeafMoved               409 conflict
│   │   └── WasStopped              409 stopped         an answer's end, where a form has no other word for it
│   ├── Gone                        410 gone
│   ├── UnknownModel                400 unknown_model
│   └── TooLarge                    413 too_large
├── Busy                            503 busy            (Retry-After)
├── Interrupted                     503 interrupted     the end of an answer whose server stopped
│   └── WorkerLost                  503 worker_lost     … or died: what it sent last may not have been stored
├── StoreError                      500 store
│   └── StoreUnavailable            503 store_unavailable (Retry-After)
│       └── StoreUncertain          503 store_unavailable
└── UpstreamError                   502 upstream_error
    ├── UpstreamUnreachable         502 upstream_unreachable
    ├── UpstreamTimeout             504 upstream_timeout
    ├── UpstreamRefused             502 upstream_refused (its status is kept)
    │   ├── UpstreamRejected        400 upstream_rejected (it does not take this request: too long, unknown model)
    │   └── UpstreamRateLimited     429 upstream_rate_limited (Retry-After passed on)
    │       └── UpstreamBusy        503 upstream_busy
    ├── UpstreamInvalid             502 upstream_invalid (it answered, but not with a stream of chunks)
    ├── UpstreamReported            502 upstream_reported (an error inside the stream)
    ├── UpstreamBroke               502 upstream_broke   (the connection ended in the middle)
    └── ToolRounds                  502 tool_rounds      (it called tools, and again, and gave no answer)
"""

import errno
from typing import ClassVar


class ChatStreamError(Exception):
    """The root. `str(error)` is a sentence for a person."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    retry_after: str | None = None
    """Value of the Retry-After header (RFC 9110, 10.2.3), or None."""


class SettingsError(ChatStreamError):
    """A setting that cannot be used: the start is refused with this sentence."""

    code = "settings"


class BadRequest(ChatStreamError):
    status = 400
    code = "bad_request"


class CrossSite(BadRequest):
    status = 403
    code = "cross_site"


class UnknownHost(BadRequest):
    status = 421
    code = "unknown_host"


class NotFound(BadRequest):
    status = 404
    code = "not_found"


class Conflict(BadRequest):
    status = 409
    code = "conflict"


class LeafMoved(Conflict):
    """The chat went on after the question was given its place in it."""


class WasStopped(Conflict):
    code = "stopped"

    def __init__(self) -> None:
        super().__init__("This answer was stopped before its end.")


class Gone(BadRequest):
    status = 410
    code = "gone"


class UnknownModel(BadRequest):
    code = "unknown_model"


class TooLarge(BadRequest):
    status = 413
    code = "too_large"


class Busy(ChatStreamError):
    """As many answers as allowed are running, or the server is stopping."""

    status = 503
    code = "busy"
    retry_after = "5"


class Interrupted(ChatStreamError):
    """This server stopped, or died, while it wrote the answer."""

    status = 503
    code = "interrupted"

    def __init__(self) -> None:
        super().__init__("The server stopped while it wrote this answer.")


class WorkerLost(Interrupted):
    code = "worker_lost"

    def __str__(self) -> str:
        return "The server stopped unexpectedly while it wrote this answer."


class StoreError(ChatStreamError):
    code = "store"


class StoreUnavailable(StoreError):
    """The database cannot be reached or written now; nothing of the request was half-saved."""

    status = 503
    code = "store_unavailable"
    retry_after = "5"


class StoreUncertain(StoreUnavailable):
    """The database did not say whether it wrote. For those inside, who have to take it back."""


class UpstreamError(ChatStreamError):
    """The model server did not give a whole answer."""

    status = 502
    code = "upstream_error"


class UpstreamUnreachable(UpstreamError):
    code = "upstream_unreachable"


class UpstreamTimeout(UpstreamError):
    status = 504
    code = "upstream_timeout"


class UpstreamRefused(UpstreamError):
    code = "upstream_refused"
    upstream_status: int | None = None
    """The status it refused with."""


class UpstreamRejected(UpstreamRefused):
    status = 400
    code = "upstream_rejected"


class UpstreamRateLimited(UpstreamRefused):
    status = 429
    code = "upstream_rate_limited"


class UpstreamBusy(UpstreamRateLimited):
    status = 503
    code = "upstream_busy"


class UpstreamInvalid(UpstreamError):
    code = "upstream_invalid"


class UpstreamReported(UpstreamError):
    code = "upstream_reported"


class UpstreamBroke(UpstreamError):
    code = "upstream_broke"


class ToolRounds(UpstreamError):
    code = "tool_rounds"


class Departed(ConnectionResetError):
    """Raised in the greenlet that serves a reader, wherever it waits, when the reader has left.

    A reader that has only closed its own direction counts as gone. The response is never ended properly then: whoever
    should still read would take it for whole.
    """

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "the reader left")


def status_of(code: str) -> int:
    """The HTTP status that belongs to an error's code; 502 for a code kept from an older version."""
    return _statuses(ChatStreamError).get(code, UpstreamError.status)


def _statuses(kind: type[ChatStreamError]) -> dict[str, int]:
    found = {kind.code: kind.status}
    for below in kind.__subclasses__():
        found |= _statuses(below)
    return found
