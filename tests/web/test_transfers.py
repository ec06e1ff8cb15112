"""All chats as one file, and files of chats taken in, by program and by the page's form."""

import contextlib
import json
import sqlite3
import threading
import time
from operator import sub
from pathlib import Path
from typing import Any

import pytest

from tests.api import Api, Reply
from tests.chats import files
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer
from tests.web.conftest import Serve

BOUNDARY = "----a-line-between"


def form(*contents: bytes, name: str = "file") -> tuple[bytes, dict[str, str]]:
    """A form with these files: its body and headers."""
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="a.json"\r\n\r\n'.encode()
    body = b"".join(part + content + b"\r\n" for content in contents) + f"--{BOUNDARY}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Accept": "text/html"}


def by_form(api: Api, *contents: bytes) -> Reply:
    body, headers = form(*contents)
    return api.call("POST", "/transfer", body, headers)


def lines(reply: Reply) -> list[dict[str, Any]]:
    return [json.loads(line) for line in reply.body.splitlines()]


@pytest.mark.parametrize("store", ["sqlite", "mongo"])
def test_all_chats_go_into_one_file_and_come_back(serve: Serve, model_server: ModelServer, store: str) -> None:
    api, other = Api(serve(store).address), Api(serve(store).address)
    for n in range(130):  # more than are read at once
        chat = api.post("/chat", {"prompt": f"Question {n}"}).json
        if n in (3, 120):
            api.call("PATCH", f"/chat/{chat['chatId']}", {"archived": True, "params": {"top_p": 0.5}})
    exported = api.get("/chats/export")
    assert exported.headers["Content-Type"].startswith("application/jsonl")
    assert 'filename="chats-' in exported.headers["Content-Disposition"]
    assert [line["title"] for line in lines(exported)] == [f"Question {n}" for n in reversed(range(130))]
    imported = other.post("/chats/import", exported.body)
    assert (imported.status, len(imported.json["chats"]), imported.json["failed"]) == (201, 130, [])
    assert {chat["title"] for chat in other.get("/chats?archived=1").json["chats"]} == {"Question 3", "Question 120"}
    again = {line["title"]: line for line in lines(other.get("/chats/export"))}
    for line in lines(exported):
        for name in ("createdAt", "updatedAt", "archived", "params"):
            assert again[line["title"]][name] == line[name]
        assert [m["content"] for m in again[line["title"]]["messages"]] == [m["content"] for m in line["messages"]]


@pytest.mark.parametrize(
    ("figures", "shown"),
    [
        ({"usage": {"prompt_tokens": 5}, "timings": {"totalMs": 5}}, ""),
        ({"usage": {}, "timings": {}}, ""),
        ({"usage": {"completion_tokens": 3}, "timings": {"firstTokenMs": 1e15, "tokensPerSecond": 0.25}}, "0.2"),
    ],
    ids=["some", "none", "slow"],
)
def test_a_chat_opens_with_whatever_figures_came(api: Api, figures: dict[str, Any], shown: str) -> None:
    answer = {"id": "2", "parentId": "1", "role": "assistant", "content": "Hi", **figures}
    question = {"id": "1", "role": "user", "content": "Hello"}
    chat = {"format": "chatstream/1", "title": "T", "messages": [question, answer]}
    (made,) = api.post("/chats/import", chat).json["chats"]
    page = api.get(f"/c/{made['_id']}")
    assert page.status == 200
    assert f'data-figure="rate">{shown}</span>' in page.body.decode()
    answer["timings"] = {"totalMs": 1e300}
    assert api.post("/chats/import", chat).status == 400


@pytest.mark.parametrize("form", ["json", "markdown"])
def test_an_export_of_nothing_is_an_empty_file(serve: Serve, model_server: ModelServer, form: str) -> None:
    reply = Api(serve().address).get(f"/chats/export?format={form}")
    assert (reply.status, reply.body) == (200, b"")


