"""Tools on the page: how a chat allows them, and what is seen of their use."""

from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer
from tests.web.conftest import Serve
from tests.web.page.page import LAST, Page, two_tabs

Steps = list[list[Any]]
MENU = "#topbar-menu summary"
CHECKED = "return [...document.querySelectorAll('#tools :checked')].map((box) => box.value)"


@pytest.fixture(scope="module")
def one_server(serve: Serve) -> ChatStream:
    return serve(CHATSTREAM_TOOLS="tests.tools.odd_tools", CHATSTREAM_TOOL_S="30")


def calling(*wanted: tuple[str, str], text: str = "") -> Steps:
    """A round in which the model calls tools, after this text."""
    calls = [
        {"index": n, "id": f"c{n}", "function": {"name": name, "arguments": arguments}}
        for n, (name, arguments) in enumerate(wanted)
    ]
    said: Steps = [["text", text]] if text else []
    return [*said, *(["delta", {"tool_calls": [call]}] for call in calls), ["finish", "tool_calls"], ["done"], ["end"]]


def allow(page: Page, *names: str) -> None:
    """Open the menu and choose these, as a person does."""
    page.open_menu()
    for box in page.browser.find_all("checkbox"):
        if box.get_attribute("value") in names:
            box.click()
    page.open_menu()


def allowed(page: Page) -> list[str]:
    found: list[str] = page.browser.evaluate(CHECKED)
    return found


def kept(page: Page, server: ChatStream) -> list[str]:
    found: list[str] = Api(server.address).get(f"/chat/{page.chat_id}").json["tools"]
    return found


# -- allowing


def test_a_new_chat_is_begun_with_the_tools_that_were_chosen(
    page: Page, one_server: ChatStream, model_server: ModelServer
) -> None:
    assert allowed(page) == []
    allow(page, "clock", "calculate")
    page.ask("With tools")
    page.wait_state("complete")
    offered = [tool["function"]["name"] for tool in model_server.requests()[0]["body"]["tools"]]
    assert sorted(offered) == ["calculate", "clock"]
    page.reload()
    assert sorted(allowed(page)) == sorted(kept(page, one_server)) == ["calculate", "clock"]
    page.open("/")
    assert allowed(page) == []
    page.ask("Without")
    page.wait_state("complete")
    assert "tools" not in model_server.requests()[-1]["body"]


def test_a_chat_keeps_what_is_changed_in_its_menu(page: Page, one_server: ChatStream) -> None:
    page.ask("Change the tools")
    page.wait_state("complete")
    allow(page, "clock", "hang")
    page.browser.wait(lambda: sorted(kept(page, one_server)) == ["clock", "hang"])
    allow(page, "hang")
    page.browser.wait(lambda: kept(page, one_server) == ["clock"])
    page.reload()
    assert allowed(page) == ["clock"]
    assert page.browser.console() == []


def test_the_menu_works_by_keyboard(page: Page, one_server: ChatStream) -> None:
    page.ask("By keyboard")
    page.wait_state("complete")
    page.browser.driver.find_element(By.CSS_SELECTOR, MENU).send_keys(Keys.ENTER)
    for _ in range(20):
        page.press(Keys.TAB)
        focused = page.browser.driver.switch_to.active_element
        if focused.get_attribute("value") == "clock":
            break
    assert focused.accessible_name == "clock Tell the present date, time and day of the week."
    assert page.browser.driver.find_element(By.ID, "tools").accessible_name == "Tools the model may use"
    page.press(Keys.SPACE)
    page.browser.wait(lambda: kept(page, one_server) == ["clock"])
    page.press(Keys.ESCAPE)
    assert page.browser.driver.switch_to.active_element.accessible_name == "Chat options"


def test_a_change_that_fails_is_taken_back_and_told(page: Page) -> None:
    page.ask("Offline")
    page.wait_state("complete")
    page.browser.go_offline()
    allow(page, "clock")
    page.browser.wait(lambda: "The tools were not changed." in page.browser.text("#toast"))
    assert allowed(page) == []


