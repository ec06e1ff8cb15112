"""Section 1 of docs/api.md, over HTTP, on both stores, against a model server in its own process."""

import json
import threading
from typing import Any

import pytest

from tests.api import Api, Frame, text_of
from tests.servers.model_server import ModelServer, answer

HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}


def test_a_streamed_answer_is_numbered_frames_from_the_ids_to_the_state(api: Api, model_server: ModelServer) -> None:
    model_server.script(answer("Grüße 😀 from\u2028here"))
    streamed = api.ask("Hello")
    frames = list(streamed.frames())
    ids, end = frames[0][1], frames[-1][1]
    assert streamed.status == 200
    assert {name: streamed.headers[name] for name in HEADERS} == HEADERS
    assert (streamed.headers["X-Run-Id"], streamed.headers["X-Chat-Id"]) == (ids["runId"], ids["chatId"])
    assert [number for number, _ in frames] == list(range(1, len(frames) + 1))
    assert text_of(frames) == "Grüße 😀 from\u2028here"
    assert (end["chatId"], end["state"]) == (ids["chatId"], "complete")
    assert end["usage"] == {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    assert end["timings"]["totalMs"] >= end["timings"]["firstTokenMs"] >= 0
    assert "error" not in end


def test_a_whole_answer_is_json(api: Api) -> None:
    reply = api.post("/chat", {"prompt": "Hello"})
    assert reply.status == 200
    assert (reply.json["completion"], reply.json["state"]) == ("Hello world", "complete")
    assert set(reply.json) == {"completion", "chatId", "messageId", "runId", "state", "usage", "timings"}


def test_an_empty_answer_reads_so(api: Api, model_server: ModelServer) -> None:
    model_server.script([["finish", "stop"], ["done"], ["end"]])
    assert api.post("/chat", {"prompt": "Hello"}).json["completion"] == "No completion generated"


def test_what_was_asked_and_answered_is_found_again(api: Api, model_server: ModelServer) -> None:
    model_server.script([["reasoning", "hm"], *answer("Hi there")])
    ids, _ = api.answer("  What\n is this? ")
    chat = api.get(f"/chat/{ids['chatId']}").json
    question, reply = chat["history"]
    assert (chat["_id"], chat["title"], chat["leafId"]) == (ids["chatId"], "What is this?", ids["messageId"])
    assert (question["role"], question["content"], question["parentId"]) == ("user", "  What\n is this? ", None)
    assert (reply["_id"], reply["parentId"], reply["runId"]) == (ids["messageId"], question["_id"], ids["runId"])
    assert (reply["role"], reply["content"], reply["reasoning"], reply["state"]) == (
        "assistant",
        "Hi there",
        "hm",
        "complete",
    )


def test_the_model_is_asked_once_streaming_with_the_branch_and_the_parameters(
    api: Api, model_server: ModelServer
) -> None:
    ids, _ = api.answer("One")
    sampling = {"temperature": 0.25, "top_p": 0.5, "frequency_penalty": -1, "presence_penalty": 0.5, "seed": 0}
    params = {**sampling, "max_tokens": 7, "stop": ["\n\n", "END"], "reasoning_effort": "low"}
    api.answer("Two", chatId=ids["chatId"], system="Be brief.", **params)
    request = model_server.requests()[1]
    assert request["body"] == {
        "model": "test-model",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "One"},
            {"role": "assistant", "content": "Hello world"},
            {"role": "user", "content": "Two"},
        ],
        **params,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert len(model_server.requests()) == 2
    assert "x-conversation-id" not in {name.lower() for name in request["headers"]}


def test_a_branch_begins_at_any_message_and_overwrites_nothing(api: Api, model_server: ModelServer) -> None:
    first, _ = api.answer("One")
    api.answer("Two", chatId=first["chatId"])
    branched, _ = api.answer("Three", chatId=first["chatId"], parentId=first["messageId"])
    asked = [m["content"] for m in model_server.requests()[2]["body"]["messages"]]
    assert asked == ["One", "Hello world", "Three"]
    chat = api.get(f"/chat/{first['chatId']}").json
    assert chat["leafId"] == branched["messageId"]
    assert [m["content"] for m in chat["history"] if m["role"] == "user"] == ["One", "Two", "Three"]