def test_all_chats_are_exported_for_reading(serve: Serve, model_server: ModelServer) -> None:
    api = Api(serve().address)
    one, two = (api.post("/chat", {"prompt": f"Question {n}"}).json["chatId"] for n in (1, 2))
    exported = api.get("/chats/export?format=markdown")
    assert exported.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert exported.headers["Content-Disposition"].endswith('.md"')
    each = [api.get(f"/chat/{chat}/export?format=markdown").body for chat in (two, one)]
    assert exported.body == b"\n---\n\n".join(each)
    assert b"# Question 2\n" in each[0]
    assert b"Hello world" in each[1]
    assert api.get("/chats/export?format=pdf").status == 400


def test_files_of_other_programs_are_taken_in(api: Api) -> None:
    imported = api.post("/chats/import", files.as_file(files.tides(), {"title": "Odd"}, files.reasoned()))
    assert imported.status == 201
    assert {chat["title"] for chat in imported.json["chats"]} == {"Tides"}
    assert [each["title"] for each in imported.json["failed"]] == ["Odd"]
    chat = api.get(f"/chat/{imported.json['chats'][0]['_id']}").json
    assert (chat["titled"], chat["share"], len(chat["history"]) > 3) == ("user", None, True)
    assert len(api.get("/chats?q=bulges").json["chats"]) >= 2


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"null", b"\xff\xfe", b"PK\x03\x04", b"[" * 100_000, b'{"a":' * 100_000]
)
def test_what_is_no_file_of_chats_is_refused_in_words(api: Api, body: bytes) -> None:
    for reply in (api.call("POST", "/chats/import", body), by_form(api, body)):
        assert reply.status == 400
        assert b"ould be read" in reply.body or b"no file of chats" in reply.body


def test_the_form_says_what_became_of_each_chat(api: Api) -> None:
    odd = {"title": "<b>Odd</b>"}
    text = by_form(api, files.as_file(files.tides(), odd), files.as_file(files.reasoned())).body.decode()
    assert "2 chats imported. 1 could not be read." in text
    assert "&lt;b&gt;Odd&lt;/b&gt;" in text
    assert text.count('<a href="/c/') == 2
    assert "1 chat imported." in by_form(api, files.as_file(files.tides())).body.decode()
    nothing = by_form(api, files.as_file(odd))
    assert (nothing.status, b"No chat was imported. 1 could not be read." in nothing.body) == (400, True)


def test_the_form_takes_no_file_at_all_and_no_other_sites(api: Api) -> None:
    body, headers = form(b"", name="other")
    assert api.call("POST", "/transfer", body, headers).status == 400
    assert api.call("POST", "/transfer", *with_origin(files.as_file(files.tides()))).status == 403