def test_what_is_chosen_while_the_first_answer_is_awaited_is_kept(
    page: Page, one_server: ChatStream, model_server: ModelServer
) -> None:
    model_server.script([["gate", "head"], *answer("Hello")])
    allow(page, "clock")
    page.ask("Change at once")
    model_server.wait(len)
    allow(page, "clock", "calculate")
    model_server.release("head")
    page.wait_state("complete")
    page.browser.wait(lambda: kept(page, one_server) == ["calculate"])


def test_what_another_device_allows_is_seen_on_coming_back(page: Page, one_server: ChatStream) -> None:
    page.ask("On the desk")
    page.wait_state("complete")
    Api(one_server.address).call("PATCH", f"/chat/{page.chat_id}", {"tools": ["clock"]})
    page.hide()
    page.show()
    page.browser.wait(lambda: allowed(page) == ["clock"])


@pytest.mark.parametrize("width", [320, 390])
def test_the_menu_fits_a_phone(page: Page, width: int) -> None:
    page.browser.resize(width, 640)
    page.open_menu()
    assert page.overflow == 0
    low, right = page.browser.evaluate(
        """const at = document.querySelector('#topbar-menu .menu-panel').getBoundingClientRect()
        return [at.bottom, at.right]"""
    )
    assert (low <= 640, right <= width) == (True, True)
    over = "return document.elementFromPoint(arguments[0], arguments[1]).closest('.menu-panel') !== null"
    assert page.browser.evaluate(over, right - 40, low - 20)
    heights = "return [...document.querySelectorAll('.menu-tool')].map((label) => label.getBoundingClientRect().height)"
    assert min(page.browser.evaluate(heights)) >= 44


# -- using


def test_a_result_stands_under_its_call_live_and_later(
    page: Page, one_server: ChatStream, model_server: ModelServer
) -> None:
    model_server.script(
        calling(("calculate", '{"expression": "6 * 7"}'), ("refuse", '{"why": "No such port."}'), text="Let me see. ")
    )
    model_server.script([["gate", "more"], *answer("It is 42")])
    allow(page, "calculate", "refuse")
    page.ask("What is 6 times 7?")
    seen = [
        ["Calls calculate", '{"expression": "6 * 7"}', "It gave", "42"],
        ["Calls refuse", '{"why": "No such port."}', "It failed, and the model was told", "No such port."],
    ]
    page.browser.wait(lambda: page.tools == seen)
    page.browser.wait(lambda: page.phase.startswith("Waiting for test-model"))
    page.reload()
    page.browser.wait(lambda: page.tools == seen and page.phase.startswith("Waiting for test-model"))
    model_server.release("more")
    page.wait_state("complete")
    for _ in range(2):
        assert (page.tools, page.answer, page.phase) == (seen, "Let me see.\n\nIt is 42", "")
        page.reload()
    page.browser.disable_javascript()
    page.reload()
    assert (page.tools, page.answer) == (seen, "Let me see.\n\nIt is 42")


@pytest.mark.parametrize("text", ["", "Let me see. "])
def test_the_phase_tells_which_tool_runs(page: Page, model_server: ModelServer, text: str) -> None:
    model_server.script(calling(("hang", "{}"), ("calculate", '{"expression": "6 * 7"}'), text=text))
    allow(page, "hang", "calculate")
    page.ask("Hang")
    page.browser.wait(lambda: page.phase.startswith("Running hang · "))
    assert page.tools[1][2:] == ["It gave", "42"]
    page.click("button", "Stop")
    page.wait_state("stopped")
    assert (page.phase, page.tools[0]) == ("", ["Calls hang", "{}"])


TOPS = f"""const top = (part) => part.getBoundingClientRect().top
return [...{LAST}.querySelectorAll('.answer > p, .tool')].map((part) => top(part) - top({LAST}))"""


