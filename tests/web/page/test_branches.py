"""Single messages on the page: copied, edited, answered anew, deleted; and the way between branches."""

import time
from collections.abc import Callable

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer
from tests.web.page.page import GATED, TIDE, Page, two_tabs

MARKDOWN = "# Tides\n\n- **two** a day\n- `one` <b>moon</b>\n"
ASKED = [("You", "Why twice?"), ("Assistant", "Two bulges."), ("You", "And the sun?"), ("Assistant", "Less.")]


def button(page: Page, message: int, name: str) -> WebElement:
    """The button of that name under a message, counted from the page's first."""
    article = page.browser.driver.find_elements(By.CSS_SELECTOR, ".message")[message]
    page.browser.evaluate("arguments[0].querySelector('.actions').scrollIntoView({block: 'center'})", article)
    return next(b for b in article.find_elements(By.TAG_NAME, "button") if name in (b.text, b.accessible_name))


def places(page: Page) -> list[str]:
    """What the walkers say, of each message; nothing where it has no siblings."""
    script = """return [...document.querySelectorAll('.message')].map((m) => m.querySelector('.walker')).map(
        (walker) => (walker?.checkVisibility() ? walker.innerText.replaceAll('\\n', '') : ''))"""
    return [str(text) for text in page.browser.evaluate(script)]


def talk(page: Page, model_server: ModelServer) -> None:
    """Asks ASKED."""
    for at in (0, 2):
        model_server.script(answer(ASKED[at + 1][1]))
        page.ask(ASKED[at][1])
        page.browser.wait(lambda at=at: page.messages == ASKED[: at + 2] and page.state == "complete")


def shows(page: Page, *messages: tuple[str, str]) -> None:
    page.browser.wait(lambda: page.messages == list(messages) and page.state == "complete")


def test_any_answer_is_written_anew_beside_the_old(
    page: Page, model_server: ModelServer, one_server: ChatStream
) -> None:
    talk(page, model_server)
    model_server.script(answer("The moon pulls."))
    button(page, 1, "Regenerate").click()
    shows(page, ASKED[0], ("Assistant", "The moon pulls."))
    assert places(page) == ["", "‹2/2›"]
    button(page, 1, "Regenerate").click()
    shows(page, ASKED[0], ("Assistant", "Hello world"))
    assert places(page) == ["", "‹3/3›"]
    button(page, 1, "Earlier branch").click()
    shows(page, ASKED[0], ("Assistant", "The moon pulls."))
    button(page, 1, "Earlier branch").click()
    shows(page, *ASKED)
    assert places(page) == ["", "‹1/3›", "", ""]
    page.agrees(one_server.address)
    page.reload()
    assert page.messages == ASKED
    assert places(page) == ["", "‹1/3›", "", ""]


def test_an_edited_question_begins_another_branch(
    page: Page, model_server: ModelServer, one_server: ChatStream
) -> None:
    talk(page, model_server)
    for text in ("Why not once?", "Why not thrice?"):
        button(page, 0, "Edit").click()
        page.press(Keys.CONTROL + "a")
        page.press(text, Keys.ENTER)
        shows(page, ("You", text), ("Assistant", "Hello world"))
    assert places(page) == ["‹3/3›", ""]
    assert [m["content"] for m in model_server.requests()[-1]["body"]["messages"]] == ["Why not thrice?"]
    button(page, 0, "Earlier branch").click()
    shows(page, ("You", "Why not once?"), ("Assistant", "Hello world"))
    button(page, 0, "Earlier branch").click()
    shows(page, *ASKED)
    button(page, 2, "Edit").click()
    page.press(" Really?", Keys.ENTER)
    shows(page, *ASKED[:2], ("You", "And the sun? Really?"), ("Assistant", "Hello world"))
    page.agrees(one_server.address)
    asked = [m["content"] for m in model_server.requests()[-1]["body"]["messages"]]
    assert asked == ["Why twice?", "Two bulges.", "And the sun? Really?"]


def test_an_edit_that_is_not_sent_changes_nothing(page: Page, model_server: ModelServer) -> None:
    talk(page, model_server)
    for leave in (lambda: page.press(Keys.ESCAPE), lambda: page.click("button", "Cancel")):
        button(page, 0, "Edit").click()
        page.press("never sent")
        leave()
        assert page.messages == ASKED
        assert page.browser.driver.switch_to.active_element.text == "Edit"
    button(page, 0, "Edit").click()
    page.browser.evaluate("document.activeElement.value = 'x'.repeat(2001)")
    page.press(Keys.ENTER)
    page.browser.wait(lambda: "cannot exceed" in page.browser.text("#notice"))
    assert page.messages == ASKED
    page.browser.wait(lambda: page.browser.evaluate("return document.activeElement.value?.length") == 2001)
    assert len(model_server.requests()) == 2


