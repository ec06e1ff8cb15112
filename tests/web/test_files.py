"""Files of questions, over HTTP, on both stores, and what the model server is told of them."""

import base64
import itertools
import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.api import Api, Reply
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer, failure
from tests.web.processes import resident

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="
)
IMAGES = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0 jpeg",
    "image/gif": b"GIF89a gif",
    "image/webp": b"RIFF\x0a\0\0\0WEBPVP8 ",
}
SVG = b'<?xml version="1.0"?>\n<!-- x --><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def upload(api: Api, data: bytes, name: str = "a.png") -> Reply:
    return api.call("POST", f"/files?name={quote(name)}", data, {"Content-Type": "application/octet-stream"})


def uploaded(api: Api, data: bytes = PNG, name: str = "a.png") -> str:
    return str(upload(api, data, name).json["_id"])


def asked(api: Api, *ids: str, prompt: str = "What is this?", **fields: Any) -> dict[str, Any]:
    """A question with these files, answered: what POST /chat says."""
    reply = api.post("/chat", {"prompt": prompt, "files": ids, **fields})
    assert reply.status == 200, reply.json
    return dict(reply.json)


def question(api: Api, chat_id: str) -> dict[str, Any]:
    return next(m for m in api.history(chat_id) if m["role"] == "user")


def told(model_server: ModelServer) -> list[dict[str, Any]]:
    """The messages of the last request."""
    return list(model_server.requests()[-1]["body"]["messages"])


def url(kind: str, data: bytes) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:{kind};base64,{base64.b64encode(data).decode()}"}}


@pytest.mark.parametrize(("kind", "data"), IMAGES.items())
def test_an_image_is_kept_as_what_its_bytes_say(api: Api, kind: str, data: bytes) -> None:
    reply = upload(api, data, "Ü “x”.html")
    path = f"/files/{reply.json['_id']}"
    about = {"_id": reply.json["_id"], "name": "Ü “x”.html", "type": kind, "size": len(data), "path": path}
    assert (reply.status, reply.json) == (201, about)
    got = api.get(path)
    assert (got.status, got.body, got.headers["Content-Type"]) == (200, data, kind)
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert "sandbox" in got.headers["Content-Security-Policy"]
    assert got.headers["Content-Disposition"].startswith("inline; filename*=UTF-8''%C3%9C")


