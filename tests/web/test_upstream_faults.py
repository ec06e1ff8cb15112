"""Upstream's faults, from a real model server, as the golden table has them: each way of asking, directly and through
nginx; what is stored; one call each.

Directly there is SQLite behind it, through nginx MongoDB.
"""

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from html import unescape
from typing import Any
from unittest.mock import ANY

import pytest

from tests.api import Api, Frame
from tests.servers.model_server import ModelServer
from tests.web.conftest import Serve
from tests.web.fault import Fault
from tests.web.front import front
from tests.web.upstream_faults import FAULTS, SERVERS

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
LEFT = {"client_closed", "client_reset"}
DONE = {"finished", "we_closed", *LEFT}

Door = Callable[[str, str], Api]

KINDS = {(fault.state, fault.code, fault.upstream, fault.streamed): fault for fault in FAULTS}.values()
"""One row of each way to end: enough where the whole table was asked in another way."""

QUICK = [fault for fault in FAULTS if not fault.slow or fault in KINDS]


def each(direct: Iterable[Fault], nginx: Iterable[Fault]) -> pytest.MarkDecorator:
    cases = [*(("direct", fault) for fault in direct), *(("nginx", fault) for fault in nginx)]
    return pytest.mark.parametrize(("way", "fault"), cases, ids=[f"{way}-{fault.name}" for way, fault in cases])


@pytest.fixture(scope="module")
def door(serve: Serve) -> Iterator[Door]:
    """The way to the server that a row asks for: `door("nginx", "impatient")`."""
    with ExitStack() as started:

        @functools.cache
        def door_(way: str, name: str) -> Api:
            server = serve("mongo" if way == "nginx" else "sqlite", **SERVERS[name])
            if way == "direct":
                return Api(server.address)
            return Api(f"127.0.0.1:{started.enter_context(front(server)).port}")

        yield door_


@pytest.fixture
def api(way: str, fault: Fault, door: Door, model_server: ModelServer) -> Api:
    """The row's server; its script will be played."""
    model_server.script(fault.script)
    return door(way, fault.server)


@each(direct=FAULTS, nginx=QUICK)
def test_streamed(way: str, fault: Fault, api: Api, model_server: ModelServer) -> None:
    streamed = api.ask("Hello")
    assert streamed.status == fault.streamed
    if streamed.status == 200:
        frames = list(streamed.frames())
        ids = check_frames(fault, frames)
    else:
        assert streamed.headers["Retry-After"] == fault.retry_after
        ids = check_refusal(fault, json.loads(streamed.text()))
    check_kept(fault, api, ids)
    check_upstream(fault, model_server)


@each(direct=QUICK, nginx=KINDS)
def test_whole(way: str, fault: Fault, api: Api, model_server: ModelServer) -> None:
    reply = api.post("/chat", {"prompt": "Hello"})
    assert (reply.status, reply.headers["Retry-After"]) == (fault.whole, fault.retry_after)
    if reply.status == 200:
        assert reply.json["completion"] == (fault.joined("text") or "No completion generated")
        assert (reply.json["state"], reply.json["usage"]) == (fault.state, fault.usage)
    else:
        check_refusal(fault, reply.json)
    check_kept(fault, api, reply.json)
    check_upstream(fault, model_server)


@each(direct=QUICK, nginx=KINDS)
def test_page(way: str, fault: Fault, api: Api, model_server: ModelServer) -> None:
    reply = api.call("POST", "/", b"prompt=Hello", FORM)
    page = reply.body.decode()
    assert (reply.status, page.rstrip().endswith("</html>")) == (200, True)
    assert found(page, '<div class="text answer" dir="auto">(.*?)</div>') == fault.joined("text")
    assert found(page, '<div class="foot" data-state="([a-z_]+)">') == fault.state
    if fault.code:
        check_sentence(fault, found(page, '<span class="ending-words" dir="auto">(.*?)</span>'))
    check_kept(fault, api, {"chatId": found(page, 'id="main" data-chat="([0-9a-f]+)"')})
    check_upstream(fault, model_server)


def check_frames(fault: Fault, frames: list[Frame]) -> dict[str, Any]:
    """Returns the ids of the first frame."""
    assert [number for number, _ in frames] == list(range(1, len(frames) + 1))
    first, *between, last = together([value for _, value in frames])
    assert (set(first), between) == ({"runId", "chatId", "messageId"}, fault.frames)
    end = {"chatId": first["chatId"], "state": fault.state, "usage": fault.usage, "timings": ANY}
    assert last == (end | {"error": {"message": ANY, "code": fault.code}} if fault.code else end)
    assert set(last["timings"]) - {"thoughtMs"} == {"firstTokenMs", "totalMs", "tokensPerSecond"}
    assert ("thoughtMs" in last["timings"]) == any("reasoning" in frame for _, frame in frames)
    if fault.code:
        check_sentence(fault, last["error"]["message"])
    return first


def together(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Neighbouring pieces of text joined: where they are cut depends on the time."""
    joined: list[dict[str, Any]] = []
    for value in values:
        (kind, *more) = value
        if joined and not more and kind in ("text", "reasoning") and set(joined[-1]) == {kind}:
            joined[-1] = {kind: joined[-1][kind] + value[kind]}
        else:
            joined.append(value)
    return joined


def check_refusal(fault: Fault, body: dict[str, Any]) -> dict[str, Any]:
    """A failed answer's JSON; returned."""
    assert set(body) == {"message", "code", "chatId", "runId", "messageId", "state", "completion"}
    assert (body["state"], body["code"], body["completion"]) == (fault.state, fault.code, fault.joined("text"))
    check_sentence(fault, body["message"])
    return body


def check_sentence(fault: Fault, message: str) -> None:
    if fault.sentence.endswith("…"):
        assert message.startswith(fault.sentence[:-1])
    else:
        assert message == fault.sentence


def check_kept(fault: Fault, api: Api, ids: dict[str, Any]) -> None:
    question, reply = api.history(ids["chatId"])
    assert (question["role"], question["content"]) == ("user", "Hello")
    assert (reply["role"], reply["_id"]) == ("assistant", ids.get("messageId", reply["_id"]))
    assert (reply["content"], reply["reasoning"] or "") == (fault.joined("text"), fault.joined("reasoning"))
    assert (reply["state"], reply["usage"]) == (fault.state, fault.usage)
    assert reply["error"] == ({"message": ANY, "code": fault.code} if fault.code else None)
    if fault.code:
        check_sentence(fault, reply["error"]["message"])


def check_upstream(fault: Fault, model_server: ModelServer) -> None:
    """It was called once, and its connection ended as the row says."""
    calls = 0 if fault.upstream == "none" else 1
    log = model_server.wait_ended(calls)
    assert len(log) == calls
    wanted = {"none": set(), "left": LEFT, "done": DONE}.get(fault.upstream, {fault.upstream})
    assert {entry["ended"] for entry in log} <= wanted


def parsed(body: bytes) -> Any:
    import json

    return json.loads(body)


def found(page: str, pattern: str) -> str:
    """The first group of the pattern's only place in the page as it is shown: no comments, no templates."""
    shown = re.sub("<!--.*?-->|<template.*?</template>", "", page, flags=re.DOTALL)
    (text,) = re.findall(pattern, shown, flags=re.DOTALL)
    return unescape(text)
