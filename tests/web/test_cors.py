"""Pages of other sites: those that are named may use the API, letter by letter, and nobody else."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api import Api, Reply
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, failure
from tests.web.conftest import Serve
from tests.web.front import front

NAMED = "https://app.example"
OTHERS = [
    "https://app.example.evil",
    "https://evil-app.example",
    "https://appXexample",
    "https://app.example:8443",
    "http://app.example",
    "https://APP.example",
    "https://app.example/",
    "https://app.example https://evil.example",
    "http://127.0.0.1:8000",
    "http://[::1]:3001",
    "http://:",
    "null",
    "*",
]
API = ["/v1/models", "/chats", "/tools", "/runs/" + "0" * 24, "/chat/" + "0" * 24, "/v1/nothing", "/ws"]
COMPONENT, ITS_PART = "/static/js/streaming-chat.js", "/static/js/streaming-answer.js"
PAGES = ["/", "/c/" + "0" * 24, "/healthz", "/static/js/main.js", "/chatter", "/v1models", f"{COMPONENT}x", "/askew"]


@pytest.fixture(scope="module")
def server(serve: Serve) -> ChatStream:
    return serve(CHATSTREAM_CORS_ORIGINS=f"{NAMED}, http://[::1]:3000")


@pytest.fixture(params=["direct", "nginx"])
def api(request: pytest.FixtureRequest, server: ChatStream, model_server: ModelServer) -> Iterator[Api]:
    if request.param == "direct":
        yield Api(server.address)
        return
    with front(server) as nginx:
        yield Api(f"127.0.0.1:{nginx.port}")


def from_page(origin: str = NAMED, **more: str) -> dict[str, str]:
    """What a browser sends for a page of this origin."""
    return {"Origin": origin, "Sec-Fetch-Site": "cross-site", **more}


def cors(reply: Reply) -> dict[str, str]:
    return {name: value for name, value in reply.headers.items() if name.lower().startswith("access-control-")}


def vary(reply: Reply) -> set[str]:
    return {name.strip().lower() for value in reply.headers.get_all("Vary", []) for name in value.split(",")}


def preflight(api: Api, path: str, origin: str, method: str = "POST", headers: str = "content-type") -> Reply:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return api.call("OPTIONS", path, headers=from_page(origin, **asked))


@pytest.mark.parametrize("origin", [NAMED, "http://[::1]:3000"])
@pytest.mark.parametrize("path", API)
def test_named_origins_may_read_the_api(api: Api, path: str, origin: str) -> None:
    reply = api.get(path, from_page(origin))
    assert reply.headers.get_all("Access-Control-Allow-Origin") == [origin]
    exposed = {name.strip().lower() for name in reply.headers["Access-Control-Expose-Headers"].split(",")}
    assert exposed == {"x-run-id", "x-chat-id", "retry-after", "x-vercel-ai-ui-message-stream"}
    assert reply.headers["Access-Control-Allow-Credentials"] is None


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_not_theirs(api: Api, path: str) -> None:
    assert cors(api.get(path, from_page())) == {}
    assert cors(preflight(api, path, NAMED)) == {}


@pytest.mark.parametrize("origin", OTHERS)
def test_nobody_else_is_let_in(api: Api, model_server: ModelServer, origin: str) -> None:
    assert cors(api.get("/v1/models", from_page(origin))) == {}
    assert cors(preflight(api, "/v1/completions", origin)) == {}
    bodies: dict[str, Any] = {"/chat": {"prompt": "Hello"}, "/v1/completions": {"prompt": "Hello"}}
    for path, body in bodies.items():
        for headers in (from_page(origin), {"Origin": origin}):
            reply = api.post(path, body, headers)
            assert (reply.status, cors(reply)) == (403, {})
    assert model_server.requests() == []


def test_caches_are_told_what_the_answer_depends_on(api: Api) -> None:
    for headers in ({}, from_page(), from_page("https://evil.example")):
        assert all("origin" in vary(api.get(path, headers)) for path in (*API, COMPONENT, ITS_PART))
        assert "origin" not in vary(api.get("/healthz", headers))


def test_a_preflight_says_what_may_be_sent(api: Api) -> None:
    sdk = "arch,async,helper-method,lang,os,package-version,poll-helper,retry-count,runtime,runtime-version,timeout"
    asked = ["authorization", "content-type", "last-event-id", *(f"x-stainless-{name}" for name in sdk.split(","))]
    reply = preflight(api, "/v1/chat/completions", NAMED, headers=",".join([*asked, "x-other", "cookie"]))
    assert (reply.status, reply.body) == (200, b"")
    allowed = {name.strip() for name in reply.headers["Access-Control-Allow-Headers"].split(",")}
    assert allowed == set(asked)
    assert reply.headers["Access-Control-Max-Age"] == "600"
    for path, method in (("/chat/" + "0" * 24, "PATCH"), ("/chat/" + "0" * 24, "DELETE"), ("/runs/x/stop", "POST")):
        assert method in (preflight(api, path, NAMED, method).headers["Access-Control-Allow-Methods"] or "")


def test_named_origins_may_ask_in_every_way(api: Api) -> None:
    answered = api.post("/chat", {"prompt": "Hello"}, from_page())
    assert (answered.status, cors(answered)["Access-Control-Allow-Origin"]) == (200, NAMED)
    streamed = api.open("POST", "/v1/completions", {"prompt": "Hello", "stream": True}, from_page())
    assert streamed.headers["Access-Control-Allow-Origin"] == NAMED
    assert streamed.text().endswith(b"data: [DONE]\n\n")
    chat = f"/chat/{answered.json['chatId']}"
    assert api.call("PATCH", chat, {"title": "x"}, from_page()).status == 200
    assert api.call("DELETE", chat, headers=from_page()).status == 204


def test_named_origins_may_not_use_the_page(api: Api) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert api.call("POST", "/", b"prompt=Hello", from_page(**form)).status == 403


def test_errors_can_be_read_as_well(api: Api, model_server: ModelServer) -> None:
    refusals = [
        (400, api.post("/v1/completions", {}, from_page())),
        (404, api.get("/v1/nothing", from_page())),
        (405, api.get("/v1/completions", from_page())),
        (413, api.post("/chat", b"x" * (2 << 20), from_page())),
        (421, api.get("/v1/models", from_page(Host="evil.example"))),
    ]
    for status, steps in ((502, [["rst"]]), (503, failure(503, "loading", {"Retry-After": "3"}))):
        model_server.script(steps)
        refusals.append((status, api.post("/v1/completions", {"prompt": "Hello"}, from_page())))
    for status, reply in refusals:
        assert (reply.status, cors(reply).get("Access-Control-Allow-Origin")) == (status, NAMED)


def test_the_component_may_be_loaded_by_any_page_and_nothing_else_may(api: Api) -> None:
    for path in (COMPONENT, ITS_PART):
        assert api.get(path).headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    for path in ("/", "/chats", "/static/js/main.js", "/v1/models"):
        assert api.get(path).headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_without_the_setting_nobody_is_named(serve: Serve, model_server: ModelServer) -> None:
    api = Api(serve().address)
    for path in (*API, *PAGES, COMPONENT, ITS_PART):
        reply = api.get(path, from_page())
        assert (cors(reply), reply.headers["Cross-Origin-Resource-Policy"]) == ({}, "same-origin")
    assert cors(preflight(api, "/v1/completions", NAMED)) == {}
    assert api.post("/chat", {"prompt": "Hello"}, from_page()).status == 403
