"""static/js/api.js in a browser: the LLM API's streams, with callbacks and as frames."""

from typing import Any

import pytest

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer, failure
from tests.web.page.line import Line
from tests.web.page.page import GATED, TIDE

LEFT = {"client_closed", "client_reset"}
DATA: dict[str, dict[str, Any]] = {
    "chatStream": {"messages": [{"role": "user", "content": "Hello"}]},
    "chatSessionStream": {"session_id": "A walk on the shore", "message": "Hello"},
}
CALL = """
    const [method, data, finish] = arguments
    window.calls = []
    import('/static/js/api.js').then(({llmAPI}) => {
      const note = (name) => (...given) => calls.push([name, ...given.map((g) => g instanceof Error
        ? {message: g.message, code: g.code, status: g.status} : g)])
      window.asked = llmAPI[method](data, (...given) => {
        note('chunk')(...given)
        if (window.leave) asked.abort()
      }, note('complete'), note('error'))
      finish()
    })"""


class Caller:
    """A page that calls one method, and what it was called back with."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser = browser
        self.open(url)

    def open(self, url: str) -> None:
        self.browser.allow_scripts()
        self.browser.open(f"{url}/healthz")

    def call(self, method: str, **data: Any) -> None:
        self.browser.driver.execute_async_script(CALL, method, {**DATA[method], **data})

    @property
    def calls(self) -> list[list[Any]]:
        found: list[list[Any]] = self.browser.evaluate("return calls")
        return found

    @property
    def text(self) -> str:
        return "".join(call[1] for call in self.calls if call[0] == "chunk")

    def outcome(self) -> list[Any]:
        """The first call that is no chunk; there must be no other."""
        self.browser.wait(lambda: any(call[0] != "chunk" for call in self.calls))
        (found,) = [call for call in self.calls if call[0] != "chunk"]
        assert self.calls[-1] is found or self.calls[-1] == found
        return found


@pytest.fixture
def caller(one_server: ChatStream, browser: Browser, model_server: ModelServer) -> Caller:
    return Caller(browser, one_server.url)


both = pytest.mark.parametrize("method", DATA)


@both
def test_chunks_and_then_the_whole(caller: Caller, model_server: ModelServer, method: str) -> None:
    model_server.script([["reasoning", "Hm."], *GATED])
    caller.call(method)
    caller.browser.wait(lambda: caller.text == "The tide ")
    assert "complete" not in [call[0] for call in caller.calls]
    model_server.release("more")
    name, whole, last = caller.outcome()
    assert (name, whole, last["done"]) == ("complete", TIDE, True)
    assert caller.text == TIDE
    assert ["chunk", "", {"reasoning": "Hm."}] in caller.calls
    if method == "chatSessionStream":
        assert last["session_id"] == "A walk on the shore"


@both
def test_abort_stops_the_model_and_nothing_comes_after(caller: Caller, model_server: ModelServer, method: str) -> None:
    model_server.script(GATED)
    caller.call(method)
    caller.browser.wait(lambda: caller.text == "The tide ")
    caller.browser.evaluate("asked.abort()")
    assert model_server.wait_ended()[0]["ended"] in LEFT
    model_server.script(answer("One two three four"))
    caller.browser.evaluate("window.leave = true; window.before = window.calls")
    caller.call(method)
    model_server.wait_ended(2)
    caller.browser.wait(lambda: caller.calls)
    caller.browser.driver.execute_async_script("setTimeout(arguments[0], 300)")
    assert [call[0] for call in caller.calls] == ["chunk"]
    assert [call[0] for call in caller.browser.evaluate("return before")] == ["chunk"]


@both
def test_abort_before_the_head_stops_the_model(caller: Caller, model_server: ModelServer, method: str) -> None:
    model_server.script([["gate", "head"], *GATED])
    caller.call(method)
    model_server.wait(len)
    caller.browser.evaluate("asked.abort()")
    assert model_server.wait_ended()[0]["ended"] in LEFT
    assert caller.calls == []


def test_the_frames_signal_is_heard_before_the_head_and_between_frames(
    caller: Caller, model_server: ModelServer
) -> None:
    script = """
        const {llmFrames} = await import('/static/js/api.js')
        const aborter = new AbortController(), frames = llmFrames('chat/session', arguments[0], aborter.signal)
        const first = frames.next()
        if (arguments[1]) await first
        aborter.abort('enough')
        return (arguments[1] ? frames.next() : first).then(() => 'went on', (reason) => reason)"""
    function = f"return (async function () {{ {script} }}).apply(null, arguments)"
    for number, between in enumerate((False, True), start=1):
        model_server.script(GATED if between else [["gate", "head"], *GATED])
        assert caller.browser.evaluate(function, DATA["chatSessionStream"], between) == "enough"
        assert model_server.wait_ended(number)[-1]["ended"] in LEFT


@both
def test_a_failure_is_told_once(caller: Caller, one_server: ChatStream, model_server: ModelServer, method: str) -> None:
    model_server.script([["text", "The tide "], ["sleep", 0.1], ["rst"]])
    caller.call(method)
    name, error = caller.outcome()
    assert (name, caller.text) == ("error", "The tide ")
    assert error["code"].startswith("upstream")
    model_server.script(failure(429, "Too much at once."))
    caller.call(method)
    name, error = caller.outcome()
    assert (name, error["status"], caller.text) == ("error", 429, "")
    assert "Too much at once." in error["message"]
    model_server.script(GATED)
    line = Line(one_server.address)
    caller.open(line.url)
    caller.call(method)
    caller.browser.wait(lambda: caller.text == "The tide ")
    line.close()
    assert caller.outcome()[0] == "error"


def test_a_body_that_ends_without_its_last_frame_is_an_error(caller: Caller) -> None:
    script = """
        const {llmFrames} = await import('/static/js/api.js'), frames = []
        window.fetch = async () => new Response(new Blob(['data: {"content":"The tide"}\\r\\n\\r\\ndata: {"done"']))
        try {
          for await (const frame of llmFrames('chat', {})) frames.push(frame)
        } catch (error) { frames.push(error.code) }
        return frames"""
    assert caller.browser.evaluate(f"return (async () => {{ {script} }})()") == [{"content": "The tide"}, "broken"]


def test_the_frames_can_be_left(caller: Caller, one_server: ChatStream, model_server: ModelServer) -> None:
    script = """
        const {llmFrames} = await import('/static/js/api.js')
        for await (const frame of llmFrames(arguments[0], arguments[1])) return frame"""
    function = f"return (async function () {{ {script} }}).apply(null, arguments)"
    model_server.script(GATED)
    assert caller.browser.evaluate(function, "chat", DATA["chatStream"]) == {"content": "The tide "}
    assert model_server.wait_ended()[0]["ended"] in LEFT
    model_server.script(GATED)
    data = {"session_id": "Left alone", "message": "Hello"}
    assert caller.browser.evaluate(function, "chat/session", data) == {"content": "The tide "}
    model_server.release("more")
    api = Api(one_server.address)
    caller.browser.wait(lambda: api.get("/api/llm/chat/session/Left%20alone").json["messages"][-1]["content"] == TIDE)


def test_a_call_of_the_callers_own_function_comes_whole(caller: Caller, model_server: ModelServer) -> None:
    function = {"name": "get_tide", "arguments": '{"at":'}
    call = {"index": 0, "id": "call_1", "type": "function", "function": function}
    rest = {"index": 0, "function": {"arguments": '"noon"}'}}
    pieces = [["delta", {"tool_calls": [piece]}] for piece in (call, rest)]
    model_server.script([*pieces, ["finish", "tool_calls"], ["done"], ["end"]])
    tool = {"type": "function", "function": {"name": "get_tide", "parameters": {"type": "object"}}}
    caller.call("chatStream", tools=[tool])
    name, whole, _ = caller.outcome()
    assert (name, whole) == ("complete", "")
    whole_call = {"id": "call_1", "name": "get_tide", "arguments": '{"at":"noon"}'}
    assert caller.calls[0] == ["chunk", "", {"tool_call": whole_call}]