def test_tools_stand_where_they_were_called_live_and_later(
    browser: Browser, one_server: ChatStream, model_server: ModelServer
) -> None:
    page, late = two_tabs(browser, one_server.url)
    model_server.script(calling(("calculate", '{"expression": "6 * 7"}'), text="Let me 😀 see. "))
    model_server.script([["gate", "second"], *calling(("clock", "{}"), ("refuse", '{"why": "No."}'))])
    model_server.script([["gate", "third"], *calling(("calculate", '{"expression": "1 + 1"}'), text="Later, then.")])
    model_server.script([["gate", "end"], *answer("It is 42")])
    allow(page, "calculate", "clock", "refuse")
    page.ask("What is 6 times 7?")
    said = ["Let me 😀 see.", "calculate"]
    page.browser.wait(lambda: page.said == said and page.tools[-1][2:] == ["It gave", "42"])
    tops = page.browser.evaluate(TOPS)
    assert tops == sorted(tops)
    model_server.release("second")
    said += ["clock", "refuse"]
    page.browser.wait(lambda: page.said == said and "It failed, and the model was told" in page.tools[-1])
    assert page.browser.evaluate(TOPS)[: len(tops)] == tops, "what was there has moved"
    page.reload()
    assert page.said == said
    model_server.release("third")
    said += ["Later, then.", "calculate"]
    page.browser.wait(lambda: page.said == said and page.tools[-1][2:] == ["It gave", "2"])
    page.reload()
    page.browser.wait(lambda: page.phase.startswith("Waiting for "))
    assert page.said == said
    late.open(f"/c/{page.chat_id}")
    model_server.release("end")
    for tab in (page, late):
        tab.wait_state("complete")
        assert tab.said == [*said, "It is 42"]
    page.reload()
    assert page.said == [*said, "It is 42"]
    page.browser.disable_javascript()
    page.reload()
    assert page.said == [*said, "It is 42"]
    page.agrees(one_server.address)


def test_a_shared_page_shows_them_in_their_places_while_they_are_called(
    browser: Browser, one_server: ChatStream, model_server: ModelServer
) -> None:
    api = Api(one_server.address)
    ids, _ = api.answer("Begin with tools", tools=["calculate"])
    path = api.post(f"/chat/{ids['chatId']}/share").json["path"]
    wanted = ("calculate", '{"expression": "6 * 7"}')
    model_server.script([["text", "One. "], ["gate", "first"], *calling(wanted)])
    model_server.script([["gate", "second"], *calling(wanted, text="Two. ")])
    model_server.script([["gate", "end"], *answer("It is 42")])
    api.ask("What is 6 times 7?", chatId=ids["chatId"])
    model_server.wait(lambda log: len(log) == 2)
    page = Page(browser, one_server.url).open(path)
    said = ["One."]
    for gate, more in (("first", ["calculate"]), ("second", ["Two.", "calculate"]), ("end", ["It is 42"])):
        browser.wait(lambda said=said: page.said == said)
        model_server.release(gate)
        said = said + more
    browser.wait(lambda: page.said == said and page.state == "complete")
    assert browser.console() == []
    page.reload()
    assert page.said == said


def test_an_answer_of_another_device_has_its_tools_in_their_places(
    page: Page, one_server: ChatStream, model_server: ModelServer
) -> None:
    page.ask("On the desk")
    page.wait_state("complete")
    model_server.script(calling(("calculate", '{"expression": "6 * 7"}'), text="Let me 😀 see. "))
    model_server.script(answer("It is 42"))
    Api(one_server.address).answer("From the phone", chatId=page.chat_id, tools=["calculate"])
    page.hide()
    page.show()
    page.browser.wait(lambda: page.said == ["Let me 😀 see.", "calculate", "It is 42"])
    page.reload()
    assert page.said == ["Let me 😀 see.", "calculate", "It is 42"]


