"""<streaming-chat> in pages of another origin."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer, failure
from tests.servers.server import ROOT
from tests.web.conftest import Serve
from tests.web.page.line import Line
from tests.web.page.page import GATED, TIDE
from tests.web.page.site import Endless, Site

SCRIPT, ITS_PART = "/static/js/streaming-chat.js", "/static/js/streaming-answer.js"
ROUTES = ("/v1/completions", "/v1/chat/completions", "/chat")
LEFT = {"client_closed", "client_reset"}
HEARD = """
    <script>
    window.heard = []
    for (const name of ['start', 'delta', 'done', 'error']) addEventListener(name, ({target, detail}) =>
      target.localName === 'streaming-chat' && heard.push([target.id, name, detail]), true)
    addEventListener('error', () => window.bubbled = true)
    </script>"""
"""Keeps the elements' events, which do not bubble, and whether one did."""


class Embedding:
    """A page with elements, of a site that is not the server's."""

    def __init__(self, browser: Browser, site: Site, server: ChatStream) -> None:
        self.browser = browser
        self.site = site
        self.server = server

    def open(self, body: str, script: str = "") -> None:
        """The element `e` is in the body, or put there later."""
        source = script or self.server.url + SCRIPT
        head = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">'
        html = f'{head}{HEARD}<script type="module" src="{source}"></script>{body}'
        self.site.pages["/page"] = html  # type: ignore[index]
        self.browser.open(f"{self.site.url}/page")

    def run(self, script: str, *arguments: Any) -> Any:
        """With `e`, the element, at hand."""
        return self.browser.evaluate(f"const e = document.querySelector('#e'); {script}", *arguments)

    @property
    def text(self) -> str:
        return str(self.run("return e.textContent"))

    @property
    def heard(self) -> list[list[Any]]:
        """[id, event, detail] of each, in order."""
        found: list[list[Any]] = self.browser.evaluate("return heard")
        return found

    @property
    def names(self) -> list[str]:
        """The events of `e` in order, neighbours of one name once."""
        names = [name for id_, name, _ in self.heard if id_ == "e"]
        return [name for n, name in enumerate(names) if n == 0 or names[n - 1] != name]

    def wait_state(self, state: str, id_: str = "e") -> None:
        script = "return document.getElementById(arguments[0])?.getAttribute('state')"
        self.browser.wait(lambda: self.browser.evaluate(script, id_) == state)

    def wait_text(self, text: str) -> None:
        self.browser.wait(lambda: self.text == text)

    def settle(self) -> None:
        """Until what the page noticed by now is done: two frames and a task."""
        self.browser.driver.execute_async_script(
            "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(arguments[0])))"
        )


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site({}) as other:
        yield other


@pytest.fixture(scope="module")
def named(serve: Serve, site: Site) -> ChatStream:
    """A server that lets that site's pages ask."""
    return serve(CHATSTREAM_CORS_ORIGINS=site.url)


@pytest.fixture
def embedding(browser: Browser, site: Site, named: ChatStream, model_server: ModelServer) -> Embedding:
    return Embedding(browser, site, named)


def element(prompt: str = "When does the tide come in?", **attributes: str) -> str:
    given = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in {"id": "e", **attributes}.items())
    return f'<streaming-chat prompt="{prompt}"{given}>Without script.</streaming-chat>'


# -- an answer


@pytest.mark.parametrize("route", ROUTES)
def test_streams_into_a_page_of_another_origin(embedding: Embedding, model_server: ModelServer, route: str) -> None:
    model_server.script([["reasoning", "Hm. "], *GATED])
    embedding.open(element(src=route, system="Be brief.", temperature="0.5", max_tokens="50"))
    embedding.wait_text("The tide ")
    assert embedding.run("return [e.ariaBusy, e.getAttribute('state')]") == ["true", "streaming"]
    model_server.release("more")
    embedding.wait_state("done")
    assert embedding.text == TIDE
    assert embedding.run("return e.ariaBusy") == "false"
    heard = embedding.heard
    assert [heard[0][1], heard[-1][1:]] == ["start", ["done", {"text": TIDE, "state": "complete"}]]
    assert {name for _, name, _ in heard[1:-1]} == {"delta"}
    assert "".join(detail["text"] for _, _, detail in heard[1:-1]) == TIDE
    body = model_server.requests()[0]["body"]
    assert (body["temperature"], body["max_tokens"]) == (0.5, 50)
    assert "Be brief." in json.dumps(body)
    assert embedding.browser.console() == []