def with_origin(content: bytes) -> tuple[bytes, dict[str, str]]:
    body, headers = form(content)
    return body, {**headers, "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}


def test_a_file_that_is_too_large_is_refused(server: ChatStream, api: Api) -> None:
    for path, body, headers in (
        ("/chats/import", b" " * ((64 << 20) + 1), {}),
        ("/transfer", *form(b" " * (66 << 20))),
    ):
        assert api.call("POST", path, body, headers).status == 413


def test_streams_go_on_while_a_large_file_is_read(api: Api, model_server: ModelServer) -> None:
    nodes = [files.chatgpt_node(f"n{n}", f"n{n - 1}" if n else None, "user", "word " * 200) for n in range(500)]
    body = files.as_file(*[files.chatgpt(*nodes, current="n499")] * 20)
    model_server.script([["repeat", 100_000, [["text", "tick "], ["sleep", 0.005]]]])
    streamed, times = api.ask("Count"), list[float]()
    frames = streamed.frames()
    run_id = next(frames)[1]["runId"]
    reader = threading.Thread(target=lambda: times.extend(time.monotonic() for _ in frames))
    reader.start()
    began = time.monotonic()
    imported = api.call("POST", "/chats/import", body)
    ended = time.monotonic()
    api.post(f"/runs/{run_id}/stop")
    reader.join()
    meanwhile = [began, *(at for at in times if began < at < ended), ended]
    assert len(imported.json["chats"]) == 20
    assert max(map(sub, meanwhile[1:], meanwhile)) < (ended - began) / 4


NO_JSON = [b"{tides: twice}", b'[{"title": "x",}]', b"function tide() { return {a} }", b"{\xff}"]


@pytest.mark.parametrize("body", NO_JSON)
def test_what_is_no_json_is_told_what_to_choose(api: Api, body: bytes) -> None:
    for reply in (api.call("POST", "/chats/import", body), by_form(api, body)):
        assert b"Choose an export of ChatStream, ChatGPT or Open WebUI" in reply.body
        assert b"malformed" not in reply.body


def test_a_broken_chat_beside_others_is_named_by_its_place(api: Api) -> None:
    page = by_form(api, b'[{"title": "x",},' + files.as_file(files.tides())[1:]).body.decode()
    assert "It is no JSON that can be read. Export it once more." in page
    assert "number 1" in page


@pytest.mark.parametrize("store", ["sqlite", "mongo"])
def test_all_chats_are_deleted_at_once(serve: Serve, model_server: ModelServer, store: str) -> None:
    api = Api(serve(store).address)
    for n in range(120):
        chat_id = api.post("/chat", {"prompt": f"Question {n}"}).json["chatId"]
    api.call("PATCH", f"/chat/{chat_id}", {"archived": True})
    model_server.script([["text", "The tide "], ["gate", "never"]])
    writing = api.ask("At length?").frames()
    ids = next(writing)[1]
    assert api.call("DELETE", "/chats").json == {"deleted": 121}
    assert list(writing)[-1][1]["state"] == "stopped"
    assert api.get("/chats").json["chats"] == api.get("/chats?archived=1").json["chats"] == []
    assert api.get("/chats?q=question").json["chats"] == []
    assert api.get(f"/chat/{ids['chatId']}").status == 404
    assert api.call("DELETE", "/chats").json == {"deleted": 0}


def test_nobody_deletes_all_chats_by_a_slip(one_server: ChatStream) -> None:
    api = Api(one_server.address)
    chat_id = api.post("/chat", {"prompt": "To be kept"}).json["chatId"]
    refused = api.call("POST", "/transfer/delete", b"", {"Content-Type": "application/x-www-form-urlencoded"})
    assert (refused.status, "Nothing was deleted." in refused.body.decode()) == (400, True)
    elsewhere = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert api.call("DELETE", "/chats", headers=elsewhere).status == 403
    assert api.get(f"/chat/{chat_id}").status == 200


def test_a_deletion_that_the_store_breaks_off_says_how_far_it_came(serve: Serve, tmp_path: Path) -> None:
    server = serve(CHATSTREAM_DATA_DIR=str(tmp_path))
    api = Api(server.address)
    for n in range(40):
        api.post("/chat", {"prompt": f"Question {n}"})
    with contextlib.closing(sqlite3.connect(tmp_path / "chatstream.db", isolation_level=None)) as locker:
        locker.execute("BEGIN IMMEDIATE")
        refused = api.call("DELETE", "/chats")
        assert (refused.status, refused.json["message"].split(",")[0]) == (503, "0 of 40 chats were deleted")
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Language": "de"}
        page = api.call("POST", "/transfer/delete", b"sure=1", kind)
        assert (page.status, "0 von 40 Chats wurden gel\u00f6scht" in page.body.decode()) == (503, True)
        locker.execute("ROLLBACK")
    assert len(api.get("/chats").json["chats"]) == 40
    assert api.call("DELETE", "/chats").json == {"deleted": 40}
    assert "Traceback" not in server.log_tail()
