"""The page's languages: chosen by the browser or the reader, complete, and set from right to left where they are."""

import re
from collections.abc import Iterator
from datetime import date
from types import SimpleNamespace

import pytest
from babel.messages.catalog import Message
from flask import Flask

from chatstream.web import languages
from chatstream.web.languages import ENGLISH, LANGUAGES, catalog
from chatstream.web.sentences import SENTENCES
from chatstream.wire.verdict import broken
from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer, failure
from tests.servers.server import ROOT
from tests.translations import found, of_file

CODE = sorted((ROOT / "chatstream").rglob("*.py"))
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
    """A form for one number alone may say it in a word: one with a value for the number is the last."""
    for message in translated(language):
        *others, last = _forms(message.string)
        places = sorted(PLACEHOLDER.findall(_forms(message.id)[-1]))
        assert sorted(PLACEHOLDER.findall(last)) == places, message.id
        assert all(set(PLACEHOLDER.findall(form)) <= set(places) for form in others), message.id


def _forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_browser_gets_the_language_it_asks_for(language: str, one_server: ChatStream) -> None:
    page = html(one_server, accept_language=f"{language}-XX,{language};q=0.9,ja;q=0.8")
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in page
    assert ("The server is out of reach" in page) == (language == ENGLISH)


@pytest.mark.parametrize("header", ["", "ja", "*", "x" * 5000, "de;q=nonsense", "de;q=0"])
def test_a_browser_that_asks_for_none_of_them_gets_english(header: str, one_server: ChatStream) -> None:
    assert '<html lang="en"' in html(one_server, accept_language=header)


def test_the_readers_choice_counts_more_than_the_browsers(one_server: ChatStream) -> None:
    assert '<html lang="nl"' in html(one_server, accept_language="de", cookie="language=nl")
    assert '<html lang="de"' in html(one_server, accept_language="de", cookie="language=xx")


@pytest.mark.parametrize(
    ("to", "back"),
    [
        ("/c/1?q=x", "/c/1?q=x"),
        *((foreign, "/") for foreign in ("//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example")),
    ],
)
def test_to_choose_one_leads_back_and_nowhere_else(to: str, back: str, one_server: ChatStream) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = Api(one_server.address).call("POST", "/language", f"language=fr&to={to}".encode(), form)
    assert (reply.status, reply.headers["Location"]) == (303, back)
    assert reply.headers["Set-Cookie"].startswith("language=fr;")
    reply = Api(one_server.address).call("POST", "/language", b"language=../../etc&to=/", form)
    assert (reply.status, reply.headers["Set-Cookie"]) == (303, None)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_that_is_translated_is_said_somewhere(sentence: str) -> None:
    """Its pieces stand in the code, in order; a value, or a line's end, in between."""
    said = "".join(path.read_text() for path in CODE if path.name != "sentences.py")
    said += "".join(str(broken(SimpleNamespace(tokens=tokens))) for tokens in range(3))  # put together there
    assert re.search(r"[^\n]*?(?:\"\s*f?\")?".join(map(re.escape, re.split(r"\{\d\}", sentence))), said), sentence


def test_errors_with_values_are_translated_around_them(one_server: ChatStream, model_server: ModelServer) -> None:
    model_server.script(failure(401, "no such key"))
    form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html", "Accept-Language": "de"}
    page = Api(one_server.address).call("POST", "/", b"prompt=When?", form).body.decode()
    assert "Der Modellserver lehnt unseren Schlüssel ab (401): no such key." in page


def test_what_programs_read_stays_english(one_server: ChatStream) -> None:
    reply = Api(one_server.address).get(f"/chat/{'0' * 24}", {"Accept-Language": "de"})
    assert reply.json["message"] == "There is no such chat. It may have been deleted."
    page = html(one_server, f"/c/{'0' * 24}", accept_language="de", accept="text/html")
    assert "Diesen Chat gibt es nicht." in page


def test_a_script_speaks_where_the_translators_tool_can_hear_it() -> None:
    for script in sorted((ROOT / "static/js").rglob("*.js")):
        if script.name == "words.js":
            continue
        called = len(re.findall(r"(?<![\w.])tn?\(\"", script.read_text()))
        heard = list(of_file("javascript", script, ("t", "tn")))
        assert len(heard) == called, script.name


def test_what_is_kept_of_a_text_is_kept_by_language(one_server: ChatStream, model_server: ModelServer) -> None:
    model_server.script(answer("```python\nx = 1\n```\n\n- [ ] look"))
    chat = Api(one_server.address).post("/chat", {"prompt": "When?"}).json
    pages = [html(one_server, f"/c/{chat['chatId']}", accept_language=each) for each in ("en", "de", "en")]
    assert [page.count('needs-js">Copy</button>') for page in pages] == [2, 0, 2]
    assert [page.count('aria-label="Zu erledigen"') for page in pages] == [0, 1, 0]


@pytest.mark.parametrize(
    ("language", "name"), [("en", "May 2024"), ("de", "Mai 2024"), ("es", "mayo de 2024"), ("ar", "مايو 2024")]
)
def test_months_are_written_as_the_language_does(language: str, name: str) -> None:
    """As test_in_other_languages.py has it of the page's scripts."""
    app = Flask(__name__)
    languages.register(app)
    with app.test_request_context(headers={"Accept-Language": language}):
        assert languages.month(date(2024, 5, 15)) == name
