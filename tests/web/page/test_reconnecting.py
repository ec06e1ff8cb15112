"""What breaks between the page and the server while an answer is written: the answer goes on by itself, or says how it
ended; text comes once and whole, and neither the draft nor the focus is lost."""

import time
from collections.abc import Callable

import pytest
from selenium.webdriver.common.keys import Keys

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer
from tests.servers.nginx import Nginx
from tests.web.conftest import Serve
from tests.web.page.line import Line
from tests.web.page.page import BEHIND, GATED, LAST, TIDE, Page

SINCE_LOST = f"""
    addEventListener('offline', () => window.lost = performance.now(), {{once: true}})
    const phase = {LAST}.querySelector('.phase')
    const look = () => window.told ??= phase.textContent === 'Reconnecting…' ? performance.now() : undefined
    new MutationObserver(look).observe(phase, {{childList: true, characterData: true, subtree: true}})"""
FRAMES = "return performance.getEntriesByType('resource').filter((e) => e.name.includes('/events?after=')).length"


@pytest.fixture
def far(line: Line, browser: Browser, model_server: ModelServer) -> Page:
    """The page behind a line that can break, in the middle of TIDE, with a draft being written."""
    return midway(Page(browser, line.url), model_server)


def midway(page: Page, model_server: ModelServer) -> Page:
    page.open()
    model_server.script(GATED)
    page.ask("When does the tide come in?")
    page.wait_answer("The tide ")
    page.write("A draft")
    return page


def goes_on(page: Page, server: ChatStream, model_server: ModelServer) -> None:
    """The rest comes, once and whole."""
    page.wait_state("complete")
    assert (page.answer, page.phase) == (TIDE, "")
    page.agrees(server.address)
    assert (page.draft, page.focus) == ("A draft", "prompt")
    assert len(model_server.requests()) == 1


def test_the_network_goes_and_comes_back(page: Page, one_server: ChatStream, model_server: ModelServer) -> None:
    midway(page, model_server)
    page.browser.evaluate(SINCE_LOST)
    page.browser.go_offline()
    page.browser.wait(lambda: page.phase == "Reconnecting…")
    assert page.browser.evaluate("return window.told - window.lost") >= 1000
    page.browser.go_online()
    page.browser.wait(lambda: page.phase.startswith(("Answering", "Stalled")))
    model_server.release("more")
    goes_on(page, one_server, model_server)


def test_a_server_that_was_out_of_reach_for_a_while_is_soon_met(
    far: Page, line: Line, one_server: ChatStream, model_server: ModelServer
) -> None:
    line.cut()
    far.browser.wait(lambda: far.phase == "Reconnecting…")
    time.sleep(5)
    model_server.release("more")
    line.mend()
    far.browser.wait(lambda: far.state == "complete", 20)
    goes_on(far, one_server, model_server)


def test_tools_under_way_are_shown_after_a_reconnect(
    far: Page, line: Line, one_server: ChatStream, model_server: ModelServer
) -> None:
    model_server.release("more")
    far.wait_state("complete")
    Api(one_server.address).call("PATCH", f"/chat/{far.chat_id}", {"tools": ["calculate"]})
    call = {"index": 0, "id": "c0", "function": {"name": "calculate", "arguments": '{"expression":'}}
    rest = {"index": 0, "function": {"arguments": ' "6 * 7"}'}}
    begun = [["text", "Let me see. "], ["delta", {"tool_calls": [call]}], ["gate", "result"]]
    model_server.script([*begun, ["delta", {"tool_calls": [rest]}], ["finish", "tool_calls"], ["done"], ["end"]])
    model_server.script([["gate", "answer"], *answer("It is 42")])
    far.press(Keys.CONTROL + "a")
    far.press("What is 6 times 7?", Keys.ENTER)
    far.browser.wait(lambda: far.tools == [["Calls calculate", '{"expression":']])
    line.cut()
    far.browser.wait(lambda: far.phase == "Reconnecting…")
    model_server.release("result")
    model_server.wait(lambda log: len(log) == 3)
    line.mend()
    seen = [["Calls calculate", '{"expression": "6 * 7"}', "It gave", "42"]]
    far.browser.wait(lambda: far.tools == seen and far.state == "running")
    assert far.answer.strip() == "Let me see."
    far.browser.wait(lambda: far.phase.startswith("Waiting for "))
    model_server.release("answer")
    far.wait_state("complete")
    assert (far.tools, far.answer) == (seen, "Let me see.\n\nIt is 42")
    far.agrees(one_server.address)


