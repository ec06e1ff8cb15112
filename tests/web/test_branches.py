"""The branches of a chat over HTTP: shown, made chats of, deleted; and what a chat keeps for its answers."""

from typing import Any

from tests.api import Api, Reply
from tests.servers.model_server import ModelServer, answer

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LOST = "0" * 24


def asked(api: Api, prompt: str, **fields: Any) -> dict[str, Any]:
    return api.answer(prompt, **fields)[0]


def tree(api: Api) -> tuple[str, list[str]]:
    """A chat of two questions and, beside the first answer, another one; the ids of its five messages."""
    chat_id = asked(api, "One periwinkle")["chatId"]
    asked(api, "Two limpets", chatId=chat_id)
    first = api.history(chat_id)[1]["_id"]
    list(api.open("POST", "/chat", {"retry": first, "chatId": chat_id, "stream": True}).frames())
    return chat_id, [message["_id"] for message in api.history(chat_id)]


def test_the_branch_that_is_shown_is_chosen_by_any_message_of_it(api: Api, model_server: ModelServer) -> None:
    chat_id, ids = tree(api)
    path = f"/chat/{chat_id}"
    assert api.get(path).json["leafId"] == ids[4]
    for message, leaf in ((ids[1], ids[3]), (ids[4], ids[4]), (ids[2], ids[3]), (ids[0], ids[4])):
        assert api.call("PATCH", path, {"leafId": message}).json["leafId"] == leaf
        assert api.get(path).json["leafId"] == leaf
    assert [message["_id"] for message in api.history(chat_id)] == ids
    assert api.call("PATCH", path, {"leafId": LOST}).status == 404
    api.call("PATCH", path, {"leafId": ids[1]})
    asked(api, "Three", chatId=chat_id)
    said = [m["content"] for m in model_server.requests()[-1]["body"]["messages"]]
    assert said == ["One periwinkle", "Hello world", "Two limpets", "Hello world", "Three"]


def test_one_message_is_read_alone(api: Api) -> None:
    chat_id, ids = tree(api)
    assert api.get(f"/chat/{chat_id}/messages/{ids[1]}").json == api.history(chat_id)[1]
    assert api.get(f"/chat/{chat_id}/messages/{LOST}").status == 404


def test_a_branch_becomes_a_chat_with_copies_of_its_own(api: Api) -> None:
    chat_id, ids = tree(api)
    api.call("PATCH", f"/chat/{chat_id}", {"system": "Be brief.", "params": {"top_p": 0.5}})
    made = api.post(f"/chat/{chat_id}/branch", {"messageId": ids[1]})
    assert (made.status, made.json["title"]) == (201, "Branch of One periwinkle")
    chat = api.get(f"/chat/{made.json['_id']}").json
    assert [m["content"] for m in chat["history"]] == ["One periwinkle", "Hello world"]
    assert (chat["system"], chat["params"], chat["leafId"]) == ("Be brief.", {"top_p": 0.5}, chat["history"][1]["_id"])
    assert not {m["_id"] for m in chat["history"]} & set(ids)
    assert [m["runId"] for m in chat["history"]] == [None, None]
    asked(api, "Only here", chatId=chat["_id"])
    assert (len(api.history(chat_id)), len(api.history(chat["_id"]))) == (5, 4)
    assert api.post(f"/chat/{chat_id}/branch", {"messageId": LOST}).status == 404


def test_a_running_answer_is_no_branch_yet(api: Api, model_server: ModelServer) -> None:
    model_server.script([["text", "The tide"], ["gate", "more"], *answer("")])
    running = api.ask("One")
    ids = next(running.frames())[1]
    assert api.post(f"/chat/{ids['chatId']}/branch", {"messageId": ids["messageId"]}).status == 409
    model_server.release("more")
    running.close()


def test_deleting_a_message_takes_all_below_it_and_nothing_else(api: Api) -> None:
    chat_id, ids = tree(api)
    api.call("PATCH", f"/chat/{chat_id}", {"leafId": ids[1]})
    run = api.history(chat_id)[3]["runId"]
    for _ in range(2):  # it is gone already
        assert api.call("DELETE", f"/chat/{chat_id}/messages/{ids[1]}").status == 204
        assert [message["_id"] for message in api.history(chat_id)] == [ids[0], ids[4]]
    assert api.get(f"/chat/{chat_id}").json["leafId"] == ids[4]
    assert api.get(f"/runs/{run}").status == 404
    found = {word: [c["_id"] for c in api.get(f"/chats?q={word}").json["chats"]] for word in ("periwinkle", "limpets")}
    assert chat_id in found["periwinkle"]
    assert chat_id not in found["limpets"]
    api.call("DELETE", f"/chat/{chat_id}/messages/{ids[4]}")
    assert api.get(f"/chat/{chat_id}").json["leafId"] == ids[0]
    api.call("DELETE", f"/chat/{chat_id}/messages/{ids[0]}")
    assert (api.get(f"/chat/{chat_id}").json["leafId"], api.history(chat_id)) == (None, [])
    asked(api, "Begun again", chatId=chat_id)
    assert [m["content"] for m in api.history(chat_id)] == ["Begun again", "Hello world"]


def test_deleting_beside_what_is_shown_moves_nothing(api: Api) -> None:
    chat_id, ids = tree(api)
    api.call("DELETE", f"/chat/{chat_id}/messages/{ids[1]}")
    assert api.get(f"/chat/{chat_id}").json["leafId"] == ids[4]


