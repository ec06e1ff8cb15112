"""Chats as files, by a person: a download that lands in a folder, and a file that is chosen, taken in and read."""

import json
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.file_detector import UselessFileDetector

from tests.api import Api
from tests.chats.files import Json, as_file, reasoned, tides
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer
from tests.web.conftest import Serve
from tests.web.page.page import TIDE, Page, two_tabs


@pytest.fixture
def page(serve: Serve, browser: Browser, model_server: ModelServer, tmp_path: Path) -> Page:
    """With one chat, on a server of its own; what is downloaded goes to `tmp_path`."""
    browser.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    page = Page(browser, serve().url).open()
    model_server.script(answer(TIDE))
    page.ask("When does the tide come in?")
    page.wait_state("complete")
    return page


def downloaded(page: Page, folder: Path, pattern: str) -> Path:
    """The file that came, whole: while it comes it has another name."""
    return page.browser.wait(lambda: next(iter(folder.glob(pattern)), None))


def take_in(page: Page, *paths: Path) -> None:
    page.open("/transfer")
    driver = page.browser.driver
    with driver.file_detector_context(UselessFileDetector):
        driver.find_element(By.ID, "file").send_keys("\n".join(map(str, paths)))
    page.click("button", "Import")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
@pytest.mark.parametrize("all_chats", [True, False], ids=["all", "one"])
def test_what_was_exported_is_taken_in_and_read(page: Page, tmp_path: Path, all_chats: bool, scripts: bool) -> None:
    api, chat = Api(page.url.removeprefix("http://")), page.chat_id
    if not scripts:
        page.browser.disable_javascript()
    if all_chats:
        page.open("/transfer")
        page.click("link", "Export all as JSON")
    else:
        page.open(f"/c/{chat}")
        page.open_menu()
        page.click("link", "Export as JSON")
    file = downloaded(page, tmp_path, "*.jsonl" if all_chats else "*.json")
    assert json.loads(file.read_text())["title"] == "When does the tide come in?"
    api.call("DELETE", f"/chat/{chat}")
    take_in(page, file)
    page.browser.wait(lambda: "1 chat imported." in page.browser.text(".outcome"))
    page.click("link", "When does the tide come in?")
    page.browser.wait(lambda: page.messages == [("You", "When does the tide come in?"), ("Assistant", TIDE)])


@pytest.mark.parametrize(
    ("chat", "said"),
    [(tides(), ("Why twice?", "Every 12.4 hours.", "‹2/2›")), (reasoned(), ("Why twice?", "Two bulges.", "‹1/2›"))],
    ids=["ChatGPT", "Open WebUI"],
)
def test_what_another_program_exported_is_taken_in_and_read(
    page: Page, tmp_path: Path, chat: Json, said: tuple[str, str, str]
) -> None:
    (tmp_path / "theirs.json").write_bytes(as_file(chat))
    take_in(page, tmp_path / "theirs.json")
    page.browser.wait(lambda: "1 chat imported." in page.browser.text(".outcome"))
    page.click("link", "Tides")
    page.browser.wait(lambda: page.title == "Tides · ChatStream")
    question, answered, place = said
    assert (page.messages[0][0], page.messages[1][0]) == ("You", "Assistant")
    assert question in page.messages[0][1]
    assert answered in page.messages[1][1]
    assert place in page.browser.text("#transcript").replace("\n", "")


def test_a_chat_is_downloaded_as_markdown(page: Page, tmp_path: Path) -> None:
    page.open_menu()
    page.click("link", "Export as Markdown")
    assert TIDE in downloaded(page, tmp_path, "*.md").read_text()


def test_a_file_without_chats_is_refused_in_words_and_takes_nothing_away(page: Page, tmp_path: Path) -> None:
    (tmp_path / "none.json").write_text("These are no chats.")
    take_in(page, tmp_path / "none.json")
    page.browser.wait(lambda: page.browser.text(".outcome"))
    assert "imported." not in page.browser.text(".outcome").replace("No chat was imported.", "")
    page.open("/")
    assert page.chats == ["When does the tide come in?"]


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_all_chats_are_deleted_by_who_says_to_be_sure(page: Page, scripts: bool) -> None:
    if not scripts:
        page.browser.disable_javascript()
    page.open("/transfer")
    page.click("button", "Delete all chats")
    assert page.browser.driver.current_url.endswith("/transfer"), "the browser asks for the tick"
    page.click("checkbox", "Yes, all of them")
    page.click("button", "Delete all chats")
    page.browser.wait(lambda: "1 chat deleted." in page.browser.text(".outcome"))
    page.click("link", "Back to the chats")
    page.browser.wait(lambda: page.chats == [] and "No chats yet" in page.browser.text("#chats-note"))


def test_other_tabs_see_that_all_chats_are_gone(page: Page) -> None:
    path = f"/c/{page.chat_id}"
    one, two = two_tabs(page.browser, page.url)
    one.open(path)
    two.open("/transfer")
    two.click("checkbox", "Yes, all of them")
    two.click("button", "Delete all chats")
    two.browser.wait(lambda: "1 chat deleted." in two.browser.text(".outcome"))
    one.browser.wait(lambda: one.chats == [] and "was deleted" in one.browser.text("#notice"))
    one.ask("And now?")
    one.wait_state("complete")
    assert one.chats == ["And now?"]