def test_retry_writes_another_answer_to_the_same_question(api: Api, model_server: ModelServer) -> None:
    model_server.script([["status", 500, {}, {"error": {"message": "out of memory"}}]])
    failed = api.post("/chat", {"prompt": "One", "stream": True})
    assert failed.status == 502
    frames = list(
        api.open(
            "POST", "/chat", {"retry": failed.json["messageId"], "chatId": failed.json["chatId"], "stream": True}
        ).frames()
    )
    assert text_of(frames) == "Hello world"
    question, first, second = api.history(failed.json["chatId"])
    assert (first["parentId"], second["parentId"]) == (question["_id"], question["_id"])
    assert (first["state"], second["state"]) == ("upstream_error", "complete")
    assert model_server.requests()[1]["body"]["messages"] == [{"role": "user", "content": "One"}]


def continued(api: Api, failed: dict[str, Any]) -> list[Frame]:
    body = {"continue": failed["messageId"], "chatId": failed["chatId"], "stream": True}
    return list(api.open("POST", "/chat", body).frames())


def test_continue_goes_on_from_the_kept_text_in_an_answer_of_its_own(api: Api, model_server: ModelServer) -> None:
    model_server.script([["reasoning", "hm"], ["text", "Hel"], ["text", "lo"], ["sleep", 0.05], ["rst"]])
    broken = api.post("/chat", {"prompt": "One", "system": "Be kind."}).json
    assert broken["message"] == "The connection to the model server broke after 3 tokens."
    model_server.script(answer(" world"))
    frames = continued(api, broken)
    assert [list(value) for _, value in frames[:3]] == [["runId", "chatId", "messageId"], ["reasoning"], ["text"]]
    assert (text_of(frames), frames[-1][1]["state"]) == ("Hello world", "complete")
    question, first, second = api.history(broken["chatId"])
    assert (first["content"], first["state"]) == ("Hello", "upstream_error")
    assert (second["content"], second["reasoning"], second["state"]) == ("Hello world", "hm", "complete")
    assert (second["_id"], second["parentId"]) == (frames[0][1]["messageId"], question["_id"])
    assert api.get(f"/chat/{broken['chatId']}").json["leafId"] == second["_id"]
    asked = [(m["role"], m["content"]) for m in model_server.requests()[1]["body"]["messages"]]
    assert asked[:3] == [("system", "Be kind."), ("user", "One"), ("assistant", "Hello")]
    assert (asked[3][0], asked[3][1].startswith("Continue exactly where")) == ("user", True)
    run = frames[0][1]["runId"]
    for after in range(len(frames)):
        assert list(api.open("GET", f"/runs/{run}/events?after={after}").frames()) == frames[after:]


def test_what_was_continued_and_failed_again_keeps_all_of_it(api: Api, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["finish", "length"], ["done"], ["end"]])
    first = api.post("/chat", {"prompt": "One"}).json
    model_server.script([["status", 500, {}, {"error": {"message": "out of memory"}}]])
    body = {"continue": first["messageId"], "chatId": first["chatId"], "stream": True}
    refused = api.post("/chat", body)
    assert (refused.status, refused.json["completion"]) == (502, "Hel")
    model_server.script([["text", "lo"], ["finish", "stop"], ["done"], ["end"]])
    assert text_of(continued(api, refused.json)) == "Hello"
    assert [m["content"] for m in api.history(first["chatId"])] == ["One", "Hel", "Hel", "Hello"]


def test_only_an_answer_that_ended_early_is_continued(api: Api, model_server: ModelServer) -> None:
    ids, _ = api.answer("One")
    whole = api.post("/chat", {"continue": ids["messageId"], "chatId": ids["chatId"]})
    assert (whole.status, whole.json["message"]) == (400, "This answer is finished. Use retry for another one.")
    model_server.script([["rst"]])
    empty = api.post("/chat", {"prompt": "One"}).json
    reply = api.post("/chat", {"continue": empty["messageId"], "chatId": empty["chatId"]})
    assert (reply.status, "no text" in reply.json["message"]) == (400, True)
    model_server.script([["text", "Hel"], ["gate", "on"], ["finish", "stop"], ["end"]])
    running = api.ask("One").frames()
    ids = next(running)[1]
    reply = api.post("/chat", {"continue": ids["messageId"], "chatId": ids["chatId"]})
    assert (reply.status, reply.json["code"]) == (409, "conflict")
    model_server.release("on")
    list(running)


