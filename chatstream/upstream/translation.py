"""Every foreign failure, of the openai SDK and of httpx2, translated once into ours."""

import re

import httpx2
import openai

from chatstream.errors import (
    UpstreamBroke,
    UpstreamBusy,
    UpstreamError,
    UpstreamInvalid,
    UpstreamRateLimited,
    UpstreamRefused,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from chatstream.wire.surrogates import whole

_UNREADABLE = (openai.OpenAIError, httpx2.HTTPError, ValueError, TypeError, RecursionError, TimeoutError)
_RETRY_AFTER = re.compile("[0-9]{1,9}|[A-Za-z]{3}, [A-Za-z0-9: ]{10,30}")  # seconds or a date: RFC 9110, 10.2.3


class translated:  # used as contextlib's context managers are; entered for each read, where a generator costs more
    """openai's and httpx2's exceptions as ours."""

    __slots__ = ()

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None and (ours := _ours(error)) is not None:
            raise ours from error


def _ours(error: BaseException) -> UpstreamError | None:
    if isinstance(error, openai.APIStatusError):
        return _refusal(error)
    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
        return UpstreamTimeout("The model server did not answer in time.")
    if isinstance(error, openai.APIConnectionError):
        return UpstreamUnreachable(f"The model server cannot be reached: {error.__cause__ or error}.")
    if isinstance(error, httpx2.TransportError):
        return UpstreamBroke("The connection to the model server broke in the middle of the answer.")
    if isinstance(error, _UNREADABLE):
        return UpstreamInvalid(f"The model server's response could not be read: {error}.")
    return None


def _refusal(error: openai.APIStatusError) -> UpstreamRefused:
    refusal = _refused(error.status_code, said(error.body) or _sentence(error.response.reason_phrase))
    refusal.upstream_status = error.status_code
    retry_after = error.response.headers.get("retry-after", "")
    if isinstance(refusal, UpstreamRateLimited) and _RETRY_AFTER.fullmatch(retry_after):
        refusal.retry_after = retry_after
    return refusal


def _refused(status: int, why: str) -> UpstreamRefused:
    if status == 429:
        return UpstreamRateLimited(f"The model server has too much to do (429): {why}")
    if status == 503:
        return UpstreamBusy(f"The model server has too much to do (503): {why}")
    if status in (400, 404, 413, 422):
        return UpstreamRejected(f"The model server does not take this request ({status}): {why}")
    if status in (401, 403):
        return UpstreamRefused(f"The model server refuses our key ({status}): {why}")
    return UpstreamRefused(f"The model server failed ({status}): {why}")


def said(body: object) -> str:
    """The sentence in an error's body: OpenAI's form, or what is near it."""
    inner = body.get("error", body) if isinstance(body, dict) else body
    message = inner.get("message") if isinstance(inner, dict) else inner
    text = whole(message[:500].strip()) if isinstance(message, str) else ""
    readable = "<html" not in text.lower() and all(c.isprintable() or c.isspace() for c in text)
    return _sentence(text) if readable else ""


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