def test_no_src_is_the_scripts_own_server(embedding: Embedding, model_server: ModelServer) -> None:
    embedding.open(element(model="test-model"))
    embedding.wait_state("done")
    assert embedding.text == "Hello world"
    assert len(model_server.requests()) == 1


def test_the_text_is_the_pages_own(embedding: Embedding) -> None:
    embedding.open(f"<style>streaming-chat {{ color: rgb(1, 2, 3); display: inline-block }}</style>{element()}")
    embedding.wait_state("done")
    style = "const style = getComputedStyle(e); return [style.color, style.display]"
    assert embedding.run(style) == ["rgb(1, 2, 3)", "inline-block"]
    assert embedding.run("getSelection().selectAllChildren(e); return getSelection().toString()") == "Hello world"


def test_an_answer_cut_at_the_length_limit_is_done_and_says_so(embedding: Embedding, model_server: ModelServer) -> None:
    for route in ROUTES:
        model_server.script([["text", "The tide"], ["finish", "length"], ["done"], ["end"]])
        embedding.open(element(src=route))
        embedding.wait_state("done")
        assert embedding.heard[-1][2] == {"text": "The tide", "state": "length"}


def test_two_elements_stream_at_once(embedding: Embedding, model_server: ModelServer) -> None:
    for gate in ("one", "two"):
        model_server.script([["text", f"{gate} "], ["gate", gate], *answer(f"{gate} is over")])
    embedding.open(element("First"))
    embedding.wait_state("streaming")
    embedding.run("const f = e.cloneNode(); f.id = 'f'; f.setAttribute('prompt', 'Second'); e.after(f)")
    embedding.wait_state("streaming", "f")
    model_server.release("two")
    embedding.wait_state("done", "f")
    assert embedding.text == "one "
    model_server.release("one")
    embedding.wait_state("done")
    texts = "return [...document.querySelectorAll('streaming-chat')].map((e) => e.textContent)"
    assert embedding.browser.evaluate(texts) == ["one one is over", "two two is over"]


# -- when


def test_nothing_is_asked_before_it_is_seen(embedding: Embedding, model_server: ModelServer) -> None:
    embedding.open(f'<div style="height: 300vh"></div>{element()}')
    embedding.settle()
    assert (embedding.text, embedding.heard, model_server.requests()) == ("Without script.", [], [])
    embedding.run("e.scrollIntoView()")
    embedding.wait_state("done")
    assert embedding.text == "Hello world"


def test_eager_does_not_wait_to_be_seen(embedding: Embedding) -> None:
    embedding.open(f'<div style="height: 300vh"></div>{element(loading="eager")}')
    embedding.wait_state("done")
    assert embedding.browser.evaluate("return scrollY") == 0


def test_a_changed_attribute_asks_anew(embedding: Embedding, model_server: ModelServer) -> None:
    embedding.open('<streaming-chat id="e" loading="eager"></streaming-chat>')
    embedding.settle()
    assert model_server.requests() == []
    model_server.script(GATED)
    embedding.run("e.setAttribute('prompt', 'First')")
    embedding.wait_text("The tide ")
    embedding.run("e.setAttribute('prompt', 'Second'); e.setAttribute('model', 'test-model')")
    embedding.wait_state("done")
    assert embedding.text == "Hello world"
    assert model_server.wait_ended(2)[0]["ended"] in LEFT
    assert len(model_server.requests()) == 2
    assert embedding.names == ["start", "delta", "start", "delta", "done"]


# -- leaving


