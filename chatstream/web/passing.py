"""Answers that are passed on to one reader, without a Run: looked after for as long as they last."""

from collections.abc import Callable

from flask import Response

from chatstream.upstream.relay import Relay
from chatstream.web import departures
from chatstream.web.services import services


def passed_on(relay: Relay, answer: Callable[[], Response]) -> Response:
    """The response, with which the relay ends, however it ends."""
    detach = services().desk.attach(relay)
    try:
        response = answer()
    except BaseException:
        detach()
        raise
    response.call_on_close(detach)
    return response


def wait_for_refusal(relay: Relay) -> None:
    """Give upstream its time to refuse with a status.

    :raises UpstreamError: if it did
    """
    with departures.attended():
        relay.wait(services().settings.status_wait_s)
