"""`GET /api/chat`: one question asks once, however often its EventSource comes back, here and in a real browser."""

from typing import Any
from urllib.parse import quote

import pytest

from chatstream.wire.sse import Decoder
from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer
from tests.web.formats import ID, SHAPES, Answer
from tests.web.page.line import Line

NEVER = ["gate", "never"]
SHAPE = next(shape for shape in SHAPES if shape.name == "EventSource")


def take(body: bytes) -> tuple[str, str]:
    """The text in it, and the last id."""
    decoder = Decoder()
    return "".join(one.data for one in decoder.feed(body) if one.event == "message"), decoder.last_id


def come_back(api: Api, seen: str, prompt: str = "Hello") -> Answer:
    """As a browser does: the same address, with the id seen last."""
    return Answer(SHAPE, api.open("GET", f"/api/chat?prompt={quote(prompt)}", headers={"Last-Event-ID": seen}))


BROWSER = {"User-Agent": "Mozilla/5.0"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        (BROWSER, 403),
        ({**BROWSER, "Referer": "http://elsewhere.example/"}, 403),
        ({**BROWSER, "Referer": "http://{address}/c/1"}, 200),
        ({**BROWSER, "Sec-Fetch-Site": "same-origin"}, 200),
        ({**BROWSER, "Sec-Fetch-Site": "none"}, 200),
        ({**BROWSER, "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_a_browser_that_does_not_say_for_whom_it_asks_is_refused(
    api: Api, model_server: ModelServer, headers: dict[str, str], status: int
) -> None:
    """To an address without TLS it need not; then our own page is known by its Referer, which no other one can have."""
    told = {name: value.format(address=api.address) for name, value in headers.items()}
    assert api.get("/api/chat?prompt=Hello", told).status == status
    assert len(model_server.requests()) == (status == 200)


def test_it_comes_back_in_the_middle(api: Api, model_server: ModelServer) -> None:
    model_server.script([["text", "one\r"], ["gate", "go on"], ["text", "\ntwo"], *answer(" three")])
    first = SHAPE.ask(api)
    text, seen = take(first.until(b"one\ndata: \n\n"))
    assert text == "one\n"
    first.close()
    model_server.release("go on")
    rest = come_back(api, seen).received()
    assert (text + rest.text, rest.mark) == ("one\ntwo three", "success")
    assert len(model_server.requests()) == 1


def test_it_comes_back_before_the_first_text(api: Api, model_server: ModelServer) -> None:
    model_server.script([["gate", "go on"], *answer("Hello")])
    first = SHAPE.ask(api)
    _, seen = take(first.until(b"\n\n"))
    assert seen == f"{first.headers['X-Run-Id']}.1"
    first.close()
    second = come_back(api, seen)
    model_server.release("go on")
    assert second.received()[:2] == ("Hello", "success")
    assert len(model_server.requests()) == 1


def test_it_comes_back_at_every_event(api: Api, model_server: ModelServer) -> None:
    model_server.script(answer("a\r b\r \n\n c \r\n d", pause=0.01))
    whole = SHAPE.ask(api)
    text = whole.received().text
    run_id, _, last = take(whole.body)[1].partition(".")
    for number in range(1, int(last)):
        before = b"".join(block + b"\n\n" for block in blocks(whole.body) if int(id_of(block)) <= number)
        again = come_back(api, f"{run_id}.{number}").received()
        assert (take(before)[0] + again.text, again.mark) == (text, "success")


def blocks(body: bytes) -> list[bytes]:
    return [block for block in body.split(b"\n\n") if block.startswith(b"id: ")]


def id_of(block: bytes) -> str:
    return block.partition(b"\n")[0].rpartition(b".")[2].decode()


@pytest.mark.parametrize("script", [answer("Hello"), [["text", "Hel"], ["sleep", 0.05], ["rst"]]], ids=["good", "bad"])
def test_after_the_end_there_is_nothing(api: Api, model_server: ModelServer, script: list[Any]) -> None:
    model_server.script(script)
    first = SHAPE.ask(api)
    reply = come_back(api, take(first.whole())[1])
    assert (reply.status, reply.whole()) == (204, b"")
    assert len(model_server.requests()) == 1


@pytest.mark.parametrize(
    ("seen", "status"),
    [
        ("nonsense", 400),
        ("5", 400),
        (f"{ID}", 400),
        (f"{ID}.", 400),
        (f"{ID}.-1", 400),
        (f"{ID.upper()}.1", 400),
        (f"{ID}.1\n", 400),
        (f"{ID}.{'9' * 16}", 400),
        (f"{ID}.1", 404),
    ],
)
def test_an_id_of_nothing_starts_nothing(api: Api, model_server: ModelServer, seen: str, status: int) -> None:
    before = api.get("/chats").json
    reply = api.get("/api/chat?prompt=Hello", {"Last-Event-ID": seen.strip("\n")})
    assert reply.status == (404 if seen.endswith("\n") else status)
    assert reply.json["message"].endswith((".", ">."))
    assert (api.get("/chats").json, model_server.requests()) == (before, [])


def test_an_id_beyond_the_end_is_gone(api: Api, model_server: ModelServer) -> None:
    model_server.script(answer("Hello"))
    first = SHAPE.ask(api)
    first.whole()
    reply = come_back(api, f"{first.headers['X-Run-Id']}.999")
    assert (reply.status, reply.json()["code"]) == (410, "gone")


def test_a_request_id_in_the_address_asks_once(api: Api, model_server: ModelServer) -> None:
    """For a line that breaks before even the first bytes came."""
    both = [SHAPE.ask(api, requestId="once") for _ in range(2)]
    assert [one.received()[:2] for one in both] == [("Hello world", "success")] * 2
    assert len(model_server.requests()) == 1


def test_a_chat_goes_on(api: Api, model_server: ModelServer) -> None:
    first = SHAPE.ask(api, "One")
    first.whole()
    SHAPE.ask(api, "Two", chatId=first.headers["X-Chat-Id"], system="Be brief.").whole()
    said = [message["content"] for message in model_server.requests()[1]["body"]["messages"]]
    assert said == ["Be brief.", "One", "Hello world", "Two"]


# -- in a browser

LISTEN = """
    const source = window.source = new EventSource(arguments[0])
    window.seen = {text: '', ends: [], opened: 0}
    source.onopen = () => seen.opened++
    source.onmessage = (event) => seen.text += event.data
    for (const kind of ['done', 'error'])
        source.addEventListener(kind, (event) => seen.ends.push([kind, event.data && JSON.parse(event.data)]))"""
CLOSED = 2


@pytest.fixture
def far(line: Line, browser: Browser, model_server: ModelServer) -> Browser:
    """A page of this server, behind a line that can break."""
    browser.open(f"{line.url}/healthz")
    return browser


def seen(browser: Browser) -> dict[str, Any]:
    found: dict[str, Any] = browser.evaluate("return {...window.seen, state: window.source.readyState}")
    return found


def wait_closed(browser: Browser) -> dict[str, Any]:
    """Closed for good: it never comes back by itself."""
    return browser.wait(lambda: found if (found := seen(browser))["state"] == CLOSED else None, seconds=30)


@pytest.mark.parametrize("text", ["", "The tide\n\n  comes "])
def test_a_browser_comes_back_to_its_answer(far: Browser, line: Line, model_server: ModelServer, text: str) -> None:
    begun = [["text", text]] if text else []
    model_server.script([*begun, ["gate", "go on"], *answer("in.\n")])
    far.evaluate(LISTEN, "/api/chat?prompt=Tide")
    far.wait(lambda: seen(far)["opened"] == 1 and seen(far)["text"] == text)
    line.cut()
    far.wait(lambda: seen(far)["state"] == 0)
    line.mend()
    far.wait(lambda: seen(far)["opened"] == 2, seconds=30)
    model_server.release("go on")
    found = wait_closed(far)
    assert (found["text"], found["opened"]) == (f"{text}in.\n", 2)
    told = [end for end in found["ends"] if end[1]]
    assert [(kind, data["state"]) for kind, data in told] == [("done", "complete")]
    assert len(model_server.requests()) == 1


def test_a_browser_is_told_of_a_failure_and_gives_up(far: Browser, model_server: ModelServer) -> None:
    model_server.script([["status", 500, {}, {"error": {"message": "no memory"}}]])
    far.evaluate(LISTEN, "/api/chat?prompt=Tide")
    found = wait_closed(far)
    (told,) = [data for kind, data in found["ends"] if kind == "error" and data]
    assert (told["message"], told["code"]) == ("The model server failed (500): no memory.", "upstream_refused")
    assert set(told) == {"message", "code", "chatId", "runId", "state"}
    assert (found["text"], len(model_server.requests())) == ("", 1)


@pytest.mark.parametrize("query", ["", "prompt=a&chatId=x", "prompt=a&model=nobody/knows", f"prompt=a&chatId={ID}"])
def test_a_browser_that_is_refused_gives_up(far: Browser, model_server: ModelServer, query: str) -> None:
    far.evaluate(LISTEN, f"/api/chat?{query}")
    found = wait_closed(far)
    assert (found["opened"], found["ends"]) == (0, [["error", None]])
    assert model_server.requests() == []


def test_a_page_of_another_site_cannot_ask(one_server: ChatStream, browser: Browser, model_server: ModelServer) -> None:
    """Neither with an EventSource nor with an image, a prefetch or whatever else makes a GET."""
    address = f"{one_server.url}/api/chat?prompt=Tide"
    browser.open(f"http://localhost:{model_server.port}/")
    browser.evaluate(LISTEN, address)
    assert wait_closed(browser)["opened"] == 0
    browser.evaluate("fetch(arguments[0], {mode: 'no-cors'}).finally(() => window.over = true)", address)
    browser.wait(lambda: browser.evaluate("return window.over"))
    assert model_server.requests() == []
