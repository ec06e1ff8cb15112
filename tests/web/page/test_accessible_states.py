"""axe-core finds nothing where test_accessible.py does not look: shared pages, files, menus, trouble, no JavaScript."""

from collections.abc import Callable

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.api import Api
from tests.screenshots import answers, arabic, choices, endings, files, lists, reading, sharing, tools, visits
from tests.screenshots.scene import Scene
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.web.conftest import Serve
from tests.web.page import long_chat
from tests.web.page.page import GATED, Page
from tests.web.page.test_accessible import RICH, look
from tests.web.page.test_branches import button


@pytest.fixture(scope="module")
def one_server(serve: Serve) -> ChatStream:
    return serve(AI_MODEL="llama3.2")


@pytest.fixture
def scene(page: Page, model_server: ModelServer, one_server: ChatStream) -> Scene:
    page.browser.prefer(prefers_reduced_motion="reduce")
    return Scene(page, model_server, one_server, Api(one_server.address))


def midway(scene: Scene) -> None:
    scene.ask(GATED)
    scene.page.wait_answer("The tide ")


def shared(scene: Scene) -> None:
    scene.ask(answer(RICH))
    scene.ended("complete")
    scene.page.open(sharing.link(scene))


def shared_live(scene: Scene) -> None:
    midway(scene)
    scene.page.open(sharing.link(scene))
    scene.page.wait_answer("The tide ")
    assert scene.page.state == "running"


def shared_no_more(scene: Scene) -> None:
    ids, _ = scene.api.answer("When?")
    scene.page.open(scene.api.post(f"/chat/{ids['chatId']}/share").json["path"])
    scene.api.call("DELETE", f"/chat/{ids['chatId']}/share")
    scene.page.browser.evaluate("dispatchEvent(new Event('online'))")
    scene.page.browser.wait(lambda: "not shared any more" in scene.page.browser.text("#notice"))


def shared_by_nobody(scene: Scene) -> None:
    scene.page.open("/s/nobody-shares-this-one")


def earlier(scene: Scene) -> None:
    """The page of a part of a long chat, as a link leads there without JavaScript."""
    scene.page.open(f"/c/{long_chat.imported(scene.api, 120)}")
    part = scene.page.browser.driver.find_element(By.CSS_SELECTOR, "#earlier a").get_attribute("href")
    scene.page.open(str(part).removeprefix(scene.page.url))
    assert scene.page.browser.find("link", "Latest messages")


def stopped(scene: Scene) -> None:
    midway(scene)
    scene.page.press(Keys.ESCAPE)
    scene.ended("stopped")


def reconnecting(scene: Scene) -> None:
    midway(scene)
    scene.page.browser.go_offline()
    scene.page.browser.wait(lambda: scene.page.phase == "Reconnecting…")
    assert scene.page.browser.text("#offline")


def unsent(scene: Scene) -> None:
    scene.page.browser.go_offline()
    scene.page.ask("When?")
    scene.ended("unsent")


def chat_menu(scene: Scene) -> None:
    scene.api.post("/chat", {"prompt": "Fennel"})
    scene.page.reload()
    scene.page.browser.find_all("button", "Options for Fennel")[0].click()
    scene.page.browser.find("menuitem", "Delete")


def renaming(scene: Scene) -> None:
    chat_menu(scene)
    scene.page.click("menuitem", "Rename")
    scene.page.browser.find("textbox", "Title")


def tool_failed(scene: Scene) -> None:
    tools.allow(scene, tools.CLOCK)
    scene.model.script(tools.called("clock", {"timezone": "Saint-Malo"}))
    scene.ask(answer("I cannot tell."))
    scene.ended("complete")
    assert "It failed" in scene.page.browser.text(".tool")


def notified(scene: Scene) -> None:
    scene.page.open_menu()
    scene.page.click("button", "Sound and notification")


def cut_at_its_limit(scene: Scene) -> None:
    scene.ask([["text", "The tide "], ["finish", "length"], ["done"], ["end"]])
    scene.ended("length")


