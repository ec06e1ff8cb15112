"""Section 2 of docs/api.md: Runs that are followed, stopped and replayed, on the worker they live in and on another."""

import sqlite3
import threading
from collections.abc import Iterator

import pytest

from tests.api import Api, Frame, Streamed, text_of
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.web.conftest import Serve, store_settings

LEFT = {"client_closed", "client_reset"}


@pytest.fixture(scope="module", params=["sqlite", "mongo"])
def pair(request: pytest.FixtureRequest, model_server_process: ModelServer) -> Iterator[tuple[ChatStream, ChatStream]]:
    """Two servers on one store: what is started on the first lives in another process than the second."""
    model = {"OPENAI_BASE_URL": model_server_process.url, "AI_MODEL": "test-model", "CHATSTREAM_HEARTBEAT_S": "0.3"}
    model["LLM_TIMEOUT"] = "20"  # a test that waits in vain fails soon
    store = store_settings(request, request.param)
    with ChatStream({**model, **store}) as one:
        shared = {"CHATSTREAM_DATA_DIR": one.environment()["CHATSTREAM_DATA_DIR"]}
        with ChatStream({**model, **store, **shared}) as other:
            yield one, other


@pytest.fixture
def here(pair: tuple[ChatStream, ChatStream], model_server: ModelServer) -> Api:
    return Api(pair[0].address)


@pytest.fixture(params=["same worker", "other worker"])
def there(request: pytest.FixtureRequest, pair: tuple[ChatStream, ChatStream]) -> Api:
    return Api(pair[request.param == "other worker"].address)


def read(frames: Iterator[Frame], until: str) -> list[Frame]:
    """The next frames, up to the one whose text ends so."""
    found = []
    for frame in frames:
        found.append(frame)
        if frame[1].get("text", "").endswith(until):
            return found
    raise AssertionError(f"{until!r} never came: {found}")


def test_an_ended_run_is_read_from_any_number_everywhere(here: Api, there: Api, model_server: ModelServer) -> None:
    model_server.script(answer("one two three four five", pause=0.05))
    ids, frames = here.answer("Hello")
    for after in range(len(frames)):
        path = f"/runs/{ids['runId']}/events?after={after}"
        assert list(there.open("GET", path).frames()) == frames[after:]
    assert list(there.open("GET", path, headers={"Last-Event-ID": "1"}).frames()) == frames[1:]
    assert there.get(f"/runs/{ids['runId']}/events?after={len(frames)}").status == 204
    status = there.get(f"/runs/{ids['runId']}").json
    assert (status["state"], status["seq"], status["chatId"]) == ("complete", len(frames), ids["chatId"])
    assert status["usage"]["completion_tokens"] == 5


def test_a_running_answer_is_followed_live_from_any_number(here: Api, there: Api, model_server: ModelServer) -> None:
    steps = [step for word in "abcd" for step in (["text", word], ["gate", word])]
    model_server.script([*steps, ["finish", "stop"], ["end"]])
    first = here.ask("Hello").frames()
    ids = next(first)[1]
    path = f"/runs/{ids['runId']}/events?after="
    followers = [there.open("GET", f"{path}{after}").frames() for after in (0, 1, 2)]
    seen: list[list[Frame]] = [[] for _ in followers]
    for word in "abcd":
        read(first, word)
        for follower, frames in list(zip(followers, seen, strict=True))[: 2 if word == "a" else 3]:  # "a" is frame 2
            frames += read(follower, word)
        assert there.get(f"/runs/{ids['runId']}").json["state"] == "running"
        model_server.release(word)
    list(first)
    for after, (follower, frames) in enumerate(zip(followers, seen, strict=True)):
        frames += follower
        assert [number for number, _ in frames] == list(range(after + 1, 7))
        assert frames[-1][1]["state"] == "complete"


def test_a_deleted_chat_ends_its_followers_with_a_last_frame(here: Api, there: Api, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["gate", "never"]])
    frames = here.ask("Hello").frames()
    ids = next(frames)[1]
    read(frames, "Hel")
    follower = there.open("GET", f"/runs/{ids['runId']}/events").frames()
    read(follower, "Hel")
    assert there.call("DELETE", f"/chat/{ids['chatId']}").status == 204
    assert list(follower)[-1][1]["state"] == "stopped"
    assert list(frames)[-1][1]["state"] == "stopped"


