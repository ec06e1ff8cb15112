"""The rules of a session, as a state machine: Hypothesis draws which rules run, in which order, with which values.

What is drawn depends on drawn values alone, never on time: the same seed gives the same steps.
"""

import traceback
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.faults.figures import Figures
from tests.faults.promises import broken
from tests.faults.record import Submission
from tests.faults.scripts import Script, answers, scripts
from tests.faults.session import Session
from tests.faults.world import World

servers = st.integers(0, 1)
picks = st.integers(0, 1000)
pauses = st.sampled_from([0.0, 0.0, 0.05, 0.3])
prompts = st.sampled_from(["Hello", "Grüße 😀 שלום", 'a "b" \\ \n c', "x" * 5000, "<b>\u2028&amp;"])

some = precondition(lambda self: self.session.submissions)


class Failure:
    """A session that broke a promise."""

    def __init__(self, store: str, steps: list[str], sentences: list[str]) -> None:
        self.store, self.steps, self.sentences = store, steps, sentences

    def __str__(self) -> str:
        return "\n".join([f"on {self.store}:", *self.sentences, "after these steps:", *self.steps])


class Machine(RuleBasedStateMachine):
    """A session. Its failures are noted, not raised: real processes do not repeat themselves for a second look."""

    def __init__(self, world: World, figures: Figures, failures: list[Failure]) -> None:
        super().__init__()
        self.world, self.figures, self.failures = world, figures, failures
        self.session = Session(world)

    def teardown(self) -> None:
        try:
            evidence = self.session.finish()
            sentences = broken(evidence) + self.world.unexpected
            self.figures.take(evidence, self.session.rules, sentences)
        except Exception:  # noqa: BLE001 – a server that cannot be asked any more is a failure as well
            sentences = [traceback.format_exc()]
            self.figures.counts["failures"] += 1
        if sentences:
            self.failures.append(Failure(self.world.store, self.session.steps, sentences))

    def begin(self, name: str, **values: Any) -> None:
        self.world.tend()
        number = f"n{len(self.session.submissions)}" if "script" in values else ""
        self.session.log(name, ", ".join([*filter(None, [number]), *(f"{k}={v}" for k, v in values.items())]))

    def submission(self, pick: int) -> Submission:
        """The latest for 0, earlier ones for higher numbers."""
        return self.session.submissions[-1 - pick % len(self.session.submissions)]

    def known_ids(self, pick: int, patience_s: float = 1.0) -> dict[str, str] | None:
        """The ids of a submission's Run, if a client is told of them in time."""
        while (ids := self.session.ids(self.submission(pick))) is None and patience_s > 0:
            self.world.pass_time(0.1)
            patience_s -= 0.1
        return ids

    # -- asking

    @initialize(some_scripts=st.lists(scripts, min_size=1, max_size=8), number=picks)
    def first(self, some_scripts: list[Script], number: int) -> None:
        """Every session has answers to do things to: some at once, on both servers."""
        for script in some_scripts:
            number += 1
            self.send(script, number % 2, "Hello", True, number % 3 > 0, [], None, 0.0, 0.0)
        self.world.pass_time(0.3)

    @rule(script=answers(), server=servers, number=st.integers(2, 10), pause=pauses)
    def crowd(self, script: Script, server: int, number: int, pause: float) -> None:
        """Many questions at once, each with such an answer."""
        self.begin("crowd", script=script, server=server, number=number)
        for _ in range(number):
            submission = self.session.submit("send", "Hello", {}, script.steps)
            self.session.ask(submission, server, True)
        self.world.pass_time(pause)

    @rule(
        script=scripts,
        server=servers,
        prompt=prompts,
        stream=st.sampled_from([True, True, True, False]),
        named=st.booleans(),
        beside=st.lists(servers, max_size=3),
        chat=st.none() | picks,
        lazy_s=st.sampled_from([0.0, 0.0, 0.0, 0.0, 4.5]),
        pause=pauses,
    )
    def send(
        self,
        script: Script,
        server: int,
        prompt: str,
        stream: bool,
        named: bool,
        beside: list[int],
        chat: int | None,
        lazy_s: float,
        pause: float,
    ) -> None:
        """A new question, in a new chat or an earlier one; with a request id maybe several times at one moment."""
        self.begin("send", script=script, server=server, stream=stream, beside=beside if named else [], chat=chat)
        ids = self.known_ids(chat) if chat is not None and self.session.submissions else None
        body = {"chatId": ids["chatId"]} if ids else {}
        submission = self.session.submit("send", prompt, {**body, "requestId": named}, script.steps)
        if not named:
            del submission.body["requestId"]
        for place in [server, *(beside if named else [])]:
            self.session.ask(submission, place, stream, lazy_s)
        self.world.pass_time(pause)

    @some
    @rule(pick=picks, server=servers, stream=st.booleans(), pause=pauses)
    def send_again(self, pick: int, server: int, stream: bool, pause: float) -> None:
        """The same request id once more, at any time later, on any server."""
        submission = self.submission(pick)
        if "requestId" in submission.body:
            self.begin("send again", tag=submission.tag, server=server, stream=stream)
            self.session.ask(submission, server, stream)
            self.world.pass_time(pause)

    @some
    @rule(pick=picks, kind=st.sampled_from(["retry", "continue"]), script=scripts, server=servers, pause=pauses)
    def ask_anew(self, pick: int, kind: str, script: Script, server: int, pause: float) -> None:
        """Retry or continue an answer; a running or finished one cannot be continued, and that is said."""
        earlier = self.submission(pick)
        ids = self.known_ids(pick)
        if ids is None:
            return
        self.begin(kind, of=earlier.tag, script=script, server=server)
        body = {"chatId": ids["chatId"], kind: ids["messageId"], "requestId": True}
        submission = self.session.submit(kind, earlier.prompt, body, script.steps)
        self.session.ask(submission, server, True)
        self.world.pass_time(pause)

    @some
    @rule(pick=picks, script=scripts, server=servers, pause=pauses)
    def edit(self, pick: int, script: Script, server: int, pause: float) -> None:
        """Another question beside an earlier one, or, where that was the first, below its answer."""
        earlier = self.submission(pick)
        ids = self.known_ids(pick)
        if ids is None:
            return
        self.begin("edit", of=earlier.tag, script=script, server=server)
        parent = self.session.asked_below(ids, server) or ids["messageId"]
        body = {"chatId": ids["chatId"], "parentId": parent}
        submission = self.session.submit("edit", "Rather this", body, script.steps)
        self.session.ask(submission, server, True)
        self.world.pass_time(pause)

    # -- what readers do

    @some
    @rule(pick=picks, places=st.lists(st.tuples(servers, picks), min_size=1, max_size=4), by_header=st.booleans())
    def resume(self, pick: int, places: list[tuple[int, int]], by_header: bool) -> None:
        """Read on from numbers up to the last that was seen, of a running Run or an ended one."""
        ids = self.known_ids(pick)
        if ids is None:
            return
        submission = self.submission(pick)
        seen = self.session.seen(submission)
        for server, after in places:
            self.begin("resume", tag=submission.tag, server=server, after=after % (seen + 1))
            self.session.resume(submission.tag, ids["runId"], server, after % (seen + 1), by_header)

    @some
    @rule(pick=picks, server=servers)
    def reconnect(self, pick: int, server: int) -> None:
        """Read on where a stream was cut, as the page does."""
        cut = self.session.cut_off()
        if cut:
            reading, received = cut[-1 - pick % len(cut)]
            number = received.frames[-1][0] if received.frames else reading.after
            self.begin("reconnect", tag=reading.tag, server=server, after=number)
            self.session.resume(reading.tag, received.run_id or "", server, number, True)

    @some
    @rule(pick=picks, how=st.sampled_from(["fin", "rst"]))
    def leave(self, pick: int, how: str) -> None:
        """A client goes away in the middle."""
        client = self.session.clients[-1 - pick % len(self.session.clients)]
        if client.open and client.reading.what != "stop":
            self.begin("leave", reading=client.reading, how=how)
            client.leave(how)

    @some
    @rule(pick=picks, server=servers, pause=pauses)
    def stop(self, pick: int, server: int, pause: float) -> None:
        """Stop: before the first token, in the middle, after the end; also before any client knows the Run."""
        submission = self.submission(pick)
        ids = self.session.ids(submission)
        if ids is None and self.world.store_is_away:
            return
        run_id = ids["runId"] if ids else self.session.found_run(submission, server)
        if run_id is not None:
            self.begin("stop", tag=submission.tag, server=server)
            self.session.stop(submission.tag, run_id, server)
            self.world.pass_time(pause)

    @rule(script=answers(), server=servers, presser=servers, after=st.sampled_from([0.0, 0.1, 0.4, 1.0, 2.2]))
    def send_and_stop(self, script: Script, server: int, presser: int, after: float) -> None:
        """Stop soon after the question: mostly in the middle, often before the first token."""
        self.send(script, server, "Hello", True, True, [], None, 0.0, after)
        self.stop(0, presser, 0.3)

    # -- faults

    @rule(server=servers, pause=pauses)
    def kill_worker(self, server: int, pause: float) -> None:
        self.begin("kill -9 worker", server=server)
        self.world.kill_worker(server)
        self.world.pass_time(pause)

    @rule(server=servers, how=st.sampled_from(["term", "hup", "crash"]))
    def restart(self, server: int, how: str) -> None:
        self.begin("restart", server=server, how=how)
        {"term": self.world.terminate, "hup": self.world.hang_up, "crash": self.world.crash}[how](server)

    @rule(how=st.sampled_from(["stop", "kill"]), seconds=st.sampled_from([0.3, 1.5, 4.0, 8.0]))
    def take_store_away(self, how: str, seconds: float) -> None:
        self.begin("store away", how=how, seconds=seconds)
        self.world.take_store_away(how, seconds)

    @rule(
        script=answers(), server=servers, how=st.sampled_from(["stop", "kill"]), before=st.sampled_from([0.5, 1.5, 2.5])
    )
    def kill_worker_while_store_is_away(self, script: Script, server: int, how: str, before: float) -> None:
        """The worker has what the store never took: only what it spooled is left."""
        self.crowd(script, server, 3, 0.3)
        self.take_store_away(how, before + 1.5)
        self.world.pass_time(before)
        self.kill_worker(server, 0.0)

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 2.0]))
    def wait(self, seconds: float) -> None:
        self.begin("wait", seconds=seconds)
        self.world.pass_time(seconds)
