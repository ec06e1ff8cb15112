"""Which provider serves a model: names that several share, names with slashes, servers that list nothing."""

from typing import Any

import gevent
import pytest

from chatstream.errors import UnknownModel
from chatstream.settings import Settings
from chatstream.upstream.gateway import Gateway
from chatstream.upstream.providers import Provider, Providers
from tests.servers.model_server import ModelServer, answer

AWAY = "http://127.0.0.1:9/v1"
"""Nobody listens there."""


def gateway(*providers: Provider) -> Gateway:
    return Gateway(Providers(providers), Settings())


def named(name: str, *models: str, default: str | None = None) -> Provider:
    return Provider(name, AWAY, models=models, default_model=default)


def listed(*providers: Provider) -> list[tuple[str, str]]:
    return [(name, provider.name) for name, provider in gateway(*providers).listed()]


TWO = (named("a", "big", "own", default="big"), named("b", "big", "small"))
ROUTER = (named("router", "a/big", "x/y/z"), named("a", "big"))


def test_a_name_that_two_have_is_listed_with_its_provider() -> None:
    assert listed(*TWO) == [("a/big", "a"), ("own", "a"), ("b/big", "b"), ("small", "b")]


def test_a_name_that_reads_like_another_ones_is_listed_with_its_provider() -> None:
    assert listed(*ROUTER) == [("router/a/big", "router"), ("x/y/z", "router"), ("big", "a")]


def test_a_model_that_is_listed_twice_by_one_is_listed_once() -> None:
    assert listed(named("a", "big", "big")) == [("big", "a")]


@pytest.mark.parametrize("providers", [TWO, TWO[::-1], ROUTER, ROUTER[::-1]])
def test_what_is_listed_is_found(providers: tuple[Provider, ...]) -> None:
    found = gateway(*providers)
    for name, provider in found.listed():
        chosen, model = found.choose(name)
        assert (chosen, model in provider.models) == (provider, True)


@pytest.mark.parametrize(
    ("providers", "asked", "found"),
    [
        (TWO, None, ("a", "big")),
        (TWO, "big", ("a", "big")),
        (TWO[::-1], "big", ("b", "big")),
        (TWO, "b/big", ("b", "big")),
        (TWO, "b/small", ("b", "small")),
        (TWO, "a/own", ("a", "own")),
        (ROUTER, "x/y/z", ("router", "x/y/z")),
        (ROUTER, "router/x/y/z", ("router", "x/y/z")),
        (ROUTER, "a/big", ("a", "big")),
        (ROUTER, "router/a/big", ("router", "a/big")),
        ((named("a", "big"), named("b", "small", default="new")), "new", ("b", "new")),
        ((named("a", "big"), named("b", "small", default="new")), "b/new", ("b", "new")),
        ((named("a", "big"), named("silent")), "whatever", ("silent", "whatever")),
        ((named("a", "big"), named("silent")), "silent/x/y", ("silent", "x/y")),
        ((named("a", "big"), named("silent")), "silent/", ("silent", "silent/")),
        ((named("silent"), named("quiet")), "quiet/m", ("quiet", "m")),
        ((named("silent"), named("quiet")), "m", ("silent", "m")),
    ],
)
def test_choose(providers: tuple[Provider, ...], asked: str | None, found: tuple[str, str]) -> None:
    all_ = gateway(*providers)
    provider, model = all_.choose(asked)
    assert (provider.name, model) == found
    assert asked is None or not all_.lacks(asked)


@pytest.mark.parametrize("asked", ["huge", "a/small", "c/big", "", "a/", "/big", "A/big"])
def test_a_model_that_nobody_has_is_named_with_those_that_there_are(asked: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        gateway(*TWO).choose(asked)
    assert str(caught.value) == f"There is no model {asked!r} here. Known models: a/big, own, b/big, small."
    assert gateway(*TWO).lacks(asked)


def test_nothing_is_lacked_while_a_server_has_not_told_or_tells_nothing(model_server: ModelServer) -> None:
    found = gateway(named("a", "big"), Provider("b", model_server.url))
    assert not found.lacks("huge")
    model_server.models([["status", 200, {}, {"object": "list", "data": []}]])
    found.listed()
    assert not found.lacks("huge")
    found = gateway(named("a", "big"), Provider("b", model_server.url))
    model_server.models([["status", 200, {}, {"object": "list", "data": [{"id": "late"}]}]])
    found.listed()
    assert [found.lacks(name) for name in ("huge", "late", "b/late")] == [True, False, False]


def test_who_hangs_keeps_nobody_waiting_whose_model_is_found_before(model_server: ModelServer) -> None:
    model_server.models([["gate", "never"]])
    found = gateway(named("a", "big"), Provider("b", model_server.url))
    with gevent.Timeout(1):
        assert found.choose("big")[1] == found.choose("a/big")[1] == "big"
    while not model_server.log():
        gevent.sleep(0.01)  # its question is on its way still, and belongs to this test


def test_all_are_asked_at_the_same_time_and_what_they_say_is_kept(model_server: ModelServer) -> None:
    model_server.models([["gate", "all"], ["status", 200, {}, {"object": "list", "data": [{"id": "late"}]}]])
    found = gateway(*(Provider(f"p{n}", model_server.url) for n in range(4)))
    listing = gevent.spawn(found.listed)
    while len(model_server.log()) < 4:
        assert not listing.ready(), "it gave up before all were asked"
    model_server.release("all")
    assert [name for name, _ in listing.get()] == ["p0/late", "p1/late", "p2/late", "p3/late"]
    assert len(found.listed()) == len(model_server.log()) == 4


@pytest.mark.parametrize(
    "steps",
    [
        answer("Hello"),
        [["status", 200, {}, {"object": "list"}]],
        [["status", 200, {}, {"data": [{"name": "x"}]}]],
        [["status", 200, {}, ["m"]]],
        [["status", 404, {}, {"error": {"message": "no route"}}]],
    ],
    ids=["a stream", "no data", "no ids", "a list", "404"],
)
def test_a_server_that_lists_nothing_readable_is_asked_once(model_server: ModelServer, steps: list[Any]) -> None:
    model_server.models(steps)
    provider = Provider("p", model_server.url, default_model="usual")
    gateway = Gateway(Providers((provider,)), Settings())
    assert gateway.choose("other") == (provider, "other") == gateway.choose("other")
    assert len(model_server.log()) == 1


def test_the_usual_model_is_chosen_without_asking(model_server: ModelServer) -> None:
    provider = Provider("p", model_server.url, default_model="usual")
    gateway = Gateway(Providers((provider,)), Settings())
    assert gateway.choose("usual") == (provider, "usual") == gateway.choose(None)
    assert model_server.log() == []
