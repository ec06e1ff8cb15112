"""A session under way: its submissions, its clients, and at the end the evidence of all of it."""

import time
from dataclasses import replace
from itertools import count
from typing import Any

from tests.faults.clients import Client, fetch, request_bytes
from tests.faults.received import Received
from tests.faults.record import Answer, Evidence, Question, Reading, Submission
from tests.faults.rehearsal import upstream
from tests.faults.scripts import marked
from tests.faults.world import World
from tests.servers.model_steps import Step

ENDS_WITHIN_S = 60.0
"""P3: so long may it take until no Run is running, once everything works."""
READERS_S = 10.0
_numbers = count(1)


class Session:
    """What was done so far. `word` stands in each of its prompts: so the store finds its chats."""

    def __init__(self, world: World) -> None:
        world.begin()
        self.world = world
        self.word = f"s{int(time.time())}x{next(_numbers)}"
        self.began = time.monotonic()
        self.submissions: list[Submission] = []
        self.clients: list[Client] = []
        self.scripts: list[list[Step]] = []
        self.steps: list[str] = []
        self.rules: list[str] = []

    # -- what rules do

    def log(self, rule: str, what: str) -> None:
        self.rules.append(rule)
        self.steps.append(f"{time.monotonic() - self.began:6.2f} {rule}: {what}")

    def submit(self, kind: str, prompt: str, body: dict[str, Any], steps: list[Step]) -> Submission:
        """A new submission, its script with the model server; not sent yet."""
        tag = f"{self.word}n{len(self.submissions)}"
        full = {"model": tag, **({"prompt": f"{self.word} {tag} {prompt}"} if kind in ("send", "edit") else {}), **body}
        if full.get("requestId"):
            full["requestId"] = tag
        submission = Submission(tag, kind, full.get("prompt", prompt), full)
        self.submissions.append(submission)
        self.scripts.append(marked(steps, tag))
        self.world.model.script(self.scripts[-1])
        return submission

    def ask(self, submission: Submission, server: int, stream: bool, lazy_s: float = 0.0) -> Client:
        """Send it."""
        reading = Reading("ask", server, submission.tag, time.monotonic(), lazy=bool(lazy_s))
        return self._start(reading, request_bytes("POST", "/chat", {**submission.body, "stream": stream}), lazy_s)

    def resume(self, tag: str, run_id: str, server: int, after: int, by_header: bool) -> None:
        reading = Reading("events", server, tag, time.monotonic(), run_id, after)
        path, headers = f"/runs/{run_id}/events", {}
        if by_header:
            headers["Last-Event-ID"] = str(after)
        else:
            path += f"?after={after}"
        self._start(reading, request_bytes("GET", path, headers=headers))

    def stop(self, tag: str, run_id: str, server: int) -> None:
        reading = Reading("stop", server, tag, time.monotonic(), run_id)
        self._start(reading, request_bytes("POST", f"/runs/{run_id}/stop"))

    def _start(self, reading: Reading, request: bytes, lazy_s: float = 0.0) -> Client:
        self.clients.append(Client(reading, self.world.address(reading.server), request, lazy_s).start())
        return self.clients[-1]

    # -- what rules know

    def ids(self, submission: Submission) -> dict[str, str] | None:
        """chatId, messageId and runId, once any client was told."""
        for client in self.clients:
            received = client.reading.received if client.reading.tag == submission.tag else None
            if received and received.ids:
                return received.ids
        return None

    def seen(self, submission: Submission) -> int:
        """The highest number of a frame that any client saw."""
        of_it = [client.reading.received for client in self.clients if client.reading.tag == submission.tag]
        return max((received.frames[-1][0] for received in of_it if received and received.frames), default=0)

    def cut_off(self) -> list[tuple[Reading, Received]]:
        """The streams that ended without a last frame, or that their client left: a page would read on."""
        over = [(client.reading, client.reading.final) for client in self.clients if not client.open]
        return [(reading, got) for reading, got in over if got and got.streams and got.run_id and not got.end]

    def found_run(self, submission: Submission, server: int) -> str | None:
        """Its Run, looked for in the store: also before any client was told."""
        message = next((m for m in self._messages(server) if m["model"] == submission.tag), None)
        return message["runId"] if message else None

    def asked_below(self, ids: dict[str, str], server: int) -> str | None:
        """The message below which this answer's question stands; None for a chat's first, or with the store away."""
        received = fetch(self.world.address(server), f"/chat/{ids['chatId']}", 2.0)
        history = received.json["history"] if received and received.status == 200 else []
        parents = {message["_id"]: message["parentId"] for message in history}
        return parents.get(parents.get(ids["messageId"]))

    # -- the end

    def finish(self) -> Evidence:
        """Mend everything, wait for all ends, and read what there is to know."""
        self.world.heal()
        settled_s = self._wait_for_ends()
        for client in self.clients:
            client.wait(READERS_S)
        return replace(self._evidence(), settled_s=settled_s)

    def _wait_for_ends(self) -> float:
        began = time.monotonic()
        while self._running() and time.monotonic() < began + ENDS_WITHIN_S:
            self.world.pass_time(0.3)
        return time.monotonic() - began

    def _running(self) -> bool:
        """Whether any answer has not ended, by the history or by its Run."""
        answers = [message for message in self._messages(0) if message["role"] == "assistant"]
        return any(
            "running" in (answer["state"], self._get(0, f"/runs/{answer['runId']}").json["state"]) for answer in answers
        )

    def _evidence(self) -> Evidence:
        messages = self._messages(0)
        answers = [self._answer(message) for message in messages if message["role"] == "assistant"]
        log = [entry for entry in self.world.model.requests() if entry["body"]["model"].startswith(self.word)]
        return Evidence(
            submissions={submission.tag: submission for submission in self.submissions},
            readings=[client.reading for client in self.clients],
            upstream=[upstream(entry, self.scripts) for entry in log],
            answers={answer.run_id: answer for answer in answers},
            questions={m["_id"]: Question(m["content"], m["parentId"]) for m in messages if m["role"] == "user"},
            faults=self.world.faults,
            late=self.world.control.late(self.began),
        )

    def _answer(self, message: dict[str, Any]) -> Answer:
        status = self._get(0, f"/runs/{message['runId']}").json
        return Answer(
            run_id=message["runId"],
            message_id=message["_id"],
            parent_id=message["parentId"],
            tag=message["model"],
            content=message["content"],
            reasoning=message["reasoning"],
            state=message["state"],
            run_state=status["state"],
            frames=self._get(1, f"/runs/{message['runId']}/events?after=0").frames,
        )

    def _messages(self, server: int) -> list[dict[str, Any]]:
        """All messages of this session's chats."""
        listed = self._get(server, f"/chats?limit=200&q={self.word}").json
        return [m for chat in listed["chats"] for m in self._get(server, f"/chat/{chat['_id']}").json["history"]]

    def _get(self, server: int, path: str) -> Received:
        """GET, from a server that may still be finding its store again. Raises TimeoutError."""
        give_up = time.monotonic() + 20
        while (received := fetch(self.world.address(server), path)) is None or received.status != 200:
            if time.monotonic() > give_up:
                raise TimeoutError(f"server {server} answers GET {path} with {received}")
            time.sleep(0.2)
        return received
