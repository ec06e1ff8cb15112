"""`/api/ui/chat`: where a question belongs, told by the conversation as its front end has it.

tests/clients drives it with the front end's own library.
"""

from typing import Any
from urllib.parse import quote

import pytest

from chatstream.store.records import new_id
from tests.api import Api
from tests.servers.model_server import ModelServer, answer
from tests.web.formats import ID, values

Sent = dict[str, Any]
HELD = [["text", "Hel"], ["gate", "go on"], ["text", "lo"], ["finish", "stop"], ["done"], ["end"]]


def said(text: str, role: str = "user", name: str | None = None) -> Sent:
    return {"id": name or f"client-{text}", "role": role, "parts": [{"type": "text", "text": text}]}


def test_the_same_words_without_ids_are_another_question(api: Api, model_server: ModelServer) -> None:
    message = {"role": "user", "parts": [{"type": "text", "text": "Go on"}]}
    name = f"ui {new_id()}"
    for _ in range(2):
        assert api.post("/api/ui/chat", {"id": name, "messages": [message]}).status == 200
    assert len(model_server.requests()) == 2


class FrontEnd:
    """The list of messages that a front end keeps, and what it sends."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.id = f"ui {new_id()}"
        self.messages: list[Sent] = []

    def body(self, **more: Any) -> Sent:
        return {"id": self.id, "messages": self.messages, "trigger": "submit-message", **more}

    def send(self, **more: Any) -> list[Sent]:
        reply = self.api.post("/api/ui/chat", self.body(**more))
        assert reply.status == 200, reply.body
        return values(reply.body)

    def ask(self, text: str, **more: Any) -> str:
        """Returns the answer's id, and keeps the answer as front ends do, under that id."""
        self.messages.append(said(text))
        return self.take(self.send(**more))

    def take(self, parts: list[Sent]) -> str:
        text = "".join(part["delta"] for part in parts if part["type"] == "text-delta")
        name: str = parts[0]["messageId"]
        self.messages.append(said(text, "assistant", name))
        return name

    def regenerate(self, message: str | None = None) -> list[Sent]:
        """Without the answer that is wanted anew."""
        if self.messages[-1]["role"] == "assistant":
            self.messages.pop()
        return self.send(trigger="regenerate-message", messageId=message)

    def resume(self) -> Any:
        return self.api.get(f"/api/ui/chat/{quote(self.id, safe='')}/stream")


@pytest.fixture
def front(api: Api) -> FrontEnd:
    return FrontEnd(api)


def together(parts: list[Sent]) -> list[Sent]:
    """Neighbouring deltas joined: where they are cut depends on the time."""
    joined: list[Sent] = []
    for part in parts:
        if joined and part["type"] == joined[-1]["type"] == "text-delta":
            joined[-1] = {**part, "delta": joined[-1]["delta"] + part["delta"]}
        else:
            joined.append(part)
    return joined


def asked(model_server: ModelServer) -> list[list[str]]:
    """What each question to the model had in it."""
    return [[message["content"] for message in one["body"]["messages"]] for one in model_server.requests()]


def test_a_conversation(front: FrontEnd, model_server: ModelServer) -> None:
    model_server.script(answer("One"))
    front.ask("First?")
    front.ask("Second?", system="Be brief.", temperature=0.5)
    assert asked(model_server) == [["First?"], ["Be brief.", "First?", "One", "Second?"]]
    assert model_server.requests()[1]["body"]["temperature"] == 0.5


def test_its_ids_are_in_the_first_part(front: FrontEnd) -> None:
    front.messages.append(said("Hi"))
    reply = front.api.post("/api/ui/chat", front.body())
    start = values(reply.body)[0]
    ids = {"chatId": reply.headers["X-Chat-Id"], "runId": reply.headers["X-Run-Id"]}
    assert start == {"type": "start", "messageId": start["messageId"], "messageMetadata": ids}
    history = front.api.history(ids["chatId"])
    assert [message["_id"] for message in history][1] == start["messageId"]


def test_a_question_sent_twice_asks_once(front: FrontEnd, model_server: ModelServer) -> None:
    for text in ("First?", "Second?"):
        front.messages.append(said(text))
        first, second = front.send(), front.send()
        assert together(first) == together(second)
        front.take(first)
    assert len(model_server.requests()) == 2


def test_the_same_words_again_are_another_question(front: FrontEnd, model_server: ModelServer) -> None:
    front.ask("Again?")
    front.messages.append(said("Again?", name="client-2"))
    front.take(front.send())
    assert asked(model_server)[1] == ["Again?", "Hello world", "Again?"]


@pytest.mark.parametrize("named", [False, True])
def test_an_answer_is_wanted_anew(front: FrontEnd, model_server: ModelServer, named: bool) -> None:
    first = front.ask("First?")
    for _ in range(2):
        name = front.messages[-1]["id"] if named else None
        assert front.take(front.regenerate(name)) != first
    assert asked(model_server) == [["First?"]] * 3
    chat = front.api.get("/chats").json["chats"][0]["_id"]
    assert [message["role"] for message in front.api.history(chat)] == ["user", *["assistant"] * 3]


