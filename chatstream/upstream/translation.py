"""Every foreign failure, of the openai SDK and of httpx2, translated once into ours."""

import contextlib
import re
from collections.abc import Iterator

import httpx2
import openai

from chatstream.errors import (
    UpstreamBroke,
    UpstreamBusy,
    UpstreamInvalid,
    UpstreamRateLimited,
    UpstreamRefused,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from chatstream.wire.surrogates import whole

_RETRY_AFTER = re.compile("[0-9]{1,9}|[A-Za-z]{3}, [A-Za-z0-9: ]{10,30}")  # seconds or a date: RFC 9110, 10.2.3


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """openai's and httpx2's exceptions as ours."""
    try:
        yield
    except openai.APIStatusError as error:
        raise _refusal(error) from error
    except (openai.APITimeoutError, httpx2.TimeoutException) as error:
        raise UpstreamTimeout("The model server did not answer in time.") from error
    except openai.APIConnectionError as error:
        raise UpstreamUnreachable(f"The model server cannot be reached: {error.__cause__ or error}.") from error
    except httpx2.TransportError as error:
        raise UpstreamBroke("The connection to the model server broke in the middle of the answer.") from error
    except (openai.OpenAIError, httpx2.HTTPError, ValueError, TypeError, RecursionError, TimeoutError) as error:
        raise UpstreamInvalid(f"The model server's response could not be read: {error}.") from error


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