@pytest.mark.parametrize("route", ROUTES)
def test_removal_stops_the_model(embedding: Embedding, model_server: ModelServer, route: str) -> None:
    model_server.script(GATED)
    embedding.open(element(src=route))
    embedding.wait_text("The tide ")
    embedding.run("window.kept = e; e.remove()")
    assert model_server.wait_ended()[0]["ended"] in LEFT
    embedding.settle()
    assert embedding.names == ["start", "delta"]
    if route == "/chat":
        api = Api(embedding.server.address)
        chat = api.get("/chats").json["chats"][0]["_id"]
        embedding.browser.wait(lambda: api.history(chat)[-1]["state"] == "stopped")
    embedding.browser.evaluate("document.body.append(kept)")
    embedding.wait_state("done")
    assert (embedding.text, len(model_server.requests())) == ("Hello world", 2)


def test_removal_before_the_run_is_known_stops_it(embedding: Embedding, model_server: ModelServer) -> None:
    model_server.script([["gate", "head"], *GATED])
    embedding.open(element(src="/chat"))
    model_server.wait(len)
    embedding.run("e.remove()")
    assert model_server.wait_ended()[0]["ended"] in LEFT
    assert embedding.names == ["start"]


@pytest.mark.parametrize("route", ROUTES)
def test_a_body_is_left_at_once(embedding: Embedding, route: str) -> None:
    first = json.dumps({"text": "The tide "}) if route == "/chat" else chunk(content="The tide ")
    body = Endless(f"data: {first}\n\n".encode())
    embedding.site.pages[route] = body  # type: ignore[index]
    embedding.open(element(src=embedding.site.url + route))
    embedding.wait_text("The tide ")
    assert not body.left.is_set()
    embedding.run("e.abort()")
    assert body.left.wait(10)


@pytest.mark.parametrize("route", ROUTES)
def test_the_rest_of_a_body_that_is_over_is_not_awaited(embedding: Embedding, route: str) -> None:
    last = [json.dumps({"state": "complete"})] if route == "/chat" else [chunk(content="The tide"), "[DONE]"]
    body = Endless(*(f"data: {data}\n\n".encode() for data in last))
    embedding.site.pages[route] = body  # type: ignore[index]
    embedding.open(element(src=embedding.site.url + route))
    embedding.wait_state("done")
    assert body.left.wait(10)


def test_moved_it_goes_on_and_back_in_the_page_it_is_not_asked_again(
    embedding: Embedding, model_server: ModelServer
) -> None:
    model_server.script(GATED)
    embedding.open(f"<main></main>{element()}")
    embedding.wait_text("The tide ")
    embedding.run("document.querySelector('main').append(e)")
    model_server.release("more")
    embedding.wait_state("done")
    embedding.run("e.remove(); setTimeout(() => document.body.append(e))")
    embedding.settle()
    assert embedding.text == TIDE
    assert embedding.names == ["start", "delta", "done"]
    assert len(model_server.requests()) == 1
    embedding.run("e.restart()")
    embedding.wait_text("Hello world")


def test_a_listener_may_end_it(embedding: Embedding, model_server: ModelServer) -> None:
    at_once = "".join(f"data: {chunk(content=word)}\n\n" for word in "abc") + "data: [DONE]\n\n"
    embedding.site.pages["/v1/completions"] = [at_once.encode()]  # type: ignore[index]
    make = """
        const e = document.createElement('streaming-chat')
        e.id = 'e'
        for (const [name, value] of Object.entries({prompt: 'Hello', src: arguments[1]})) e.setAttribute(name, value)
        e.addEventListener(arguments[0], () => e.abort())
        document.body.append(e)"""
    for event, src, heard in (
        ("start", "/chat", ["start"]),
        ("delta", f"{embedding.site.url}/v1/completions", ["start", "delta"]),
    ):
        embedding.open("")
        embedding.browser.wait(lambda: embedding.browser.evaluate("return !!customElements.get('streaming-chat')"))
        embedding.browser.evaluate(make, event, src)
        embedding.browser.wait(lambda heard=heard: len(embedding.heard) == len(heard))
        embedding.settle()
        assert [name for _, name, _ in embedding.heard] == heard
        assert embedding.run("return e.getAttribute('state')") is None
    assert model_server.requests() == []


# -- failures