def test_a_reader_that_leaves_does_not_end_the_run(here: Api, there: Api, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["gate", "gone"], *answer("lo world")])
    streamed = here.ask("Hello")
    frames = streamed.frames()
    ids = next(frames)[1]
    streamed.close()
    model_server.release("gone")
    assert text_of(list(there.open("GET", f"/runs/{ids['runId']}/events").frames())) == "Hello world"
    reply = here.history(ids["chatId"])[1]
    assert (reply["content"], reply["state"]) == ("Hello world", "complete")
    assert model_server.wait_ended()[0]["ended"] == "finished"


def test_stop_closes_upstream_and_keeps_the_text(here: Api, there: Api, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["gate", "never"]])
    frames = here.ask("Hello").frames()
    ids = next(frames)[1]
    read(frames, "Hel")
    for _ in range(2):
        assert there.post(f"/runs/{ids['runId']}/stop").status == 202
    assert model_server.requests()[0]["ended"] in LEFT
    end = list(frames)[-1][1]
    assert (end["state"], "error" in end) == ("stopped", False)
    reply = there.history(ids["chatId"])[1]
    assert (reply["content"], reply["state"]) == ("Hel", "stopped")


def test_stop_before_the_first_byte(here: Api, there: Api, model_server: ModelServer) -> None:
    model_server.script([["gate", "never"]])
    replies = []
    asking = threading.Thread(target=lambda: replies.append(here.post("/chat", {"prompt": "Hello"})))
    asking.start()
    model_server.wait(len)
    run_id = here.history(here.get("/chats?limit=1").json["chats"][0]["_id"])[1]["runId"]
    assert there.post(f"/runs/{run_id}/stop").status == 202
    assert model_server.wait_ended()[0]["ended"] in LEFT
    asking.join()
    assert (replies[0].status, replies[0].json["state"]) == (200, "stopped")


def test_stop_after_the_end_changes_nothing(here: Api, there: Api) -> None:
    ids, _ = here.answer("Hello")
    assert there.post(f"/runs/{ids['runId']}/stop").status == 202
    assert there.get(f"/runs/{ids['runId']}").json["state"] == "complete"


def test_one_request_id_is_one_run_also_at_the_same_moment(here: Api, there: Api, model_server: ModelServer) -> None:
    model_server.default(answer("once only", pause=0.05))
    body = {"prompt": "Hello", "stream": True, "requestId": f"same-{there.address}-{model_server.port}"}
    found: list[list[Frame]] = []

    def submit(api: Api) -> None:
        found.append(list(api.open("POST", "/chat", body).frames()))

    tries = [threading.Thread(target=submit, args=[api]) for api in (here, there) * 4]
    for thread in tries:
        thread.start()
    for thread in tries:
        thread.join()
    assert len(model_server.requests()) == 1
    assert len(found) == 8
    assert all(frames == found[0] for frames in found)
    assert text_of(found[0]) == "once only"
    whole = there.post("/chat", dict(reversed({**body, "stream": False}.items())))
    assert (whole.status, whole.json["completion"]) == (200, "once only")
    other = there.post("/chat", {**body, "prompt": "Something else"})
    assert (other.status, other.json["code"]) == (409, "conflict")
    assert len(model_server.requests()) == 1


def test_silence_is_filled_with_heartbeats(here: Api, there: Api, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["gate", "go on"], *answer("lo")])
    ids = next(here.ask("Hello").frames())[1]
    lines = there.open("GET", f"/runs/{ids['runId']}/events").lines()
    heard = [next(lines) for _ in range(12)]
    assert heard.count(": ping") >= 2
    model_server.release("go on")
    assert '"state":"complete"' in [line for line in lines if line][-1]


def test_a_follower_is_answered_at_once_also_when_nothing_comes(serve: Serve, model_server: ModelServer) -> None:
    api = Api(serve(CHATSTREAM_HEARTBEAT_S="60").address)
    model_server.script([["text", "Hel"], ["gate", "go on"], *answer("lo")])
    frames = api.ask("Hello").frames()
    ids = next(frames)[1]
    read(frames, "Hel")
    follower = api.open("GET", f"/runs/{ids['runId']}/events?after=2")
    model_server.release("go on")
    assert text_of(list(follower.frames())) == "lo"