def test_the_wait_grows_slower_than_the_time_that_was_waited(page: Page) -> None:
    page.browser.allow_scripts()
    page.reload()
    longest = """
        const {pause} = await import('/static/js/connection.js'), waits = [], real = setTimeout
        window.setTimeout = (end, ms) => (waits.push(ms), real(end))
        for (const share of [0.9999, 0]) {
          Math.random = () => share
          for (let failed = 1; failed <= 20; failed += 1) await pause(failed, new AbortController().signal)
        }
        window.setTimeout = real
        return waits"""
    waits = page.browser.evaluate(f"return (async function () {{ {longest} }})()")
    assert [wait for at, wait in enumerate(waits[:20]) if wait > min(5_000, 400 + sum(waits[:at]) / 2)] == []
    assert all(0.4 < least / most < 0.6 for most, least in zip(waits[:20], waits[20:], strict=True))
    assert waits[19] > 4_000


def test_a_line_that_breaks_again_and_again_brings_each_word_once(
    far: Page, line: Line, one_server: ChatStream, model_server: ModelServer
) -> None:
    model_server.release("more")
    far.wait_state("complete")
    words = " ".join(f"word{number}" for number in range(60))
    model_server.script(answer(words, pause=0.05))
    far.press(Keys.CONTROL + "a")
    far.press("Say many words", Keys.ENTER)
    for _ in range(4):
        time.sleep(0.5)
        line.cut()
        line.mend()
    far.browser.wait(lambda: far.state == "complete" and len(far.messages) == 4)
    assert far.answer == words
    far.agrees(one_server.address)


def woken_online(page: Page) -> None:
    page.browser.evaluate("dispatchEvent(new Event('online'))")


def woken_by_showing(page: Page) -> None:
    page.show()


@pytest.mark.parametrize("woken", [woken_online, woken_by_showing])
def test_after_sleep_a_connection_that_died_in_silence_is_replaced(
    far: Page, line: Line, one_server: ChatStream, model_server: ModelServer, woken: Callable[[Page], None]
) -> None:
    if woken is woken_by_showing:
        far.hide()
    line.freeze()
    model_server.release("more")
    model_server.wait_ended()
    time.sleep(6)
    assert far.answer == "The tide"
    line.mend()
    woken(far)
    goes_on(far, one_server, model_server)


def test_a_submission_into_a_line_that_died_in_silence_is_made_once(
    page: Page, line: Line, one_server: ChatStream, model_server: ModelServer
) -> None:
    far = Page(page.browser, line.url).open()
    line.freeze()
    far.ask("Say hello")
    far.browser.wait(lambda: far.phase.startswith("Connecting"))
    far.wait_seconds(1)
    line.mend()
    woken_online(far)
    far.wait_state("complete")
    assert far.messages == [("You", "Say hello"), ("Assistant", "Hello world")]
    assert len(model_server.requests()) == 1


@pytest.mark.parametrize("pressed", [True, False])
def test_a_submission_whose_reply_was_lost_is_found_again(
    far: Page, line: Line, one_server: ChatStream, model_server: ModelServer, pressed: bool
) -> None:
    far.press(Keys.ESCAPE)
    far.browser.find("button", "Continue")
    model_server.script([["gate", "rest"], *answer("comes in twice a day.")])
    far.click("button", "Continue")
    model_server.wait(lambda log: len(log) == 2)
    line.cut()
    far.browser.wait(lambda: "Press Continue again." in far.browser.text("#notice"), 20)
    assert (far.answer, far.state) == ("The tide", "stopped")
    line.mend()
    if pressed:
        far.click("button", "Continue")
    else:
        woken_online(far)
    far.wait_state("running")
    model_server.release("rest")
    far.wait_state("complete")
    far.agrees(one_server.address)
    assert (far.answer, len(model_server.requests())) == (TIDE, 2)