@pytest.mark.parametrize("route", ROUTES)
def test_an_answer_that_breaks_is_never_done(embedding: Embedding, model_server: ModelServer, route: str) -> None:
    for steps in ([["rst"]], [["end"]], [["done"], ["end"]]):
        model_server.script([["text", "The tide "], ["sleep", 0.1], *steps])
        embedding.open(element(src=route))
        embedding.wait_state("error")
        assert embedding.names == ["start", "delta", "error"]
        assert embedding.text == "The tide "
        detail = embedding.heard[-1][2]
        assert detail["message"].endswith(".")
        assert detail["code"]
        assert embedding.run("return e.shadowRoot.querySelector('[part=notice]').innerText") == detail["message"]
    assert embedding.browser.evaluate("return window.bubbled ?? null") is None


@pytest.mark.parametrize("route", ROUTES)
def test_a_cut_connection_is_an_error(embedding: Embedding, model_server: ModelServer, route: str) -> None:
    model_server.script(GATED)
    line = Line(embedding.server.address)
    embedding.open(element(src=line.url + route))
    embedding.wait_text("The tide ")
    line.close()
    embedding.wait_state("error")
    assert (embedding.names, embedding.heard[-1][2]["code"]) == (["start", "delta", "error"], "broken")


@pytest.mark.parametrize("route", ROUTES)
def test_a_refusal_is_told_in_the_servers_words(embedding: Embedding, model_server: ModelServer, route: str) -> None:
    model_server.script(failure(429, "Too much at once."))
    embedding.open(element(src=route))
    embedding.wait_state("error")
    assert embedding.names == ["start", "error"]
    assert "Too much at once." in embedding.heard[-1][2]["message"]
    assert embedding.heard[-1][2]["code"] not in ("429", "null")


def test_without_the_setting_nothing_is_asked(
    embedding: Embedding, one_server: ChatStream, model_server: ModelServer
) -> None:
    embedding.open(element(), one_server.url + SCRIPT)
    embedding.settle()
    assert embedding.browser.evaluate("return customElements.get('streaming-chat') === undefined")
    assert embedding.text == "Without script."
    for copied in (SCRIPT, ITS_PART):
        embedding.site.pages[copied] = (ROOT / copied[1:]).read_text()  # type: ignore[index]
    embedding.open(element(src=one_server.url + "/v1/completions"), SCRIPT)
    embedding.wait_state("error")
    assert (embedding.names, embedding.heard[-1][2]["code"]) == (["start", "error"], "unreachable")
    assert model_server.requests() == []


def test_a_src_that_is_no_route_says_so(embedding: Embedding) -> None:
    for src in ("/v1/models", "http://"):
        embedding.open(element(src=src))
        embedding.wait_state("error")
        assert embedding.names == ["start", "error"]


# -- bytes


def chunk(**delta: str) -> str:
    return json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}, ensure_ascii=False)


GOOD = (
    f"\ufeff: hello\r\n\r\ndata: {chunk(role='assistant')}\r\n\r\n"
    f"id: 1\r\nevent: x\r\ndata:{chunk(content='é😀')}\r\n\r\n"
    f": ping\n\ndata: {chunk(reasoning_content='hidden')}\n\ndata: {chunk(content='𝄞  ')}\n\n"
    'data: {"choices": [], "usage": {}}\n\ndata: {"choices": null}\n\n'
    'data: {"choices":\r\n: within\r\ndata:  [{"delta":\r\ndata:{"content": "two lines"}}]}\r\n\r\n'
)
ENDS = {
    "data: [DONE]\r\n\r\n": "done",
    "": "error",
    "data: [DONE]": "error",
    'data: {"choices": [{"del': "error",
    "data: no JSON\n\n": "error",
    'data: {"error": "gone"}\n\ndata: [DONE]\n\n': "error",
    'data: {"error": {"message": "gone"}}\n\n': "error",
}


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_an_answer_is_the_same_however_its_bytes_are_cut(embedding: Embedding, size: int) -> None:
    for end, state in ENDS.items():
        data = (GOOD + end).encode()
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        embedding.site.pages["/v1/chat/completions"] = pieces  # type: ignore[index]
        embedding.open(element(src=f"{embedding.site.url}/v1/chat/completions"))
        embedding.wait_state(state)
        assert embedding.text == "é😀𝄞  two lines"
        assert embedding.names == ["start", "delta", state]
