"""Bad input: a 4xx with a sentence that says what to change, and nothing is half-saved."""

import socket
from urllib.parse import urlencode

import pytest

from tests.api import Api
from tests.servers.model_server import ModelServer
from tests.web.conftest import Serve

ID = "0123456789abcdef01234567"

BODIES = [
    (b"", "not JSON"),
    (b"{", "not JSON"),
    (b"prompt=Hello", "not JSON"),
    (b"\xff\xfe", "not JSON"),
    (b"[]", "object"),
    (b'"Hello"', "object"),
    (b"[" * 100_000, "object"),
    (b'{"prompt": ' + b"[" * 100_000, "str"),
    (b'{"other": ' + b"[" * 100_000, "nested too deeply"),
    (b'{"prompt": "half \\ud83d"}', "surrogate"),
    (b'{"prompt": "a", "temperature": NaN}', "not JSON"),
    ({"prompt": "a\0b"}, "NUL"),
    ({"prompt": "a", "system": "\0"}, "NUL"),
    ({}, "Prompt cannot be empty"),
    ({"prompt": ""}, "Prompt cannot be empty"),
    ({"prompt": " \n "}, "Prompt cannot be empty"),
    ({"prompt": None}, "Prompt cannot be empty"),
    ({"prompt": "x" * 32_001}, "Prompt cannot exceed 32000 characters"),
    ({"prompt": 5}, "prompt"),
    ({"prompt": ["a"]}, "prompt"),
    ({"prompt": "a", "stream": "yes"}, "stream"),
    ({"prompt": "a", "chatId": 5}, "chatId"),
    ({"prompt": "a", "chatId": "x"}, "chatId must be an id"),
    ({"prompt": "a", "chatId": ID.upper()}, "chatId must be an id"),
    ({"prompt": "a", "chatId": {"$ne": None}}, "chatId"),
    ({"prompt": "a", "parentId": ID}, "parentId needs the chatId"),
    ({"prompt": "a", "model": "nobody/knows"}, "no model 'nobody/knows'"),
    ({"prompt": "a", "model": ""}, "model"),
    ({"prompt": "a", "temperature": 3}, "temperature"),
    ({"prompt": "a", "temperature": "hot"}, "temperature"),
    ({"prompt": "a", "top_p": 0}, "top_p"),
    ({"prompt": "a", "max_tokens": 0}, "max_tokens"),
    ({"prompt": "a", "max_tokens": 1.5}, "max_tokens"),
    ({"prompt": "a", "requestId": ""}, "requestId"),
    ({"prompt": "a", "requestId": "x" * 65}, "requestId"),
    ({"retry": ID}, "retry needs the chatId"),
    ({"retry": ID, "chatId": ID, "prompt": "a"}, "without prompt"),
    ({"continue": ID}, "continue needs the chatId"),
    ({"continue": ID, "chatId": ID, "retry": ID}, "without prompt"),
    ({"continue": "x", "chatId": ID}, "continue must be an id"),
]


@pytest.mark.parametrize(("body", "sentence"), BODIES, ids=[str(n) for n in range(len(BODIES))])
@pytest.mark.parametrize("stream", [False, True])
def test_a_body_that_does_not_fit(
    api: Api, model_server: ModelServer, body: object, sentence: str, stream: bool
) -> None:
    if isinstance(body, dict) and "stream" not in body:
        body = {**body, "stream": stream}
    before = api.get("/chats").json
    reply = api.post("/chat", body)
    assert reply.status == 400
    assert sentence in reply.json["message"]
    assert set(reply.json) == {"message", "code"}
    assert api.get("/chats").json == before
    assert model_server.requests() == []


def test_a_prompt_of_exactly_the_longest_length_is_taken(api: Api) -> None:
    assert api.post("/chat", {"prompt": "😀" * 32_000}).status == 200


def test_a_body_over_1_mib_is_refused(api: Api) -> None:
    reply = api.post("/chat", b'{"prompt": "' + b"x" * (1 << 20) + b'"}')
    assert (reply.status, reply.json["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/chat/{ID}", 404),
        ("GET", "/chat/nonsense", 400),
        ("GET", f"/chat/{ID}/export", 404),
        ("PATCH", "/chat/nonsense", 400),
        ("DELETE", "/chat/nonsense", 400),
        ("GET", f"/runs/{ID}", 404),
        ("GET", "/runs/nonsense", 400),
        ("GET", f"/runs/{ID}/events", 404),
        ("POST", f"/runs/{ID}/stop", 404),
        ("GET", f"/runs/{ID}/replay", 404),
        ("GET", "/chats?limit=0", 400),
        ("GET", "/chats?limit=x", 400),
        ("GET", "/chats?limit=201", 400),
        ("GET", "/chats?before=x", 400),
        ("GET", "/nowhere", 404),
        ("POST", "/chats", 405),
        ("PUT", "/chat", 405),
    ],
)
def test_addresses_that_are_none(api: Api, method: str, path: str, status: int) -> None:
    reply = api.call(method, path, {"title": "x"} if method == "PATCH" else None)
    assert reply.status == status
    assert reply.json["message"].endswith(".")