def test_chats_are_listed_searched_renamed_and_deleted(api: Api, model_server: ModelServer) -> None:
    model_server.default(answer("Something on xylophones"))
    ids = [api.answer(f"Question number {n}")[0]["chatId"] for n in range(3)]
    listed = api.get("/chats?limit=2").json
    assert [chat["_id"] for chat in listed["chats"]] == [ids[2], ids[1]]
    assert set(listed["chats"][0]) == {"_id", "title", "updatedAt", "pinned", "archived"}
    more = api.get(f"/chats?limit=2&before={listed['before']}").json["chats"]
    assert ids[0] in [chat["_id"] for chat in more]
    renamed = api.call("PATCH", f"/chat/{ids[0]}", {"title": " A  new name "})
    assert (renamed.status, renamed.json["title"]) == (200, "A new name")
    assert ids[0] in [chat["_id"] for chat in api.get("/chats?q=XYLOPHONES").json["chats"]]
    assert [chat["_id"] for chat in api.get("/chats?q=new+name").json["chats"]] == [ids[0]]
    for _ in range(2):
        assert api.call("DELETE", f"/chat/{ids[0]}").status == 204
    assert api.get(f"/chat/{ids[0]}").status == 404
    assert api.get("/chats?q=new+name").json["chats"] == []


def test_deleting_a_chat_stops_its_running_answer(api: Api, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["gate", "never"]])
    streamed = api.ask("Hello")
    frames = streamed.frames()
    ids = next(frames)[1]
    next(frames)
    assert api.call("DELETE", f"/chat/{ids['chatId']}").status == 204
    assert model_server.wait_ended()[0]["ended"] in ("client_closed", "client_reset")
    assert api.get(f"/chat/{ids['chatId']}").status == 404
    assert api.get(f"/runs/{ids['runId']}").status == 404


def test_export_and_import_carry_the_whole_tree(api: Api) -> None:
    ids, _ = api.answer("One 😀")
    api.answer("Two", chatId=ids["chatId"])
    api.answer("Three", chatId=ids["chatId"], parentId=ids["messageId"])
    exported = api.get(f"/chat/{ids['chatId']}/export?format=json")
    assert "attachment" in exported.headers["Content-Disposition"]
    imported = api.post("/chats/import", exported.body)
    assert (imported.status, imported.json["failed"]) == (201, [])
    before, after = api.history(ids["chatId"]), api.history(imported.json["chats"][0]["_id"])

    def shape(messages: list[dict[str, object]]) -> list[object]:
        places = {m["_id"]: n for n, m in enumerate(messages)}
        return [
            (places.get(m["parentId"]), m["role"], m["content"], m["state"], m["usage"], m["createdAt"])
            for m in messages
        ]

    assert shape(after) == shape(before)
    assert not {m["_id"] for m in before} & {m["_id"] for m in after}
    text = api.get(f"/chat/{ids['chatId']}/export?format=markdown").body.decode()
    assert text.startswith("# One 😀\n")
    assert [
        text.count(word) for word in ("## You\n\nOne 😀", "Two", "## You\n\nThree", "## test-model\n\nHello world")
    ] == [
        1,
        0,
        1,
        2,
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"format": "other/9"}, "format"),
        ({"title": ""}, "title"),
        ({"title": " "}, "title"),
        ({"createdAt": 253402300800000}, "createdAt"),
        ({"messages": [{"id": "a", "role": "user", "content": "a\0b"}]}, "NUL"),
        ({"messages": 5}, "messages"),
        ({"messages": [{"id": "a", "role": "user", "content": "x"}] * 2}, "same id"),
        ({"messages": [{"id": "a", "parentId": "b", "role": "user", "content": "x"}]}, "parentId"),
        ({"messages": [{"id": "a", "role": "robot", "content": "x"}]}, "robot"),
        ({"messages": [{"id": "a", "role": "user", "content": "x", "usage": {"n": 2**64}}]}, "usage"),
        ({"messages": [{"id": "a", "role": "user", "content": "x", "error": {"a\0b": "c"}}]}, "error"),
    ],
)
def test_an_import_that_is_none_is_refused_with_the_place(api: Api, change: dict[str, object], expected: str) -> None:
    body = {"format": "chatstream/1", "title": "Imported", "messages": [], **change}
    before = api.get("/chats").json
    reply = api.post("/chats/import", body)
    assert reply.status == 400
    assert expected in reply.json["message"]
    assert api.get("/chats").json == before