def test_a_long_result_scrolls_in_its_place(page: Page, model_server: ModelServer) -> None:
    model_server.script(calling(("talk", '{"characters": 9000}')))
    model_server.script(answer("So much"))
    allow(page, "talk")
    page.browser.resize(390, 844)
    page.ask("Talk")
    page.wait_state("complete")
    shown, whole = page.browser.evaluate(
        f"const result = {LAST}.querySelector('.tool-result'); return [result.clientHeight, result.scrollHeight]"
    )
    assert shown < 200 < whole
    assert page.overflow == 0
    assert page.browser.evaluate(f"return {LAST}.querySelector('.tool-result').tabIndex") == 0


def test_a_result_is_only_ever_text(page: Page, model_server: ModelServer) -> None:
    hostile = "<img src=x onerror='window.harm = 1'></pre></div><b>bold</b>"
    model_server.script(calling(("refuse", '{"why": "\\n' + hostile + '"}')))
    model_server.script(answer("I see"))
    allow(page, "refuse")
    page.ask("Try")
    page.wait_state("complete")
    result = f"return {LAST}.querySelector('.tool-result').textContent"
    for _ in range(2):
        assert page.browser.evaluate(result) == "\n" + hostile
        assert page.browser.evaluate("return window.harm ?? null") is None
        page.reload()


# -- without JavaScript


def test_without_javascript_the_live_page_shows_what_was_called(
    browser: Browser, one_server: ChatStream, model_server: ModelServer
) -> None:
    page = Page(browser, one_server.url).open()
    allow(page, "calculate", "refuse")
    page.ask("Begin with tools")
    page.wait_state("complete")
    browser.disable_javascript()
    page.reload()
    refused = ("refuse", '{"why": "<b>No</b> port."}')
    model_server.script(calling(("calculate", '{"expression": "6 * 7"}'), refused, text="Let me see. "))
    *cut, _, _, _ = calling(("calculate", '{"expression'), text="It is 42. ")
    model_server.script([*cut, ["sleep", 0.1], ["rst"]])
    page.write("What is 6 times 7?")
    page.click("button", "Send")
    seen = [
        ["Calls calculate", '{"expression": "6 * 7"}', "It gave", "42"],
        ["Calls refuse", refused[1], "It failed, and the model was told", "<b>No</b> port."],
        ["Calls calculate", '{"expression'],
    ]
    browser.wait(lambda: sorted(page.tools) == sorted(seen))  # live in the order of their results
    words = browser.text(".message:last-child")
    order = [words.index(text) for text in ("Let me see.", "Calls refuse", "It is 42.", "The connection to")]
    assert order == sorted(order)
    assert [button.text for button in browser.find_all("button") if button.text in ("Continue", "Retry")] == ["Retry"]
    page.click("link", "Begin with tools")
    assert page.tools == seen


def test_without_javascript_a_result_is_shown_while_the_answer_is_written(
    one_server: ChatStream, model_server: ModelServer
) -> None:
    api = Api(one_server.address)
    chat = api.post("/chat", {"prompt": "Begin with tools", "tools": ["calculate"]}).json["chatId"]
    model_server.script(calling(("calculate", '{"expression": "6 * 7"}')))
    model_server.script([["gate", "more"], *answer("It is so")])
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    streamed = api.open("POST", "/", f"chatId={chat}&prompt=What+is+it".encode(), form)
    read = b""
    while b"\n42</pre>" not in read:
        read += streamed._response.read1()  # as much as has come
    model_server.release("more")
    assert b"It is so" in streamed.text()


def test_without_javascript_there_is_no_choice_that_does_nothing(browser: Browser, one_server: ChatStream) -> None:
    browser.disable_javascript()
    page = Page(browser, one_server.url).open()
    shown = "return ['#tools', '#topbar-menu'].map((name) => document.querySelector(name).checkVisibility())"
    assert browser.evaluate(shown) == [False, False]
    page.ask("Plainly")
    page.open(
        page.browser.driver.find_element(By.CSS_SELECTOR, ".chat-link").get_attribute("href").removeprefix(page.url)
    )
    page.open_menu()
    assert browser.find("button", "Delete this chat")
    assert browser.evaluate(shown) == [False, True]