def test_a_text_is_plain_text_whatever_it_holds(api: Api) -> None:
    page = b"<html><script>alert(1)</script>\xc3\xa9</html>"
    got = api.get(f"/files/{uploaded(api, page, 'page.html')}")
    assert (got.body, got.headers["Content-Type"]) == (page, "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    ("name", "data", "status", "words"),
    [
        ("x.heic", b"\0\0\0\x18ftypheic", 400, "“x.heic” is no file that can be sent. PNG, JPEG, GIF and WebP can"),
        ("x.txt", b"\xff\xfe\x00a", 400, "texts in UTF-8"),
        ("x.txt", b"a\0b", 400, "texts in UTF-8"),
        ("x.svg", b"anything", 400, "is an SVG, which is code"),
        ("x.txt", SVG, 400, "is an SVG, which is code"),
        ("x.txt", b"", 400, "“x.txt” is empty"),
        ("x.png", PNG + bytes(5_000_000), 413, "larger than 5000000 bytes"),
        ("x.txt", b"a" * 200_001, 413, "more than 200000 characters"),
        ("x.txt", b"a" * 900_000, 413, "“x.txt” is too large"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_words(api: Api, name: str, data: bytes, status: int, words: str) -> None:
    reply = upload(api, data, name)
    assert (reply.status, words in reply.json["message"]) == (status, True), reply.json


def test_as_much_as_is_allowed_is_taken(api: Api) -> None:
    assert upload(api, PNG + bytes(5_000_000 - len(PNG))).status == 201
    assert upload(api, "é".encode() * 200_000, "x.txt").status == 201


def test_the_model_is_told_of_images_and_texts_now_and_later(api: Api, model_server: ModelServer) -> None:
    ids = [uploaded(api), uploaded(api, b"one\n```\ntwo\n", "notes.md"), uploaded(api, IMAGES["image/gif"], "b.gif")]
    chat_id = asked(api, *ids)["chatId"]
    text = "notes.md:\n````\none\n```\ntwo\n````\n\nWhat is this?"
    content = [{"type": "text", "text": text}, url("image/png", PNG), url("image/gif", IMAGES["image/gif"])]
    assert told(model_server) == [{"role": "user", "content": content}]
    shown = question(api, chat_id)
    assert shown["content"] == "What is this?"
    assert [(f["_id"], f["name"], f["type"]) for f in shown["files"]] == [
        (ids[0], "a.png", "image/png"),
        (ids[1], "notes.md", "text/plain"),
        (ids[2], "b.gif", "image/gif"),
    ]
    api.answer("And now?", chatId=chat_id)
    assert told(model_server)[0] == {"role": "user", "content": content}
    answer_id = api.history(chat_id)[1]["_id"]
    api.post("/chat", {"retry": answer_id, "chatId": chat_id})
    assert told(model_server) == [{"role": "user", "content": content}]


def test_a_question_with_texts_alone_stays_one_text(api: Api, model_server: ModelServer) -> None:
    asked(api, uploaded(api, b"print(1)", "a.py"))
    assert told(model_server) == [{"role": "user", "content": "a.py:\n```\nprint(1)\n```\n\nWhat is this?"}]


def test_a_long_conversation_sends_its_newest_images(api: Api, model_server: ModelServer) -> None:
    large = PNG + bytes(4_900_000)
    chat_id = asked(api, *(uploaded(api, large, f"{n}.png") for n in range(4)), prompt="Four")["chatId"]
    asked(api, uploaded(api, large, "last.png"), chatId=chat_id, prompt="One")
    first, _, last = told(model_server)
    assert [part["type"] for part in last["content"]] == ["text", "image_url"]
    assert [part["type"] for part in first["content"]] == ["text", *["image_url"] * 3]
    assert first["content"][0]["text"] == "[3.png: not sent again]\n\nFour"


def test_files_of_a_question_have_their_limits(api: Api) -> None:
    large = PNG + bytes(4_900_000)
    ids = [uploaded(api, large) for _ in range(5)]
    reply = api.post("/chat", {"prompt": "x", "files": ids})
    assert (reply.status, reply.json["message"]) == (
        413,
        "The files of a question may have 20 MB together. Send fewer of them.",
    )
    assert api.post("/chat", {"prompt": "x", "files": ids[:1] * 9}).status == 400
    assert api.post("/chat", {"prompt": "x", "files": ["../x"]}).status == 400
    assert api.post("/chat", {"prompt": "", "files": ids[:1]}).json["message"] == "Prompt cannot be empty"
    gone = api.post("/chat", {"prompt": "x", "files": ["0" * 24]})
    assert (gone.status, gone.json["message"]) == (
        404,
        "A file of this question is not here any more. Attach it again.",
    )
    chat = asked(api, ids[0])
    again = api.post("/chat", {"retry": chat["messageId"], "chatId": chat["chatId"], "files": ids[:1]})
    assert again.status == 400


def test_the_same_submission_twice_is_one_and_other_files_make_another(api: Api) -> None:
    ids = [uploaded(api), uploaded(api, name="b.png")]
    first = asked(api, ids[0], requestId=f"twice {ids[0]}")
    assert asked(api, ids[0], requestId=f"twice {ids[0]}")["runId"] == first["runId"]
    assert [f["_id"] for f in question(api, first["chatId"])["files"]] == ids[:1]
    other = api.post("/chat", {"prompt": "What is this?", "files": [ids[1]], "requestId": f"twice {ids[0]}"})
    assert other.status == 409


def test_a_question_asked_otherwise_has_files_of_its_own(api: Api, model_server: ModelServer) -> None:
    file_id = uploaded(api)
    first = asked(api, file_id)
    asked(api, file_id, prompt="And otherwise?", chatId=first["chatId"], parentId="")
    assert told(model_server)[0]["content"][1] == url("image/png", PNG)
    one, other = (m for m in api.history(first["chatId"]) if m["role"] == "user")
    copied = other["files"][0]["_id"]
    assert (one["files"][0]["_id"], copied != file_id) == (file_id, True)
    api.call("DELETE", f"/chat/{first['chatId']}/messages/{one['_id']}")
    assert (api.get(f"/files/{file_id}").status, api.get(f"/files/{copied}").status) == (404, 200)


def test_a_chat_takes_its_files_with_it(api: Api) -> None:
    file_id = uploaded(api)
    chat = asked(api, file_id)
    branch = api.post(f"/chat/{chat['chatId']}/branch", {"messageId": chat["messageId"]}).json["_id"]
    copied = question(api, branch)["files"][0]["_id"]
    api.call("DELETE", f"/files/{file_id}")  # belongs to a question: it stays
    assert api.get(f"/files/{file_id}").status == 200
    api.call("DELETE", f"/chat/{chat['chatId']}")
    assert (api.get(f"/files/{file_id}").status, api.get(f"/files/{copied}").body) == (404, PNG)


def test_an_upload_that_is_not_wanted_is_removed(api: Api) -> None:
    file_id = uploaded(api)
    assert api.call("DELETE", f"/files/{file_id}").status == 204
    assert api.call("DELETE", f"/files/{file_id}").status == 204
    assert api.get(f"/files/{file_id}").status == 404
    assert api.get("/files/no-id").status == 400


def test_a_model_server_that_takes_no_images_says_so(api: Api, model_server: ModelServer) -> None:
    model_server.script(failure(400, "image input is not supported"))
    reply = api.post("/chat", {"prompt": "x", "files": [uploaded(api)]})
    assert "image input is not supported" in reply.json["message"]


def test_files_go_with_an_export_and_come_back(api: Api, model_server: ModelServer) -> None:
    chat_id = asked(api, uploaded(api), uploaded(api, b"text", "b.txt"))["chatId"]
    assert "- a.png (" in api.get(f"/chat/{chat_id}/export?format=markdown").body.decode()
    exported = api.get(f"/chat/{chat_id}/export").body
    api.call("DELETE", f"/chat/{chat_id}")
    (chat,) = api.post("/chats/import", exported).json["chats"]
    files = question(api, chat["_id"])["files"]
    assert [(f["name"], api.get(f["path"]).body) for f in files] == [("a.png", PNG), ("b.txt", b"text")]
    value = json.loads(exported)
    value["messages"][0]["files"][0]["data"] = base64.b64encode(SVG).decode()
    refused = api.post("/chats/import", value)
    assert (refused.status, "is an SVG" in refused.json["message"]) == (400, True)


def test_a_shared_page_gives_its_own_files_and_no_others(api: Api) -> None:
    mine, other = uploaded(api), uploaded(api, name="other.png")
    chat = asked(api, mine)
    asked(api, other)
    path = api.post(f"/chat/{chat['chatId']}/share").json["path"]
    page = api.get(path).body.decode()
    assert mine not in page
    shown = page.split(f"{path}/files/", 1)[1].split('"', 1)[0]
    got = api.get(f"{path}/files/{shown}")
    assert (got.status, got.body, got.headers["Cache-Control"]) == (200, PNG, "no-store")
    assert [api.get(f"{path}/files/{name}").status for name in (mine, other, "x")] == [404, 404, 404]
    api.call("DELETE", f"/chat/{chat['chatId']}/share")
    assert api.get(f"{path}/files/{shown}").status == 404


def test_a_page_of_another_site_uploads_nothing(server: ChatStream, api: Api) -> None:
    reply = api.call("POST", "/files?name=a.png", PNG, {"Sec-Fetch-Site": "cross-site"})
    assert reply.status == 403


def test_an_answer_holds_no_images_while_it_lasts(server: ChatStream, api: Api, model_server: ModelServer) -> None:
    ids = [uploaded(api, PNG + bytes(4_900_000), f"{n}.png") for n in range(4)]
    asked(api, *ids)  # what is grown once for such a question is there
    (pid,) = server.worker_pids()
    before, streams = resident(pid), []
    for _ in range(8):
        model_server.script([["text", "Well"], ["gate", "more"], *answer("then.")])
        streams.append(api.ask("What is this?", files=ids))
        assert "text" in [*itertools.islice(streams[-1].frames(), 2)][1][1]
    assert resident(pid) - before < 100_000_000  # eight times 26 MB of base64 would be twice that
    model_server.release("more")
    for stream in streams:
        stream.close()