def jump_shown(scene: Scene) -> None:
    scene.ask(answer("A line of the sea.\n\n" * 100))
    scene.ended("complete")
    scene.page.browser.evaluate("scrollTo(0, 0)")
    scene.page.browser.find("button", "Jump to latest")


def folded(scene: Scene) -> None:
    scene.page.click("button", "Fold the list of chats away")


def chat_deleted(scene: Scene) -> None:
    """As long as it can be undone, the conversation is out of reach."""
    scene.ask(answer(RICH))
    scene.ended("complete")
    scene.page.open_menu()
    scene.page.click("button", "Delete this chat")
    scene.page.browser.find("button", "Undo")


def languages_open(scene: Scene) -> None:
    scene.page.browser.evaluate("document.querySelector('#languages').open = true")


def all_parameters(scene: Scene) -> None:
    choices.settings(scene)
    scene.page.browser.evaluate("document.querySelector('#settings .settings-more').open = true")


def dropping(scene: Scene) -> None:
    scene.page.browser.evaluate("document.querySelector('#drop').hidden = false")


STATES: list[Callable[[Scene], None]] = [
    *(answers.waiting, cut_at_its_limit, endings.interrupted, endings.deleted_elsewhere, visits.missing),
    *(jump_shown, folded, chat_deleted, languages_open, all_parameters, dropping),
    *(shared, shared_live, shared_no_more, shared_by_nobody, sharing.share_dialog, earlier),
    *(sharing.transfer, sharing.transferred, sharing.transfer_refused, sharing.all_deleted),
    *(lists.archive, lists.archive_empty, chat_menu, renaming, choices.presets, notified),
    *(endings.store_away, endings.continuing, files.files_attached, files.file_refused),
    *(arabic.arabic_formatted, arabic.arabic_broken, arabic.arabic_list, arabic.arabic_settings),
    *(arabic.arabic_transfer, arabic.arabic_english_answer, lists.search_nothing),
    *(stopped, reconnecting, unsent, tools.tool_result, tool_failed, tools.tool_long, reading.formulas),
]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_nothing_is_found(state: Callable[[Scene], None], scene: Scene) -> None:
    state(scene)
    look(scene.page.browser)


# -- without JavaScript


def asked(scene: Scene) -> None:
    scene.model.script(answer(RICH))
    scene.page.write("When?")
    scene.page.click("button", "Send")
    scene.page.browser.wait(lambda: "moon * 2" in scene.page.browser.text())


def edited(scene: Scene) -> None:
    asked(scene)
    button(scene.page, 0, "Edit").click()
    scene.page.browser.wait(lambda: "it begins another branch" in scene.page.browser.text("#composer"))


def found(scene: Scene) -> None:
    scene.api.post("/chat", {"prompt": "Fennel"})
    scene.page.open("/?q=Fennel")


def menu(scene: Scene) -> None:
    asked(scene)
    scene.page.open_menu()


def shared_streaming(scene: Scene) -> None:
    scene.model.script(GATED)
    ids = next(scene.api.ask("When?").frames())[1]
    scene.page.open(scene.api.post(f"/chat/{ids['chatId']}/share").json["path"])
    scene.page.browser.find("link", "Read on")


@pytest.mark.parametrize(
    "state", [asked, edited, found, menu, shared, shared_streaming, sharing.transfer], ids=lambda state: state.__name__
)
def test_nothing_is_found_without_javascript(state: Callable[[Scene], None], scene: Scene) -> None:
    """The page was read without: that axe-core may run afterwards brings none of its own scripts back."""
    scene.page.browser.disable_javascript()
    scene.page.open("/")
    if state is shared:
        asked(scene)
        chat = scene.page.browser.evaluate("return document.querySelector('[name=chatId]').value")
        scene.page.open(scene.api.post(f"/chat/{chat}/share").json["path"])
    else:
        state(scene)
    assert not scene.page.browser.evaluate("return document.documentElement.classList.contains('js')")
    scene.page.browser.command("Emulation.setScriptExecutionDisabled", value=False)
    look(scene.page.browser)