def test_a_frame_beyond_the_end_is_gone_and_not_just_over(here: Api, there: Api) -> None:
    ids, frames = here.answer("Hello")
    gone = there.get(f"/runs/{ids['runId']}/events?after={len(frames) + 1}")
    assert (gone.status, gone.json["code"]) == (410, "gone")


def test_heartbeats_come_before_the_first_token(here: Api, model_server: ModelServer) -> None:
    model_server.script([["headers", {}], ["gate", "go on"], *answer("Hello")])
    lines = here.ask("Hello").lines()
    assert [next(lines) for _ in range(5)][3:] == [": ping", ""]
    model_server.release("go on")
    assert '"state":"complete"' in [line for line in lines if line][-1]


def test_replay_gives_the_same_frames(here: Api, there: Api, model_server: ModelServer) -> None:
    model_server.script(answer("one two three", pause=0.2))
    ids, frames = here.answer("Hello")
    for speed in ("0", "1", "50"):
        assert list(there.open("GET", f"/runs/{ids['runId']}/replay?speed={speed}").frames()) == frames


def test_replay_of_a_running_answer_goes_on_live(here: Api, there: Api, model_server: ModelServer) -> None:
    model_server.script([["text", "Hel"], ["gate", "go on"], *answer("lo")])
    frames = here.ask("Hello").frames()
    ids = next(frames)[1]
    read(frames, "Hel")
    replay = there.open("GET", f"/runs/{ids['runId']}/replay?speed=0").frames()
    seen = read(replay, "Hel")
    model_server.release("go on")
    assert text_of([*seen, *replay]) == "Hello"


def test_many_at_once_do_not_pass_the_limit(serve: Serve, model_server: ModelServer) -> None:
    api = Api(serve(CHATSTREAM_MAX_STREAMS="3").address)
    model_server.default([["text", "Hel"], ["gate", "end"], ["finish", "stop"], ["end"]])
    streams: list[Streamed] = []
    asking = [threading.Thread(target=lambda: streams.append(api.ask("Hello"))) for _ in range(20)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert sorted(stream.status for stream in streams) == [200] * 3 + [503] * 17
    model_server.release("end")
    assert [list(s.frames())[-1][1]["state"] for s in streams if s.status == 200] == ["complete"] * 3
    assert len(model_server.requests()) == 3


def test_above_the_limit_of_answers_there_is_a_503_at_once(serve: Serve, model_server: ModelServer) -> None:
    api = Api(serve(CHATSTREAM_MAX_STREAMS="2").address)
    model_server.default([["text", "Hel"], ["gate", "end"], ["finish", "stop"], ["end"]])
    running = [api.ask("Hello").frames() for _ in range(2)]
    for frames in running:
        read(frames, "Hel")
    before = api.get("/chats").json
    refused = api.post("/chat", {"prompt": "One more", "stream": True})
    assert (refused.status, refused.json["code"]) == (503, "busy")
    assert int(refused.headers["Retry-After"]) > 0
    assert api.get("/chats").json == before
    model_server.release("end")
    assert [list(frames)[-1][1]["state"] for frames in running] == ["complete"] * 2
    model_server.reset()
    assert api.post("/chat", {"prompt": "One more"}).status == 200


def test_events_that_are_no_longer_kept_are_gone(serve: Serve, model_server: ModelServer) -> None:
    server = serve()
    api = Api(server.address)
    ids, frames = api.answer("Hello")
    with sqlite3.connect(server.folder / "data" / "chatstream.db") as database:
        database.execute("DELETE FROM run_batches WHERE run_id = ?", [ids["runId"]])
    for path in ("events", "events?after=1", "replay"):
        gone = api.get(f"/runs/{ids['runId']}/{path}")
        assert (gone.status, gone.json["code"]) == (410, "gone")
    assert api.get(f"/runs/{ids['runId']}/events?after={len(frames)}").status == 204
    assert api.history(ids["chatId"])[1]["content"] == text_of(frames)
