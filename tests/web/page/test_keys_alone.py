"""Without a mouse: what is done with chats, branches and settings, by Tab, Enter and the arrows."""

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.api import Api
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer
from tests.web.conftest import Serve
from tests.web.page.page import Page
from tests.web.page.test_chats import groups


@pytest.fixture
def page(serve: Serve, browser: Browser, model_server: ModelServer) -> Page:
    """A chat "Keys" in the list and open, alone on its server."""
    page = Page(browser, serve().url).open()
    page.ask("Keys")
    page.wait_state("complete")
    return page


def press(page: Page, *keys: str) -> None:
    """As from the keyboard, which no element is chosen for."""
    ActionChains(page.browser.driver).send_keys(*keys).perform()


def name(page: Page) -> str:
    """Of what has the focus."""
    return str(page.browser.driver.switch_to.active_element.accessible_name)


def reach(page: Page, wanted: str) -> None:
    for _ in range(60):
        if name(page) == wanted:
            return
        press(page, Keys.TAB)
    raise AssertionError(f"Tab never comes to {wanted!r}")


def choose(page: Page, wanted: str) -> None:
    """In the menu of the chat in the list."""
    reach(page, "Options for Keys")
    press(page, Keys.ENTER)
    page.browser.wait(lambda: name(page) == "Rename")
    for _ in range(10):
        if name(page) == wanted:
            break
        press(page, Keys.ARROW_DOWN)
    press(page, Keys.ENTER)


def test_the_arrows_walk_the_menu_around(page: Page) -> None:
    reach(page, "Options for Keys")
    press(page, Keys.ENTER)
    page.browser.wait(lambda: name(page) == "Rename")
    walked = []
    for _ in range(8):
        walked.append(name(page))
        press(page, Keys.ARROW_DOWN)
    exports = ["Export as Markdown", "Export as JSON"]
    assert walked == ["Rename", "Pin", "Share", *exports, "Archive", "Delete", "Rename"]
    press(page, Keys.ARROW_UP, Keys.ARROW_UP)
    assert name(page) == "Delete"
    press(page, Keys.ESCAPE)
    page.browser.wait(lambda: not page.browser.find_all("menuitem"))


def test_a_chat_is_pinned_and_unpinned(page: Page) -> None:
    for action, group in (("Pin", "Pinned"), ("Unpin", "Today")):
        choose(page, action)
        page.browser.wait(lambda group=group: groups(page)[0][0] == group)


@pytest.mark.parametrize("action", ["Archive", "Delete"])
def test_what_takes_a_chat_away_is_undone(page: Page, action: str) -> None:
    choose(page, action)
    page.browser.wait(lambda: page.chats == [])
    reach(page, "Undo")
    press(page, Keys.ENTER)
    page.browser.wait(lambda: page.chats == ["Keys"])
    assert not page.browser.evaluate("return document.querySelector('[data-shut], #dock[inert]') !== null")


def test_a_chat_is_shared_and_not_any_more(page: Page) -> None:
    api = Api(page.url.removeprefix("http://"))
    choose(page, "Share")
    page.browser.find("button", "Copy link")
    assert api.get(f"/chat/{page.chat_id}").json["share"]
    reach(page, "Stop sharing")
    press(page, Keys.ENTER)
    page.browser.wait(lambda: not api.get(f"/chat/{page.chat_id}").json.get("share"))


def test_branches_are_made_and_walked(page: Page) -> None:
    first, edited = [("You", "Keys"), ("Assistant", "Hello world")], ("You", "More keys")
    reach(page, "Edit")
    press(page, Keys.ENTER)
    page.browser.wait(lambda: name(page) == "Question")
    press(page, Keys.HOME, "More ", Keys.DELETE, "k", Keys.ENTER)
    page.browser.wait(lambda: page.messages == [edited, first[1]] and page.state == "complete")
    reach(page, "Earlier branch")
    press(page, Keys.ENTER)
    page.browser.wait(lambda: page.messages == first)
    reach(page, "Later branch")
    press(page, Keys.ENTER)
    page.browser.wait(lambda: page.messages == [edited, first[1]])
    reach(page, "Regenerate")
    press(page, Keys.ENTER)
    page.browser.wait(lambda: "2/2" in page.browser.text("[data-role=assistant]") and page.state == "complete")


def test_settings_are_opened_filled_and_saved(page: Page, model_server: ModelServer) -> None:
    reach(page, "Chat options")
    press(page, Keys.ENTER)
    reach(page, "System prompt and parameters")
    press(page, Keys.ENTER)
    page.browser.find("textbox", "System prompt")
    reach(page, "System prompt")
    press(page, "Be brief.")
    reach(page, "Temperature")
    press(page, "0.5")
    reach(page, "Save")
    press(page, Keys.ENTER)
    api = Api(page.url.removeprefix("http://"))
    page.browser.wait(lambda: api.get(f"/chat/{page.chat_id}").json["system"] == "Be brief.")
    assert api.get(f"/chat/{page.chat_id}").json["params"] == {"temperature": 0.5}