def test_an_earlier_answer_is_wanted_anew(front: FrontEnd, model_server: ModelServer) -> None:
    first = front.ask("First?")
    front.ask("Second?")
    del front.messages[1:]
    front.take(front.send(trigger="regenerate-message", messageId=first))
    assert asked(model_server)[2] == ["First?"]
    front.ask("Third?")
    assert asked(model_server)[3] == ["First?", "Hello world", "Third?"]


def test_wanting_anew_what_was_never_asked_asks_it(front: FrontEnd, model_server: ModelServer) -> None:
    front.messages.append(said("First?"))
    front.take(front.regenerate())
    front.messages.append(said("Second?"))  # its sending failed
    front.take(front.regenerate())
    assert asked(model_server) == [["First?"], ["First?", "Hello world", "Second?"]]


def test_wanting_anew_is_never_taken_for_sending_twice(front: FrontEnd, model_server: ModelServer) -> None:
    """Another page asked something in the same chat, so that its last answer is another one's."""
    front.ask("First?")
    other = FrontEnd(front.api)
    other.id = front.id
    other.ask("Other?")
    front.take(front.regenerate())
    assert [one[-1] for one in asked(model_server)] == ["First?", "Other?", "First?"]


def test_a_failed_answer_is_wanted_anew(front: FrontEnd, model_server: ModelServer) -> None:
    """It was refused with a status, so that its front end has no message of it."""
    model_server.script([["status", 500, {}, {"error": {"message": "no"}}]])
    front.messages.append(said("First?"))
    refused = front.api.post("/api/ui/chat", front.body())
    assert (refused.status, refused.json["code"]) == (502, "upstream_refused")
    front.take(front.regenerate())
    assert asked(model_server) == [["First?"], ["First?"]]
    assert [m["role"] for m in front.api.history(refused.json["chatId"])] == ["user", "assistant", "assistant"]


def test_a_changed_question_follows_what_was_before_it(front: FrontEnd, model_server: ModelServer) -> None:
    front.ask("First?")
    front.ask("Second?")
    front.ask("Third?")
    changed = said("Another?", name="client-Second?")
    front.messages[2:] = [changed]
    front.take(front.send(messageId=changed["id"]))
    assert asked(model_server)[3] == ["First?", "Hello world", "Another?"]


def test_a_question_may_be_changed_again(front: FrontEnd, model_server: ModelServer) -> None:
    front.ask("First?")
    for words in ("Second?", "Third?"):
        front.messages[:] = [said(words, name="client-First?")]
        front.take(front.send(messageId="client-First?"))
    assert asked(model_server) == [["First?"], ["Second?"], ["Third?"]]


def test_a_changed_first_question_follows_nothing(front: FrontEnd, model_server: ModelServer) -> None:
    front.ask("First?")
    changed = said("Another?", name="client-First?")
    front.messages[:] = [changed]
    first, again = (front.send(messageId=changed["id"]) for _ in range(2))
    assert together(first) == together(again)
    front.take(again)
    front.ask("Second?")
    assert asked(model_server) == [["First?"], ["Another?"], ["Another?", "Hello world", "Second?"]]


def test_a_front_end_that_forgot_goes_on_in_its_chat(front: FrontEnd, model_server: ModelServer) -> None:
    front.ask("First?")
    front.messages.clear()
    front.ask("Second?")
    assert asked(model_server)[1] == ["First?", "Hello world", "Second?"]


def test_texts_are_taken_and_other_parts_left(front: FrontEnd, model_server: ModelServer) -> None:
    odd = [{"type": "data-x", "data": {"text": "no"}}, {"type": "step-start"}, {"type": "x", "text": "no"}]
    texts = [{"type": "text", "text": text} for text in ("one", "two")]
    front.messages.append({"id": "q", "role": "user", "metadata": {"a": 1}, "parts": [*odd, *texts]})
    front.send()
    assert asked(model_server) == [["one\ntwo"]]


def test_the_conversation_sent_may_be_large(front: FrontEnd) -> None:
    front.messages.append(said("x" * (2 << 20), "assistant"))
    assert front.ask("Hi")


@pytest.mark.parametrize("name", [f"ui {ID}", "never", "a/b", ID])
def test_there_is_nothing_to_resume(api: Api, name: str) -> None:
    assert api.get(f"/api/ui/chat/{quote(name, safe='')}/stream").status == 204


def test_a_running_answer_is_resumed_from_its_start(front: FrontEnd, model_server: ModelServer) -> None:
    front.ask("First?")
    assert front.resume().status == 204
    front.messages.append(said("Second?"))
    model_server.script(HELD)
    reading = front.api.open("POST", "/api/ui/chat", front.body())
    again = front.api.open("GET", f"/api/ui/chat/{quote(front.id)}/stream")
    assert again.headers["x-vercel-ai-ui-message-stream"] == "v1"
    assert again.headers["X-Run-Id"] == reading.headers["X-Run-Id"]
    model_server.release("go on")
    first, second = (values(one.text()) for one in (reading, again))
    assert (together(first), first[-1]["finishReason"]) == (together(second), "stop")
    assert front.resume().status == 204
    assert len(model_server.requests()) == 2