def test_somebody_elses_ids_are_not_there(api: Api) -> None:
    for fields in ({"chatId": ID}, {"chatId": ID, "retry": ID, "prompt": None}):
        assert api.post("/chat", {"prompt": "a", **fields}).status == 404
    ids, _ = api.answer("mine")
    for fields in ({"parentId": ID}, {"retry": ID, "prompt": None}, {"continue": ID, "prompt": None}):
        assert api.post("/chat", {"prompt": "a", "chatId": ids["chatId"], **fields}).status == 404
    assert len(api.history(ids["chatId"])) == 2


@pytest.mark.parametrize("title", [None, 5, "", "  ", "x" * 201, "a\0b"])
def test_a_title_that_does_not_fit(api: Api, title: object) -> None:
    ids, _ = api.answer("Hello")
    assert api.call("PATCH", f"/chat/{ids['chatId']}", {"title": title}).status == 400
    assert api.get(f"/chat/{ids['chatId']}").json["title"] == "Hello"


@pytest.mark.parametrize("query", ["after=x", "after=-1", "after=1.5", "after=" + "9" * 30])
def test_a_number_that_is_none(api: Api, query: str) -> None:
    ids, _ = api.answer("Hello")
    assert api.get(f"/runs/{ids['runId']}/events?{query}").status == 400
    assert api.get(f"/runs/{ids['runId']}/events", {"Last-Event-ID": "x"}).status == 400


@pytest.mark.parametrize("speed", ["x", "-1", "nan", "inf", "1001"])
def test_a_speed_that_is_none(api: Api, speed: str) -> None:
    ids, _ = api.answer("Hello")
    assert api.get(f"/runs/{ids['runId']}/replay?speed={speed}").status == 400


def test_head_on_a_stream_is_refused(api: Api) -> None:
    ids, _ = api.answer("Hello")
    for path in ("events", "replay"):
        assert api.call("HEAD", f"/runs/{ids['runId']}/{path}").status == 405


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://[::1"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example", "Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}, 421),
        ({"Host": "localhost:8000"}, 200),
        ({"Host": "[::1]"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({}, 200),
    ],
)
def test_a_page_of_another_site_cannot_write_here(
    api: Api, model_server: ModelServer, headers: dict[str, str], status: int
) -> None:
    assert api.post("/chat", {"prompt": "Hello"}, headers).status == status
    assert len(model_server.requests()) == (status == 200)


def test_our_own_origin_may_write(api: Api) -> None:
    assert api.post("/chat", {"prompt": "Hello"}, {"Origin": f"http://{api.address}"}).status == 200


def test_the_form_takes_no_nul_and_asks_once_however_often_it_is_sent(api: Api, model_server: ModelServer) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert api.call("POST", "/", b"prompt=a%00b", form).status == 400
    assert model_server.requests() == []
    first = api.call("POST", "/", b"prompt=Hello&requestId=0123456789abcdef01234567", form)
    again = api.call("POST", "/", b"prompt=Hello&requestId=0123456789abcdef01234567", form)
    assert (first.status, again.status, len(model_server.requests())) == (200, 200, 1)
    assert again.body.count(b"Hello world") == first.body.count(b"Hello world")
    assert api.call("POST", "/", b"prompt=Other&requestId=0123456789abcdef01234567", form).status == 200
    assert len(model_server.requests()) == 2


def test_a_name_of_ours_is_answered(serve: Serve, model_server: ModelServer) -> None:
    api = Api(serve(CHATSTREAM_HOSTS="chat.example, other.example").address)
    replies = [api.get("/chats", {"Host": name}) for name in ("chat.example", "other.example:443", "third.example")]
    assert [reply.status for reply in replies] == [200, 200, 421]
    assert "CHATSTREAM_HOSTS" in replies[2].json["message"]


def send(api: Api, body: bytes) -> bytes:
    """POST /chat with these bytes as its chunked body; the response's first line and more."""
    host, _, port = api.address.partition(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        head = b"POST /chat HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head + body)
        return connection.recv(65536)


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


def test_a_body_in_chunks_is_held_to_the_same_rules(api: Api) -> None:
    assert b" 200 OK" in send(api, chunked(b'{"prompt": "Hello"}'))
    over = b'{"prompt": "Hello"}' + b" " * (1 << 20)
    assert b" 413 " in send(api, chunked(over))
    assert b" 400 " in send(api, b"zz\r\nxx\r\n0\r\n\r\n")


@pytest.mark.parametrize("words", ["-hello", "!hello", "hello -world", '"hello"', "***"])
def test_signs_in_a_search_are_no_commands(api: Api, words: str) -> None:
    ids, _ = api.answer("hello world")
    found = [chat["_id"] for chat in api.get(f"/chats?{urlencode({'q': words})}").json["chats"]]
    assert (ids["chatId"] in found) == (words != "***")
