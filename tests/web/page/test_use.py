"""The page by keyboard, as it is heard, its list of chats, and all of it without JavaScript."""

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer, failure
from tests.web.conftest import Serve
from tests.web.page.page import GATED, SENT, TIDE, Page

INERT = "return document.querySelector('#main').hasAttribute('data-shut') && document.querySelector('#dock').inert"

# -- by keyboard, and as it is heard


def test_enter_sends_and_shift_enter_breaks_the_line(page: Page) -> None:
    page.write("one")
    page.press(Keys.SHIFT + Keys.ENTER)
    page.press("two")
    assert page.draft == "one\ntwo"
    composing = "new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true})"
    page.browser.evaluate(f"document.querySelector('#prompt').dispatchEvent({composing})")
    assert page.browser.evaluate(SENT) == 0
    page.press(Keys.ENTER)
    page.wait_state("complete")
    assert page.messages[0] == ("You", "one\ntwo")


def test_everything_is_reached_by_tab(page: Page) -> None:
    page.ask("Reach me")
    page.wait_state("complete")
    page.open("/")
    seen = []
    for _ in range(200):
        page.press(Keys.TAB)
        focused = page.browser.driver.switch_to.active_element
        seen.append(focused.accessible_name)
        if focused.get_attribute("id") == "send":
            break
    names = ["Skip to the message box", "New chat", "Search chats", "Reach me", "Options for Reach me", "Message"]
    assert [name for name in seen if name in names][:4] == names[:4]
    assert set(names) <= set(seen)


def test_start_and_end_are_announced_beside_a_silent_transcript(page: Page, model_server: ModelServer) -> None:
    model_server.script(GATED)
    page.ask("Read this aloud")
    page.wait_answer("The tide ")
    assert page.browser.text("#announcer") == "The answer is being written."
    assert (
        page.browser.evaluate("return document.querySelector('#transcript').closest('[aria-live], [role=log]')") is None
    )
    model_server.release("more")
    page.browser.wait(lambda: page.browser.text("#announcer") == "The answer is complete.")


# -- the list of chats


def test_a_chat_is_renamed_in_the_list_and_in_the_bar(page: Page) -> None:
    page.ask("Plain title")
    page.wait_state("complete")
    page.click("button", "Options for Plain title")
    page.browser.wait(lambda: page.browser.find_all("menuitem", "Rename"))[0].click()
    page.press(Keys.CONTROL + "a")
    page.press("Better title", Keys.ENTER)
    page.browser.wait(lambda: page.title == "Better title · ChatStream")
    page.reload()
    assert "Better title" in page.chats
    page.browser.find("heading", "Better title")


def test_a_deleted_chat_can_be_had_back(page: Page, one_server: ChatStream) -> None:
    page.ask("Keep me")
    page.wait_state("complete")
    chat = page.browser.driver.current_url.rsplit("/", 1)[1]
    for _ in range(2):
        page.click("button", "Options for Keep me")
        page.browser.wait(lambda: page.browser.find_all("menuitem", "Delete"))[0].click()
        page.browser.wait(lambda: "Keep me" not in page.chats)
        assert page.browser.evaluate(INERT)
        page.click("button", "Undo")
        page.browser.wait(lambda: "Keep me" in page.chats)
        assert not page.browser.evaluate(INERT)
    assert Api(one_server.address).get(f"/chat/{chat}").status == 200


def test_leaving_the_page_deletes_what_was_not_had_back(page: Page, one_server: ChatStream) -> None:
    page.ask("Delete me")
    page.wait_state("complete")
    chat = page.browser.driver.current_url.rsplit("/", 1)[1]
    page.click("button", "Options for Delete me")
    page.browser.wait(lambda: page.browser.find_all("menuitem", "Delete"))[0].click()
    page.browser.wait(lambda: "Delete me" not in page.chats)
    page.open("/")
    page.browser.wait(lambda: Api(one_server.address).get(f"/chat/{chat}").status == 404)


def test_search_finds_by_what_was_said(page: Page, model_server: ModelServer) -> None:
    for word in ("periwinkle", "limpet"):
        model_server.script(answer(f"A {word} lives on the shore."))
        page.open("/").ask(f"About the {word}")
        page.wait_state("complete")
    page.browser.find("searchbox", "Search chats").send_keys("limpet")
    page.browser.wait(lambda: page.chats == ["About the limpet"])
    page.press("nowhere")
    page.browser.wait(lambda: "No chat has “limpetnowhere” in it." in page.browser.text("#chats"))


def test_older_chats_come_as_one_gets_there(serve: Serve, browser: Browser, model_server: ModelServer) -> None:
    server = serve()
    api = Api(server.address)
    for number in range(60):
        api.post("/chat", {"prompt": f"Chat {number}"})
    page = Page(browser, server.url).open()
    assert len(page.chats) == 50
    browser.evaluate("document.querySelector('#chats').scrollTop = 1e6")
    browser.wait(lambda: page.chats == [f"Chat {number}" for number in reversed(range(60))])


# -- without JavaScript


def test_without_javascript_the_answer_streams_into_the_page(one_server: ChatStream, model_server: ModelServer) -> None:
    model_server.script(GATED)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    streamed = Api(one_server.address).open("POST", "/", b"prompt=Hello+sea", form)
    read = b""
    while b"The tide " not in read:
        read += streamed._response.read1()  # as much as has come
    before = read.decode()
    assert before.index('id="composer"') < before.index("The tide ")
    assert "Hello sea" in before
    assert "</article>" not in before.split("The tide ")[1]
    model_server.release("more")
    assert "comes in twice a day." in streamed.text().decode()


def test_without_javascript_everything_needed_works(page: Page, model_server: ModelServer) -> None:
    page.browser.disable_javascript()
    page.open("/")
    model_server.script(failure(500, "out of memory"))
    page.write("No script here")
    page.click("button", "Send")
    page.browser.wait(lambda: "out of memory" in page.browser.text())
    page.click("button", "Retry")
    page.browser.wait(lambda: page.messages == [("You", "No script here"), ("Assistant", "Hello world")])
    page.browser.driver.find_element(By.CSS_SELECTOR, "#topbar-menu summary").click()
    title = page.browser.find("textbox", "Title")
    title.clear()
    title.send_keys("Renamed by form", Keys.ENTER)
    page.browser.find("heading", "Renamed by form")
    page.browser.find("searchbox", "Search chats").send_keys("Renamed", Keys.ENTER)
    page.browser.wait(lambda: page.chats == ["Renamed by form"])
    page.click("link", "Renamed by form")
    page.browser.driver.find_element(By.CSS_SELECTOR, "#topbar-menu summary").click()
    page.click("button", "Delete this chat")
    page.browser.wait(lambda: "Renamed by form" not in page.chats)


def test_a_form_sent_before_the_script_came_is_taken_over(page: Page, model_server: ModelServer) -> None:
    model_server.script(answer(TIDE, pause=0.05))
    page.write("Sent early")
    page.browser.evaluate("document.querySelector('#composer').submit()")
    page.browser.wait(lambda: page.state == "complete" and "/c/" in page.browser.driver.current_url)
    assert page.messages == [("You", "Sent early"), ("Assistant", TIDE)]
    assert page.browser.evaluate("return document.querySelectorAll('.figures').length") == 1
