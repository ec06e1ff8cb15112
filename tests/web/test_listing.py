"""Where chats lie, and how they are found, over HTTP on both stores."""

from typing import Any

import pytest

from chatstream.store.records import now_ms
from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.web.conftest import Serve


@pytest.fixture
def fresh(request: pytest.FixtureRequest, serve: Serve, model_server: ModelServer) -> Api:
    """A server without any chats."""
    return Api(serve(request.param).address)


def begun(api: Api, *prompts: str) -> dict[str, str]:
    """New chats, by what they begin with."""
    return {prompt: api.post("/chat", {"prompt": prompt}).json["chatId"] for prompt in prompts}


def all_of(api: Api, query: str, limit: int) -> list[str]:
    """The titles of the whole list, page by page."""
    found: list[str] = []
    before = ""
    while True:
        page = api.get(f"/chats?limit={limit}&{query}{before}").json
        assert len(page["chats"]) <= limit
        found += [chat["title"] for chat in page["chats"]]
        if page["before"] is None:
            return found
        before = f"&before={page['before']}"


def change(api: Api, chat_id: str, **fields: Any) -> Any:
    return api.call("PATCH", f"/chat/{chat_id}", fields).json


@pytest.mark.parametrize("fresh", ["sqlite", "mongo"], indirect=True)
@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pinned_chats_come_first_and_archived_ones_apart(fresh: Api, limit: int) -> None:
    chats = begun(fresh, *(f"chat {n}" for n in range(8)))
    for n in (1, 4):
        assert change(fresh, chats[f"chat {n}"], pinned=True)["pinned"]
    for n in (2, 5):
        assert change(fresh, chats[f"chat {n}"], archived=True)["archived"]
    assert all_of(fresh, "", limit) == ["chat 4", "chat 1", "chat 7", "chat 6", "chat 3", "chat 0"]
    assert all_of(fresh, "archived=1", limit) == ["chat 5", "chat 2"]
    assert all_of(fresh, "q=chat", limit) == [f"chat {n}" for n in reversed(range(8))]
    for n in (0, 3, 6, 7):
        change(fresh, chats[f"chat {n}"], archived=True)
    assert all_of(fresh, "", limit) == ["chat 4", "chat 1"]


def test_no_chat_is_pinned_and_archived(api: Api) -> None:
    path = f"/chat/{begun(api, 'Either')['Either']}"
    steps = [({"pinned": True}, (True, False)), ({"archived": True}, (False, True)), ({"pinned": True}, (True, False))]
    for fields, expected in [*steps, ({"pinned": False}, (False, False))]:
        chat = api.call("PATCH", path, fields).json
        assert (chat["pinned"], chat["archived"]) == expected
        assert {type(chat["pinned"]), type(chat["archived"])} == {bool}
    assert api.call("PATCH", path, {"pinned": True, "archived": True}).status == 400
    assert api.call("PATCH", path, {"pinned": 1}).status == 400
    assert [api.get(f"/chats?{query}").status for query in ("archived=2", "before=p", "before=px")] == [400] * 3


def test_pinning_and_titles_do_not_move_a_chat_in_time(api: Api) -> None:
    one, other = begun(api, "Stays behind"), begun(api, "Is the newest")
    before = api.get("/chats?q=stays+behind").json["chats"][0]["updatedAt"]
    change(api, one["Stays behind"], pinned=True)
    change(api, one["Stays behind"], pinned=False, title="Stays behind still")
    listed = api.get("/chats").json["chats"]
    assert [chat["_id"] for chat in listed[:2]] == [other["Is the newest"], one["Stays behind"]]
    assert listed[1]["updatedAt"] == before


def test_a_search_shows_where_the_words_stand(api: Api, model_server: ModelServer) -> None:
    model_server.script(answer("It clings to <b>rock</b> & sand, as the limpet does everywhere."))
    chat_id = begun(api, "Tell me of the Limpet")["Tell me of the Limpet"]
    change(api, chat_id, archived=True, title="Shells: the LIMPET")
    (chat,) = api.get("/chats?q=limpet+rock").json["chats"]
    assert (chat["_id"], chat["archived"]) == (chat_id, True)
    found = chat["found"]
    assert found["title"] == [{"text": "Shells: the ", "found": False}, {"text": "LIMPET", "found": True}]
    snippet = "".join(f"[{piece['text']}]" if piece["found"] else piece["text"] for piece in found["snippet"])
    assert snippet in ("Tell me of the [Limpet]", "It clings to <b>[rock]</b> & sand, as the [limpet] does everywhere.")
    assert "found" not in api.get("/chats?archived=1").json["chats"][0]
    page = api.get("/?q=limpet+rock").body.decode()
    assert "Shells: the <mark>LIMPET</mark>" in page
    assert "<b>rock" not in page
    assert "Archived</span>" in page


def test_words_of_a_search_are_never_a_pattern(api: Api) -> None:
    begun(api, "a+b (c) [d] \\w")
    for words in ("a%2Bb", "(c)", "[d]", "%5Cw", ".*", "(", "%00", "\u0308".encode().hex("%").join(["%", ""])):
        assert api.get(f"/chats?q={words}").status == 200
        assert api.get(f"/?q={words}").status == 200


def test_days_are_the_readers(server: ChatStream, api: Api) -> None:
    begun(api, "Of today")
    for zone in (
        "Pacific/Kiritimati",
        "Europe/Berlin",
        "",
        "Nowhere/Land",
        "Europe",
        "../../etc/passwd",
        '"',
        "x" * 999,
    ):
        page = api.get("/", {"Cookie": f"timezone={zone}"})
        assert page.status == 200
        assert '<h2 class="chat-day">Today</h2>' in page.body.decode()


def test_half_a_day_ago_is_today_in_one_half_of_the_world(api: Api) -> None:
    then = now_ms() - 12 * 3_600_000
    messages = [{"id": "a", "role": "user", "content": "x"}]
    chat = {"format": "chatstream/1", "title": "Half a day ago", "updatedAt": then, "messages": messages}
    api.post("/chats/import", chat)
    groups = set()
    for zone in ("UTC", "Etc/GMT+12"):
        before = api.get("/", {"Cookie": f"timezone={zone}"}).body.decode().split("Half a day ago")[0]
        groups.add(before.rsplit('class="chat-day">', 1)[1].split("<")[0])
    assert groups == {"Today", "Yesterday"}
