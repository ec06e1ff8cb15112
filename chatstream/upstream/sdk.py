"""The openai SDK as the server and the client for programs use it, each on a transport of its own.

The SDK builds the request, sends the credentials and reads error statuses; `with_streaming_response` hands out the raw
response, so that its models are never built per token. One question is one request: no retries, no redirects, no proxy
from the environment.
"""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import openai

from chatstream.errors import UpstreamError, UpstreamInvalid, UpstreamReported
from chatstream.upstream.translation import said, translated
from chatstream.wire.sse import MEDIA_TYPE

CONNECT_S = 5.0
USAGE = {"stream_options": {"include_usage": True}}
PACKED = "content_encoding"
"""The response's extension in which a transport tells how the body is packed, "" if it is not. It takes the header
away: nothing unpacks what was packed unasked, for a few bytes could become gigabytes."""


class _Sdk(openai.OpenAI):
    """The SDK without its report on this machine (`X-Stainless-…`): a model server has no use for it, and gathering it
    starts a process, which cost a quarter of the CPU when many streams began at once."""

    def platform_headers(self) -> dict[str, str]:
        return {}


def client(
    base_url: str, api_key: str | None, transport: httpx2.BaseTransport, silence_s: float | None
) -> openai.OpenAI:
    """:param silence_s: how long a read may wait; None: whoever waits has a deadline of its own"""
    timeout = httpx2.Timeout(silence_s, connect=CONNECT_S)
    return _Sdk(
        base_url=base_url,
        api_key=api_key or "none",
        max_retries=0,
        timeout=timeout,
        http_client=httpx2.Client(
            transport=transport,
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
            headers={"Accept-Encoding": "identity"},
        ),
    )


def chat(sdk: openai.OpenAI, fields: dict[str, Any]) -> httpx2.Response:
    """Send a body of `POST /v1/chat/completions` as it is; return once the server answers with a stream of events.

    :raises UpstreamError: if it cannot be reached, refuses, or answers with anything else
    """
    # The SDK walks through `messages` type by type, 1 ms for a long chat: extra_body goes around it.
    create = sdk.chat.completions.with_streaming_response.create
    return _opened(lambda: create(model=fields["model"], messages=[], stream=True, extra_body=fields))


def texts(sdk: openai.OpenAI, fields: dict[str, Any]) -> httpx2.Response:
    """The same for a body of `POST /v1/completions`."""
    create = sdk.completions.with_streaming_response.create
    return _opened(lambda: create(model=fields["model"], prompt="", stream=True, extra_body=fields))


def is_stream(response: httpx2.Response) -> bool:
    """Whether its content type says that it is a stream of events."""
    return response.headers.get("content-type", "").partition(";")[0].strip().lower() == MEDIA_TYPE


def _opened(ask: Callable[[], Any]) -> httpx2.Response:
    with translated():
        response: httpx2.Response = ask().__enter__().http_response
    if encoding := response.extensions[PACKED]:
        response.close()
        raise UpstreamInvalid(f"The model server packed its answer ({encoding}), which nobody asked for.")
    if not is_stream(response):
        raise _no_stream(response)
    return response


def _no_stream(response: httpx2.Response) -> UpstreamError:
    try:
        with translated():
            found = said(json.loads(response.read()))
    except (UpstreamError, RecursionError):
        found = ""  # no JSON, or without an end: the content type says what it is
    finally:
        response.close()
    if found:
        return UpstreamReported(f"The model server reported: {found}")
    kind = response.headers.get("content-type", "no content type")
    return UpstreamInvalid(f"The model server answered with {kind}, not with a stream of events.")