def test_what_is_copied_is_what_was_written(page: Page, model_server: ModelServer) -> None:
    origin = {"origin": page.url, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    page.browser.command("Browser.grantPermissions", **origin)
    read = "return navigator.clipboard.readText()"
    model_server.script(answer(MARKDOWN))
    page.write("In *Markdown*")
    page.press(Keys.SHIFT + Keys.ENTER)
    page.ask("please")
    page.wait_state("complete")
    for _ in range(2):  # streamed here, and of the history
        for message, text in ((1, MARKDOWN), (0, "In *Markdown*\nplease")):
            button(page, message, "Copy").click()
            page.browser.wait(lambda text=text: page.browser.evaluate(read) == text)
            page.browser.wait(lambda message=message: button(page, message, "Copied"))
        page.reload()


def test_the_same_sentence_twice_is_announced_twice(page: Page, model_server: ModelServer) -> None:
    origin = {"origin": page.url, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    page.browser.command("Browser.grantPermissions", **origin)
    talk(page, model_server)
    page.browser.evaluate("""window.heard = []
        const region = document.querySelector('#announcer');
        let last = region.textContent;
        const listen = () => region.textContent === last || heard.push(last = region.textContent);
        new MutationObserver(listen).observe(region, {childList: true, characterData: true, subtree: true})""")
    for count in (1, 2, 3):
        button(page, 1, "Copied" if count > 1 else "Copy").click()
        page.browser.wait(lambda count=count: len(page.browser.evaluate("return heard")) == count)
    assert [said.strip() for said in page.browser.evaluate("return heard")] == ["Copied."] * 3


def test_walking_leaves_the_message_and_the_focus_in_their_places(page: Page, model_server: ModelServer) -> None:
    page.browser.resize(900, 600)
    model_server.script(answer("Line\n" * 60))
    page.ask("Write a lot")
    page.wait_state("complete")
    talk_on = [("And more?", "More\n" * 60), ("And less?", "Less\n" * 30)]
    for question, text in talk_on:
        model_server.script(answer(text))
        page.ask(question)
        page.browser.wait(lambda text=text: page.answer == text.strip() and page.state == "complete")
    model_server.script(answer("Short."))
    button(page, 3, "Regenerate").click()
    page.browser.wait(lambda: page.answer == "Short." and page.state == "complete")
    top = "return Math.round(document.querySelectorAll('.message')[3].getBoundingClientRect().top)"
    before = page.browser.evaluate(top)
    button(page, 3, "Earlier branch").send_keys(Keys.ENTER)
    page.browser.wait(lambda: len(page.messages) == 6)
    assert page.browser.evaluate(top) == before
    assert page.browser.driver.switch_to.active_element.accessible_name == "Later branch"
    assert page.browser.text("#announcer") == "Branch 1 of 2."


def test_a_deleted_branch_can_be_had_back_and_then_goes(
    page: Page, model_server: ModelServer, one_server: ChatStream
) -> None:
    talk(page, model_server)
    model_server.script(answer("The moon pulls."))
    button(page, 1, "Regenerate").click()
    shows(page, ASKED[0], ("Assistant", "The moon pulls."))
    button(page, 1, "Earlier branch").click()
    shows(page, *ASKED)
    seen = "return [...document.querySelectorAll('.message')].filter((m) => m.checkVisibility()).length"
    button(page, 1, "Delete").click()
    page.browser.wait(lambda: page.browser.evaluate(seen) == 1)
    assert "Deleted the answer and the 2 messages after it." in page.browser.text("#toast")
    page.click("button", "Undo")
    page.browser.wait(lambda: page.browser.evaluate(seen) == 4)
    assert len(Api(one_server.address).history(page.chat_id)) == 5
    button(page, 1, "Delete").click()
    button(page, 0, "Edit").click()  # changes nothing yet
    page.press(Keys.ESCAPE)
    assert page.browser.find_all("button", "Undo")
    page.browser.wait(lambda: page.browser.evaluate(seen) == 1)
    page.ask("What is left?")  # does not wait until it cannot be undone any more
    shows(page, ASKED[0], ("Assistant", "The moon pulls."), ("You", "What is left?"), ("Assistant", "Hello world"))
    page.agrees(one_server.address)
    assert len(Api(one_server.address).history(page.chat_id)) == 4


def delete_slowly(page: Page, model_server: ModelServer, editing: bool = False) -> None:
    """The second question, over a network that lets the server know late. The first one may be edited meanwhile."""
    talk(page, model_server)
    if editing:
        button(page, 0, "Edit").click()
        page.browser.wait(lambda: page.browser.evaluate("return document.querySelector('.edit-field') !== null"))
    button(page, 2, "Delete").click()
    page.browser.wait(lambda: "Deleted the question" in page.browser.text("#toast"))
    page.browser.slow_down(4000)


def test_a_question_that_waits_for_a_deletion_is_asked_once(page: Page, model_server: ModelServer) -> None:
    delete_slowly(page, model_server)
    page.ask("Once")
    page.browser.find("button", "Cancel")  # until the deletion is done
    page.press(Keys.ENTER, Keys.ENTER)
    page.browser.slow_down(0)
    shows(page, *ASKED[:2], ("You", "Once"), ("Assistant", "Hello world"))
    time.sleep(1)
    assert (len(page.messages), page.draft, len(model_server.requests())) == (4, "", 3)


def test_a_question_that_waits_for_a_deletion_can_be_kept_back(page: Page, model_server: ModelServer) -> None:
    delete_slowly(page, model_server)
    page.ask("Not yet")
    page.press(Keys.ESCAPE)
    page.browser.slow_down(0)
    shows(page, *ASKED[:2])
    page.press(" then")
    assert (page.draft, len(model_server.requests())) == ("Not yet then", 2)


def begin_retry(page: Page) -> None:
    button(page, 1, "Regenerate").click()


def begin_edited(page: Page) -> None:
    page.browser.evaluate("document.querySelector('.edit-field').focus()")
    page.press(" Really?", Keys.ENTER)


@pytest.mark.parametrize(("begin", "asked"), [(begin_retry, ASKED[0]), (begin_edited, ("You", "Why twice? Really?"))])
def test_what_begins_a_branch_waits_for_a_deletion(
    page: Page, model_server: ModelServer, one_server: ChatStream, begin: Callable[[Page], None], asked: tuple[str, str]
) -> None:
    """Begun before, it would be taken off the page by the deletion's end."""
    delete_slowly(page, model_server, editing=begin is begin_edited)
    model_server.script(GATED)
    begin(page)
    page.browser.slow_down(0)
    page.browser.wait(lambda: len(model_server.requests()) == 3)
    assert "And the sun?" not in [m["content"] for m in Api(one_server.address).history(page.chat_id)]
    model_server.release("more")
    shows(page, asked, ("Assistant", TIDE))


def test_an_edit_that_another_answer_came_before_is_not_lost(page: Page, model_server: ModelServer) -> None:
    delete_slowly(page, model_server, editing=True)
    model_server.script(GATED)
    begin_edited(page)
    begin_retry(page)
    page.browser.slow_down(0)
    page.wait_answer("The tide ")
    page.browser.wait(lambda: "An answer is being written." in page.browser.text("#toast"))
    edited = "return document.querySelector('.edit-field')?.value"
    page.browser.wait(lambda: page.browser.evaluate(edited) == "Why twice? Really?")
    model_server.release("more")
    page.wait_state("complete")


def test_an_edit_whose_place_cannot_be_asked_for_is_not_lost(page: Page, model_server: ModelServer) -> None:
    """A question that was asked here has no id until the chat was read."""
    talk(page, model_server)
    button(page, 0, "Edit").click()
    page.browser.evaluate("delete document.querySelector('[data-role=user]').dataset.id")
    page.browser.go_offline()
    begin_edited(page)
    page.browser.wait(lambda: "The question cannot be edited." in page.browser.text("#toast"))
    assert page.browser.evaluate("return document.querySelector('.edit-field')?.value") == "Why twice? Really?"
    page.browser.go_online()
    page.press(Keys.ENTER)
    shows(page, ("You", "Why twice? Really?"), ("Assistant", "Hello world"))


def test_leaving_the_page_deletes_the_branch_that_was_not_had_back(
    page: Page, model_server: ModelServer, one_server: ChatStream
) -> None:
    talk(page, model_server)
    chat = page.chat_id
    button(page, 2, "Delete").click()
    page.browser.wait(lambda: "Deleted the question" in page.browser.text("#toast"))
    page.open("/")
    page.browser.wait(lambda: len(Api(one_server.address).history(chat)) == 2)


def test_a_branch_becomes_a_chat_of_its_own(page: Page, model_server: ModelServer) -> None:
    talk(page, model_server)
    first = page.chat_id
    button(page, 1, "Branch").click()
    page.browser.wait(lambda: page.title == "Branch of Why twice? · ChatStream")
    assert page.messages == ASKED[:2]
    assert page.chat_id != first
    assert page.chats[0] == "Branch of Why twice?"


def test_while_an_answer_is_written_others_can_be_looked_at(page: Page, model_server: ModelServer) -> None:
    talk(page, model_server)
    model_server.script(GATED)
    button(page, 3, "Regenerate").click()
    page.wait_answer("The tide ")
    button(page, 1, "Regenerate").click()
    page.browser.wait(lambda: "An answer is being written." in page.browser.text("#toast"))
    button(page, 3, "Earlier branch").click()
    shows(page, *ASKED)
    page.browser.wait(lambda: page.browser.driver.switch_to.active_element.accessible_name == "Later branch")
    page.browser.find("button", "Send")
    button(page, 3, "Later branch").click()
    page.wait_answer("The tide ")
    page.browser.find("button", "Stop")
    model_server.release("more")
    shows(page, *ASKED[:3], ("Assistant", TIDE))


def test_another_tab_follows_to_the_branch(one_server: ChatStream, browser: Browser, model_server: ModelServer) -> None:
    one, two = two_tabs(browser, one_server.url)
    talk(one, model_server)
    two.open(f"/c/{one.chat_id}")
    button(one, 3, "Regenerate").click()
    for tab in (one, two):
        shows(tab, *ASKED[:3], ("Assistant", "Hello world"))
    button(two, 3, "Earlier branch").click()
    for tab in (two, one):
        shows(tab, *ASKED)
        assert places(tab) == ["", "", "", "‹1/2›"]


def test_without_javascript_branches_are_walked_and_deleted(page: Page, model_server: ModelServer) -> None:
    talk(page, model_server)
    button(page, 1, "Regenerate").click()
    shows(page, ASKED[0], ("Assistant", "Hello world"))
    chat = page.browser.driver.current_url
    page.browser.disable_javascript()
    page.browser.open(chat)
    assert page.browser.find_all("button", "Copy") == []
    button(page, 1, "Earlier branch").click()
    shows(page, *ASKED)
    assert page.browser.driver.current_url.split("#")[1].startswith("m-")
    button(page, 3, "Regenerate").click()
    page.browser.wait(lambda: page.messages == [*ASKED[:3], ("Assistant", "Hello world")])
    page.browser.open(chat)
    button(page, 2, "Delete").click()
    shows(page, *ASKED[:2])


def test_a_long_chat_keeps_its_part_and_its_walkers(
    page: Page, one_server: ChatStream, model_server: ModelServer
) -> None:
    messages = [{"id": "m0", "role": "user", "content": "Question 0"}]
    for n in range(1, 120):
        role = "assistant" if n % 2 else "user"
        messages.append({"id": f"m{n}", "parentId": f"m{n - 1}", "role": role, "content": f"Message {n}"})
    messages.insert(112, {"id": "beside", "parentId": "m110", "role": "assistant", "content": "Beside"})
    body = {"format": "chatstream/1", "title": "Long", "leafId": "m119", "messages": messages}
    chat = Api(one_server.address).post("/chats/import", body).json["chats"][0]["_id"]
    page.browser.disable_javascript()
    page.open(f"/c/{chat}")
    assert len(page.messages) == 50
    assert places(page)[41] == "‹1/2›"
    page.browser.command("Emulation.setScriptExecutionDisabled", value=False)
    page.open(f"/c/{chat}")
    shown = len(page.messages)
    button(page, shown - 9, "Later branch").click()
    page.browser.wait(lambda: page.messages[-1] == ("Assistant", "Beside"))
    assert len(page.messages) == shown - 8


def test_the_way_to_a_branch_passes_by_what_was_read_before(page: Page, model_server: ModelServer) -> None:
    """A page that is used again looks at its chat: that look may end after the branch was chosen."""
    talk(page, model_server)
    model_server.script(answer("The moon pulls."))
    button(page, 1, "Regenerate").click()
    shows(page, ASKED[0], ("Assistant", "The moon pulls."))
    page.browser.evaluate("""const now = window.fetch
        window.fetch = async (...asked) => {
          const answer = await now(...asked)
          const reads = /chat.[0-9a-f]{24}$/.test(asked[0]) && !asked[1]?.method
          if (reads && !window.go) await new Promise((go) => (window.go = go))
          return answer
        }
        dispatchEvent(new Event('focus'))""")
    page.browser.wait(lambda: page.browser.evaluate("return !!window.go"))
    walker = button(page, 1, "Earlier branch")
    changed = "return performance.getEntriesByType('resource').length"
    before = page.browser.evaluate(changed)
    walker.click()
    page.browser.wait(lambda: page.browser.evaluate(changed) > before)
    page.browser.evaluate("go()")
    shows(page, *ASKED)
    page.browser.wait(lambda: page.browser.evaluate("return document.activeElement.ariaLabel") == "Later branch")