def test_deleting_stops_the_answer_that_is_being_written_there(api: Api, model_server: ModelServer) -> None:
    model_server.script([["text", "The tide"], ["gate", "never"]])
    running = api.ask("One").frames()
    ids = next(running)[1]
    question = api.history(ids["chatId"])[0]["_id"]
    assert api.call("DELETE", f"/chat/{ids['chatId']}/messages/{question}").status == 204
    assert api.history(ids["chatId"]) == []
    assert list(running)[-1][1]["state"] == "stopped"


def test_without_javascript_forms_do_the_same(api: Api) -> None:
    chat_id, ids = tree(api)
    page = api.get(f"/c/{chat_id}").body.decode()
    assert "2/2" in page
    assert f'value="{ids[1]}" formaction="/c/{chat_id}/show"' in page
    shown = api.call("POST", f"/c/{chat_id}/show", f"leafId={ids[1]}".encode(), FORM)
    assert (shown.status, shown.headers["Location"]) == (303, f"/c/{chat_id}#m-{ids[1]}")
    page = api.get(f"/c/{chat_id}").body.decode()
    assert "1/2" in page
    assert "Two limpets" in page
    forked = api.call("POST", f"/c/{chat_id}/branch", f"messageId={ids[1]}".encode(), FORM)
    assert len(api.history(forked.headers["Location"].removeprefix("/c/").removesuffix("#latest"))) == 2
    assert api.call("POST", f"/c/{chat_id}/prune", f"messageId={ids[0]}".encode(), FORM).status == 303
    assert api.history(chat_id) == []


def test_what_a_chat_keeps_is_asked_with_unless_the_request_says_otherwise(api: Api, model_server: ModelServer) -> None:
    kept = {"model": "test-model", "temperature": 0.25, "top_p": 0.5, "max_tokens": 7}
    ids = asked(api, "One", params=kept)
    asked(api, "Two", chatId=ids["chatId"], temperature=1, max_tokens=9)
    asked(api, "Three", chatId=ids["chatId"], params={"top_p": 0.75})
    names = ("model", "temperature", "top_p", "max_tokens")
    sent = [[entry["body"].get(name) for name in names] for entry in model_server.requests()]
    assert sent[0] == ["test-model", 0.25, 0.5, 7]
    assert sent[1] == ["test-model", 1, 0.5, 9]
    assert sent[2] == ["test-model", None, 0.75, None]
    assert api.get(f"/chat/{ids['chatId']}").json["params"] == {"top_p": 0.75}
    assert api.post("/chat", {"prompt": "x", "params": {"temperature": 5}}).status == 400


def rewritten(api: Api, chat_id: str, message_id: str, content: object) -> Reply:
    return api.post(f"/chat/{chat_id}/messages/{message_id}/rewrite", {"content": content})


def test_an_answer_that_somebody_wrote_stands_beside_the_old_and_is_told_to_the_model(
    api: Api, model_server: ModelServer
) -> None:
    ids = asked(api, "One")
    made = rewritten(api, ids["chatId"], ids["messageId"], "  By **hand**\n")
    assert made.status == 201
    chat = api.get(f"/chat/{ids['chatId']}").json
    question, old, new = chat["history"]
    assert (old["content"], new) == ("Hello world", made.json)
    assert (new["content"], new["state"], new["model"]) == ("  By **hand**\n", "complete", None)
    assert (chat["leafId"], new["parentId"]) == (new["_id"], question["_id"])
    asked(api, "Two", chatId=ids["chatId"])
    told = [message["content"] for message in model_server.requests()[-1]["body"]["messages"]]
    assert told == ["One", "  By **hand**\n", "Two"]
    assert ids["chatId"] in [c["_id"] for c in api.get("/chats?q=hand").json["chats"]]
    api.call("PATCH", f"/chat/{ids['chatId']}", {"leafId": ids["messageId"]})
    again = rewritten(api, ids["chatId"], ids["messageId"], "  By **hand**\n")
    assert (again.status, again.json) == (201, made.json)  # its reply was lost, and it is sent again
    chat = api.get(f"/chat/{ids['chatId']}").json
    assert (len(chat["history"]), chat["history"][-1]["_id"]) == (5, chat["leafId"])
    assert rewritten(api, ids["chatId"], ids["messageId"], "Hello world").json["_id"] == ids["messageId"]


def test_what_cannot_be_rewritten_changes_nothing(api: Api, model_server: ModelServer) -> None:
    ids = asked(api, "One")
    question = api.history(ids["chatId"])[0]["_id"]
    for content in ("", " \n", "a\0", "x" * 1_000_001, 5, None):
        assert rewritten(api, ids["chatId"], ids["messageId"], content).status == 400
    assert rewritten(api, ids["chatId"], question, "Else").status == 400
    assert rewritten(api, ids["chatId"], "0" * 24, "Else").status == 404
    assert rewritten(api, "0" * 24, ids["messageId"], "Else").status == 404
    model_server.script([["text", "The tide"], ["gate", "more"], *answer("")])
    running = api.ask("Two", chatId=ids["chatId"])
    begun = next(running.frames())[1]
    assert rewritten(api, ids["chatId"], begun["messageId"], "Else").status == 409
    model_server.release("more")
    running.close()
    assert len(api.history(ids["chatId"])) == 4