def test_a_hidden_tab_gives_its_connection_back_and_goes_on_when_shown(
    page: Page, one_server: ChatStream, model_server: ModelServer
) -> None:
    midway(page, model_server)
    page.hide()
    time.sleep(8)
    assert page.browser.evaluate(FRAMES) == 0
    model_server.release("more")
    model_server.wait_ended()
    time.sleep(1)
    assert page.state == "running"
    page.show()
    goes_on(page, one_server, model_server)
    page.browser.wait(lambda: page.browser.evaluate(FRAMES) == 1)


# -- the server itself


@pytest.fixture
def own(serve: Serve) -> ChatStream:
    return serve(CHATSTREAM_DRAIN_S="1")


def interrupted(page: Page, server: ChatStream, model_server: ModelServer) -> None:
    """The end is told, what arrived is kept, and Continue writes the rest."""
    page.browser.wait(lambda: page.state == "interrupted", 60)
    assert page.answer == "The tide"
    assert page.ending.endswith("Continue · Retry")
    assert (page.phase, page.draft, page.focus) == ("", "A draft", "prompt")
    page.agrees(server.address)
    model_server.script(answer("comes in twice a day."))
    page.click("button", "Continue")
    page.wait_state("complete")
    assert (page.answer, page.draft) == (TIDE, "A draft")
    page.agrees(server.address)


def test_a_restarted_server_says_how_far_it_came(own: ChatStream, browser: Browser, model_server: ModelServer) -> None:
    page = midway(Page(browser, own.url), model_server)
    own.restart()
    interrupted(page, own, model_server)


def test_a_killed_worker_leaves_an_answer_to_continue(
    own: ChatStream, browser: Browser, model_server: ModelServer
) -> None:
    page = midway(Page(browser, own.url), model_server)
    time.sleep(1)  # what arrived is stored by now
    own.kill_worker()
    interrupted(page, own, model_server)


def test_what_a_killed_worker_had_not_stored_is_not_shown_as_kept(
    own: ChatStream, browser: Browser, model_server: ModelServer
) -> None:
    words = [["text", f"word{number} "] for number in range(200)]
    model_server.script([*words[:100], ["gate", "kill"], *words[100:], ["gate", "never"]])
    page = Page(browser, own.url).open()
    page.ask("Say many words")
    browser.wait(lambda: page.answer.endswith("word99"))
    model_server.release("kill")
    browser.wait(lambda: page.answer.endswith("word199"))
    own.kill_worker()
    browser.wait(lambda: page.state == "interrupted", 60)
    page.agrees(own.address)
    assert "".join(text for _, text in words).startswith(page.answer)


def test_behind_a_gateway_a_server_that_is_away_is_told_like_one_out_of_reach(
    own: ChatStream, browser: Browser, model_server: ModelServer
) -> None:
    with Nginx(BEHIND, {"APP": own.address, "PORT": "{port}"}) as gateway:
        page = Page(browser, gateway.url).open()
        own.kill()
        page.ask("Is anybody there?")
        page.wait_state("unsent")
        assert page.ending == "The server could not be reached. Your message is kept here. Retry"
        own.start()
        page.click("button", "Retry")
        page.wait_state("complete")
        assert page.messages == [("You", "Is anybody there?"), ("Assistant", "Hello world")]


def test_a_server_that_finishes_its_answers_before_it_stops_loses_nothing(
    serve: Serve, browser: Browser, model_server: ModelServer
) -> None:
    server = serve(CHATSTREAM_DRAIN_S="10")
    page = midway(Page(browser, server.url), model_server)
    model_server.release("more")
    server.restart()
    goes_on(page, server, model_server)
