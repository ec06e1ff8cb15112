"""The page's languages: chosen by the browser or the reader, complete, and set from right to left where they are."""

import re
from collections.abc import Iterator

import pytest
from babel.messages.catalog import Message

from chatstream.web.languages import ENGLISH, LANGUAGES, catalog
from tests.api import Api
from tests.servers.app import ChatStream
from tests.translations import found

OTHERS = [language for language in LANGUAGES if language != ENGLISH]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}|<[^>]*>|%%")


def translated(language: str) -> Iterator[Message]:
    yield from (message for message in catalog(language) if message.id)


def html(one_server: ChatStream, path: str = "/offline", **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Api(one_server.address).get(path, named).body.decode()


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_left_in_english(language: str) -> None:
    used, known = {each.id for each in found() if each.id}, {each.id for each in translated(language)}
    assert used == known, "python -m tests.translations brings them up to date"
    assert [message.id for message in translated(language) if not message.string] == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_same_places_for_values(language: str) -> None:
    for message in translated(language):
        for english, other in zip(_forms(message.id), _forms(message.string), strict=False):
            assert sorted(PLACEHOLDER.findall(other)) == sorted(PLACEHOLDER.findall(english)), english


def _forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_browser_gets_the_language_it_asks_for(language: str, one_server: ChatStream) -> None:
    page = html(one_server, accept_language=f"{language}-XX,{language};q=0.9,ja;q=0.8")
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in page
    assert ("The server is out of reach" in page) == (language == ENGLISH)


@pytest.mark.parametrize("header", ["", "ja", "*", "x" * 5000, "de;q=nonsense", "de;q=0"])
def test_a_browser_that_asks_for_none_of_them_gets_english(header: str, one_server: ChatStream) -> None:
    assert '<html lang="en"' in html(one_server, accept_language=header)


def test_the_readers_choice_counts_more_than_the_browsers(one_server: ChatStream) -> None:
    assert '<html lang="nl"' in html(one_server, accept_language="de", cookie="language=nl")
    assert '<html lang="de"' in html(one_server, accept_language="de", cookie="language=xx")


@pytest.mark.parametrize(
    ("to", "back"),
    [("/c/1?q=x", "/c/1?q=x"), ("//evil.example", "/"), ("/\\evil.example", "/"), ("https://evil.example", "/")],
)
def test_to_choose_one_leads_back_and_nowhere_else(to: str, back: str, one_server: ChatStream) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = Api(one_server.address).call("POST", "/language", f"language=fr&to={to}".encode(), form)
    assert (reply.status, reply.headers["Location"]) == (303, back)
    assert reply.headers["Set-Cookie"].startswith("language=fr;")
    reply = Api(one_server.address).call("POST", "/language", b"language=../../etc&to=/", form)
    assert (reply.status, reply.headers["Set-Cookie"]) == (303, None)