def test_a_question_is_in_the_store_before_the_model_is_asked(api: Api, model_server: ModelServer) -> None:
    model_server.script([["gate", "later"], *answer("late")])
    streamed = api.ask("Are you there?")
    model_server.wait(len)
    chat = api.get("/chats?limit=1").json["chats"][0]
    assert [m["content"] for m in api.history(chat["_id"])] == ["Are you there?", ""]
    model_server.release("later")
    assert text_of(list(streamed.frames())) == "late"


def test_tool_calls_come_as_frames_by_index(api: Api, model_server: ModelServer) -> None:
    pieces = [
        {"index": 0, "id": "c1", "type": "function", "function": {"name": "clock", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"zone":'}},
        {"index": 0, "function": {"arguments": '"UTC"}'}},
    ]
    model_server.script(
        [*(["delta", {"tool_calls": [p]}] for p in pieces), ["finish", "tool_calls"], ["done"], ["end"]]
    )
    ids, frames = api.answer("What time is it?")
    calls = [value["toolCall"] for _, value in frames if "toolCall" in value]
    assert {(call["index"], call["id"], call["name"]) for call in calls} == {(0, "c1", "clock")}
    assert json.loads("".join(call["arguments"] for call in calls)) == {"zone": "UTC"}
    assert frames[-1][1]["state"] == "complete"
    kept = api.history(ids["chatId"])[1]["toolCalls"]
    assert kept == [{"id": "c1", "name": "clock", "arguments": '{"zone":"UTC"}'}]


def test_questions_of_the_same_moment_follow_each_other(api: Api, model_server: ModelServer) -> None:
    ids, _ = api.answer("First")
    prompts = [f"Question {n}" for n in range(5)]
    asking = [threading.Thread(target=lambda p=p: api.answer(p, chatId=ids["chatId"])) for p in prompts]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    chat = api.get(f"/chat/{ids['chatId']}").json
    by_id = {message["_id"]: message for message in chat["history"]}
    shown, at = [], by_id.get(chat["leafId"])
    while at:
        shown.append(at["content"])
        at = by_id.get(at["parentId"])
    assert sorted(shown[1::2]) == ["First", *prompts]


WRONG: list[dict[str, Any]] = [
    *({"stop": stop} for stop in ("", "a\0", [], [""], ["a"] * 5, ["x" * 101], ["a\0"], [1])),
    *({"frequency_penalty": 2.5}, {"presence_penalty": -3}, {"seed": 1 << 53}, {"seed": 0.5}),
    {"reasoning_effort": "very"},
]


def test_what_is_chosen_of_the_model_is_kept_by_the_chat(api: Api) -> None:
    path = f"/chat/{api.answer('Hello')[0]['chatId']}"
    assert api.get(path).json["params"] == {}
    chosen = {"model": "test-model", "temperature": 0, "top_p": 0.5, "max_tokens": 7, "stop": ["a", "b"], "seed": -1}
    assert api.call("PATCH", path, {"params": chosen}).json["params"] == chosen
    assert api.call("PATCH", path, {"title": "Else"}).json["params"] == chosen
    assert api.call("PATCH", path, {"params": {"temperature": 1, "model": None}}).json["params"] == {"temperature": 1}
    for wrong in ({"temperature": 3}, {"model": "a\0b"}, {"top_p": 0}, {"max_tokens": "7"}, [], *WRONG):
        assert api.call("PATCH", path, {"params": wrong}).status == 400
    assert api.get(path).json["params"] == {"temperature": 1}
    assert api.call("PATCH", path, {"params": {"stop": "\n\n"}}).json["params"] == {"stop": ["\n\n"]}
    assert api.call("PATCH", path, {"params": {}}).json["params"] == {}
