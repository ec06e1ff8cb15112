"""What an answer may hold arrives whole, and stays what it is."""

import json
from typing import Any

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.web.page.page import LAST, TIDE, Page


def test_any_script_and_every_sign_arrives_whole(page: Page, model_server: ModelServer) -> None:
    arabic, english = "مرحبًا بالعالم.\n\n", "Hello 👩‍💻 𝄞 é."
    split = [["delta", {"content": half}] for half in ("\ud83d", "\ude00")]
    drip = json.dumps({"choices": [{"index": 0, "delta": {"content": english}, "finish_reason": None}]})
    event = f"data: {drip}\n\n".encode().decode("latin-1")
    end = [["finish", "stop"], ["done"], ["end"]]
    model_server.script([["text", arabic], *split, ["drip", event, 0.001], *end])
    page.ask("مرحبا")
    page.wait_state("complete")
    assert page.answer == f"{arabic}😀{english}"
    right, left = page.browser.evaluate(f"""
        const answer = {LAST}.querySelector('.answer'), box = answer.getBoundingClientRect()
        return [...answer.querySelectorAll('p')].map((block) => {{
          const range = document.createRange()
          range.setStart(block.firstChild, 0)
          range.setEnd(block.firstChild, 1)
          const at = range.getBoundingClientRect()
          return at.left - box.left > box.right - at.right ? 'right' : 'left'
        }})""")
    assert (right, left) == ("right", "left")


def test_frames_are_the_same_however_the_bytes_are_cut(page: Page) -> None:
    page.browser.allow_scripts()
    page.reload()
    script = """
        const {frames} = await import('/static/js/stream.js'), [text, size] = arguments
        const bytes = new TextEncoder().encode(text), found = []
        const body = new ReadableStream({start(controller) {
          for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size))
          controller.close()
        }})
        for await (const {id, data} of frames(body, new AbortController().signal)) found.push([id, data.text])
        return found"""
    stream = (
        ': ping\n\nid: 1\ndata: {"text":"é😀\u2028"}\n\n: ping\n\nid: 2\ndata: {"text":"b\\n"}\n\nid: 3\ndata: {"tex'
    )
    for size in (1, 2, 3, 7, 1000):
        function = f"return (async function () {{ {script} }}).apply(null, arguments)"
        assert page.browser.evaluate(function, stream, size) == [[1, "é😀\u2028"], [2, "b\n"]]


def test_script_in_an_answer_stays_text(page: Page, model_server: ModelServer) -> None:
    hostile = "<script>window.harm = 1</script><img src=x onerror='window.harm = 2'></div></template><b>bold</b>"
    model_server.script(answer(hostile))
    page.ask(hostile)
    page.wait_state("complete")
    for _ in range(2):
        assert page.messages == [("You", hostile), ("Assistant", hostile)]
        assert page.browser.evaluate("return window.harm ?? null") is None
        assert page.browser.evaluate("return document.querySelectorAll('main img, main b, main script').length") == 0
        page.reload()
    assert page.browser.console() == []


def test_reasoning_and_tool_calls_stand_apart(page: Page, model_server: ModelServer) -> None:
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "get_tide", "arguments": '{"at":'}}
    rest = {"index": 0, "function": {"arguments": '"noon"}'}}
    calls: list[list[Any]] = [["delta", {"tool_calls": [piece]}] for piece in (call, rest)]
    model_server.script([["reasoning", "Water is "], ["reasoning", "patient."], *calls, *answer(TIDE)])
    page.ask("Think first")
    page.wait_state("complete")
    assert page.answer == TIDE
    reasoning = f"return {LAST}.querySelector('.reasoning .markdown').textContent"
    assert page.browser.evaluate(reasoning) == "Water is patient."
    assert page.tools == [["Calls get_tide", '{"at":"noon"}']]


def test_a_reload_in_a_tool_call_shows_it_once(page: Page, one_server: ChatStream, model_server: ModelServer) -> None:
    function = {"name": "get_tide", "arguments": '{"at":'}
    call = {"index": 0, "id": "call_1", "type": "function", "function": function}
    rest = {"index": 0, "function": {"arguments": '"noon"}'}}
    model_server.script(
        [["delta", {"tool_calls": [call]}], ["gate", "more"], ["delta", {"tool_calls": [rest]}], ["rst"]]
    )
    page.ask("Call something")
    page.browser.wait(lambda: page.tools == [["Calls get_tide", '{"at":']])
    page.browser.wait(lambda: Api(one_server.address).history(page.chat_id)[-1]["toolCalls"])
    page.reload()
    page.browser.wait(lambda: page.phase.startswith("Calling get_tide"))
    assert page.tools == [["Calls get_tide", '{"at":']]
    model_server.release("more")
    page.wait_state("upstream_error")
    for _ in range(2):
        assert page.tools == [["Calls get_tide", '{"at":"noon"}']]
        page.reload()
