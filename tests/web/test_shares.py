"""A chat's read-only page: who has the link reads it, live, and learns nothing else."""

import http.client

import pytest

from tests.api import Api, text_of
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer

GATED = [["text", "The tide "], ["gate", "more"], *answer("comes in twice.")]


def shared(api: Api, prompt: str = "Why?") -> tuple[dict[str, str], str]:
    """A chat's ids, and the path of its page."""
    ids, _ = api.answer(prompt)
    return ids, api.post(f"/chat/{ids['chatId']}/share").json["path"]


def test_a_chat_has_one_link_until_it_is_revoked(api: Api) -> None:
    ids, path = shared(api)
    chat = f"/chat/{ids['chatId']}"
    assert api.post(f"{chat}/share").json == {"token": path[3:], "path": path}
    assert api.get(chat).json["share"] == path[3:]
    assert len(path) > 30
    assert api.get(path).status == 200
    for _ in range(2):
        assert api.call("DELETE", f"{chat}/share").status == 204
    gone = api.get(path, {"Accept": "text/html"})
    assert gone.status == 404
    assert "not shared any more" in gone.body.decode()
    again = api.post(f"{chat}/share").json["path"]
    assert again != path
    api.call("DELETE", chat)
    assert api.get(again).status == 404
    assert api.post(f"{chat}/share").status == 404


def test_the_page_is_for_reading_and_names_nothing_else(api: Api, model_server: ModelServer) -> None:
    api.post("/chat", {"prompt": "A secret of mine"})
    model_server.script([*answer("Stopped early")[:-4], ["finish", "length"], ["done"], ["end"]])
    ids, path = shared(api, "Read me <b>")
    page = api.get(path)
    text = page.body.decode()
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert (page.headers["Referrer-Policy"], page.headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert "Read me &lt;b&gt;" in text
    assert "Stopped early" in text
    assert "Cut at the length limit." in text
    assert not [value for value in ids.values() if value in text]
    for absent in ("A secret of mine", "<form", 'name="retry"', "/c/", "chat-list", "/runs/", "prompt"):
        assert absent not in text, absent


def test_only_the_shown_branch_is_shown(api: Api, model_server: ModelServer) -> None:
    model_server.script(answer("The first one"))
    ids, path = shared(api)
    model_server.script(answer("The second one"))
    api.post("/chat", {"chatId": ids["chatId"], "retry": ids["messageId"]})
    text = api.get(path).body.decode()
    assert ("The first one" in text, "The second one" in text) == (False, True)


def running(api: Api, path: str) -> str:
    """The address of the events of the answer that the page shows as running."""
    text = api.get(path).body.decode()
    name = text.split('data-state="running"')[0].rsplit('data-id="', 1)[1].split('"')[0]
    return f"{path}/events/{name}"


def test_an_answer_is_followed_live_under_the_links_own_names(api: Api, model_server: ModelServer) -> None:
    ids, path = shared(api)
    model_server.script(GATED)
    asked = api.ask("And now?", chatId=ids["chatId"])
    next(asked.frames())
    streamed = api.open("GET", running(api, path))
    frames = streamed.frames()
    assert next(frames) == (1, {})
    assert next(frames)[1] == {"text": "The tide "}
    model_server.release("more")
    rest = list(frames)
    assert (text_of(rest), rest[-1][1]["state"]) == ("comes in twice.", "complete")
    assert "chatId" not in rest[-1][1]
    assert not {"X-Run-Id", "X-Chat-Id"} & set(streamed.headers)
    address = f"{streamed_path(api, path)}?after="
    assert api.get(f"{address}{rest[-1][0]}").status == 204
    assert api.get(f"{address}nonsense").status == 400
    assert text_of(list(api.open("GET", f"{address}2").frames())) == "comes in twice."


def streamed_path(api: Api, path: str) -> str:
    """The address of the last answer's events."""
    text = api.get(path).body.decode().split("<template")[0]
    return f"{path}/events/{text.rsplit('data-id=', 1)[1][1:17]}"


def test_other_names_and_links_lead_nowhere(api: Api) -> None:
    ids, path = shared(api)
    _, other = shared(api, "Another")
    own = streamed_path(api, path).rsplit("/", 1)[1]
    for wrong in (
        f"{other}/events/{own}",
        f"{path}/events/{ids['messageId']}",
        f"{path}/events/{ids['runId']}",
        "/s/x",
    ):
        assert api.get(wrong).status == 404, wrong
    for method in ("POST", "PATCH", "DELETE"):
        assert api.call(method, path).status == 405
    assert api.call("HEAD", f"{path}/events/{own}").status == 405


def test_revoking_ends_what_is_being_followed(api: Api, model_server: ModelServer) -> None:
    ids, path = shared(api)
    dripping = [["text", "drip "], ["sleep", 0.2]] * 200
    model_server.script([*dripping, *answer("end")])
    asked = api.ask("Drip", chatId=ids["chatId"])
    next(asked.frames())
    streamed = api.open("GET", running(api, path))
    api.call("DELETE", f"/chat/{ids['chatId']}/share")
    with pytest.raises(http.client.IncompleteRead):
        list(streamed.frames())
    api.post(f"/runs/{ids['runId']}/stop")
    api.call("DELETE", f"/chat/{ids['chatId']}")


def test_revoking_ends_the_page_that_streams(api: Api, model_server: ModelServer) -> None:
    ids, path = shared(api)
    model_server.script([*[["text", "drip "], ["sleep", 0.2]] * 200, *answer("end")])
    asked = api.ask("Drip", chatId=ids["chatId"])
    next(asked.frames())
    streamed = api.open("GET", f"{path}?live=1")
    assert streamed._response.read1()
    api.call("DELETE", f"/chat/{ids['chatId']}/share")
    with pytest.raises(http.client.IncompleteRead):
        streamed.text()
    api.post(f"/runs/{ids['runId']}/stop")
    api.call("DELETE", f"/chat/{ids['chatId']}")


def test_without_javascript_the_answer_streams_into_the_page(
    server: ChatStream, api: Api, model_server: ModelServer
) -> None:
    ids, path = shared(api)
    model_server.script(GATED)
    asked = api.ask("And now?", chatId=ids["chatId"])
    next(asked.frames())
    assert f'<a href="{path}?live=1#latest">Read on</a>' in api.get(path).body.decode()
    streamed = api.open("GET", f"{path}?live=1")
    read = b""
    while b"The tide " not in read:
        read += streamed._response.read1()
    assert streamed.headers["X-Robots-Tag"] == "noindex, nofollow"
    model_server.release("more")
    assert b"comes in twice." in streamed.text()
    assert ids["chatId"].encode() not in read


def test_forms_do_the_same_without_javascript(api: Api) -> None:
    ids, _ = api.answer("By form")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    path = f"/c/{ids['chatId']}"
    for body, field, value in ((b"pinned=1", "pinned", True), (b"archived=1", "archived", True)):
        assert api.call("POST", f"{path}/keep", body, form).status == 303
        assert api.get(f"/chat/{ids['chatId']}").json[field] is value
    assert api.call("POST", f"{path}/share", b"shared=1", form).status == 303
    token = api.get(f"/chat/{ids['chatId']}").json["share"]
    assert f"/s/{token}" in api.get(path).body.decode()
    api.call("POST", f"{path}/share", b"shared=0", form)
    assert api.get(f"/chat/{ids['chatId']}").json["share"] is None
    from_elsewhere = {**form, "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert api.call("POST", f"{path}/share", b"shared=1", from_elsewhere).status == 403
