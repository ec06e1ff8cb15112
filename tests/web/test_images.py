"""Images go to models that take them: who is known to take none is not sent any, and the asker is told at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.api import Api
from tests.servers.model_server import ModelServer
from tests.web.conftest import Serve
from tests.web.test_files import PNG, asked, told, uploaded, url

REFUSAL = "“moon.png” is an image, and test-model takes none. Choose another model, or leave it out."


@pytest.fixture
def api(serve: Serve) -> Api:
    """A server that has asked nobody yet."""
    return Api(serve().address)


def show(model_server: ModelServer, *capabilities: str) -> None:
    model_server.own([["status", 200, {}, {"capabilities": ["completion", *capabilities]}]])


def asked_beside(model_server: ModelServer) -> list[tuple[str, Any]]:
    return [(e["path"], e["body"]) for e in model_server.log() if e["path"].startswith("/api/")]


def test_a_question_with_an_image_is_refused_where_the_model_takes_none(api: Api, model_server: ModelServer) -> None:
    show(model_server)
    image, text = uploaded(api, name="moon.png"), uploaded(api, b"high water", "notes.txt")
    reply = api.post("/chat", {"prompt": "What is this?", "files": [text, image]})
    assert (reply.status, reply.json["message"]) == (400, REFUSAL)
    assert (model_server.requests(), api.get("/chats").json["chats"]) == ([], [])
    assert asked_beside(model_server) == [("/api/show", {"model": "test-model"})]
    asked(api, text)
    assert len(told(model_server)) == 1


def test_an_upload_for_a_model_that_takes_none_is_refused_at_once(api: Api, model_server: ModelServer) -> None:
    show(model_server)
    head = {"Content-Type": "application/octet-stream"}
    for model in ("", "test-model"):
        reply = api.call("POST", f"/files?name=moon.png&model={model}", PNG, head)
        assert (reply.status, reply.json["message"]) == (400, REFUSAL)
    assert api.call("POST", "/files?name=notes.txt&model=", b"high water", head).status == 201
    assert len(asked_beside(model_server)) == 1


def test_a_model_that_takes_them_gets_them_and_is_asked_once(api: Api, model_server: ModelServer) -> None:
    show(model_server, "vision")
    for _ in range(2):
        asked(api, uploaded(api))
        assert told(model_server)[0]["content"][1] == url("image/png", PNG)
    assert len(asked_beside(model_server)) == 1


def test_who_says_nothing_is_sent_them(api: Api, model_server: ModelServer) -> None:
    for _ in range(2):
        asked(api, uploaded(api))
        assert told(model_server)[0]["content"][1] == url("image/png", PNG)
    assert [path for path, _ in asked_beside(model_server)] == ["/api/show", "/api/v0/models"]


def test_many_at_once_ask_once(api: Api, model_server: ModelServer) -> None:
    model_server.own([["sleep", 0.3], ["status", 200, {}, {"capabilities": ["completion"]}]])
    head = {"Content-Type": "application/octet-stream"}
    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(api.call, "POST", "/files?name=moon.png&model=", PNG, head) for _ in range(8)]
    assert [one.result().status for one in asking] == [400] * 8
    assert len(asked_beside(model_server)) == 1


def test_a_server_that_hangs_is_not_waited_for_long(api: Api, model_server: ModelServer) -> None:
    model_server.own([["gate", "never"]])
    asked(api, uploaded(api))
    assert told(model_server)[0]["content"][1] == url("image/png", PNG)


def test_a_model_that_hangs_keeps_no_other_waiting(serve: Serve, model_server: ModelServer, tmp_path: Path) -> None:
    listed = {"data": [{"id": "sees", "capabilities": {"vision": True}}, {"id": "hangs"}]}
    model_server.models([["status", 200, {}, listed]])
    model_server.own([["gate", "never"]])
    api = Api(serve(AI_MODEL="").address)
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(asked, api, uploaded(api), model="hangs")
        model_server.wait(lambda _: asked_beside(model_server))
        asked(api, uploaded(api), model="sees")
        assert not hanging.done()
        hanging.result()


def test_nobody_is_asked_where_there_is_no_image(api: Api, model_server: ModelServer) -> None:
    chat_id = asked(api, uploaded(api, b"high water", "notes.txt"))["chatId"]
    asked(api, prompt="And now?", chatId=chat_id)
    assert asked_beside(model_server) == []


def test_images_of_earlier_questions_go_by_their_names(serve: Serve, model_server: ModelServer, tmp_path: Path) -> None:
    listed = f'base_url = "{model_server.url}"\nmodels = '
    providers = tmp_path / "providers.toml"
    providers.write_text(
        f'[providers.sees]\n{listed}["sees"]\nimages = true\n[providers.blind]\n{listed}["blind"]\nimages = false\n'
    )
    api = Api(serve(OPENAI_BASE_URL="", CHATSTREAM_PROVIDERS=str(providers)).address)
    first = asked(api, uploaded(api, name="moon.png"))
    asked(api, prompt="And now?", chatId=first["chatId"], model="blind")
    assert told(model_server)[0]["content"] == "[moon.png: not sent again]\n\nWhat is this?"
    refused = api.post("/chat", {"prompt": "What is this?", "files": [uploaded(api)], "model": "blind"})
    assert refused.status == 400
    again = {"retry": first["messageId"], "chatId": first["chatId"]}
    assert api.post("/chat", {**again, "model": "blind"}).status == 400
    assert api.post("/chat", {**again, "model": "sees"}).status == 200
    assert told(model_server)[0]["content"][1] == url("image/png", PNG)
    assert asked_beside(model_server) == []
