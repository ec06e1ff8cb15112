"""The form without JavaScript: another model, files sent along, a question asked otherwise."""

from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.file_detector import UselessFileDetector
from selenium.webdriver.support.select import Select

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer
from tests.web.page.page import Page
from tests.web.page.test_branches import button
from tests.web.page.test_files import FILES, LOADED, PNG, files, notice  # noqa: F401
from tests.web.page.test_settings import kept, server  # noqa: F401
from tests.web.test_files import url

EDITS = "Sent, it begins another branch. This one is kept. Cancel"


@pytest.fixture
def bare(page: Page) -> Page:
    return without_scripts(page)


def without_scripts(page: Page) -> Page:
    page.browser.disable_javascript()
    return page.open("/")


def choose(page: Page, *paths: Path) -> None:
    driver = page.browser.driver
    with driver.file_detector_context(UselessFileDetector):
        driver.find_element(By.CSS_SELECTOR, "[name=files]").send_keys("\n".join(map(str, paths)))


def models(page: Page) -> Select:
    return Select(page.browser.driver.find_element(By.CSS_SELECTOR, "label select[name=model]"))


def send(page: Page, prompt: str) -> None:
    page.write(prompt)
    page.click("button", "Send")


def test_files_are_sent_with_the_form(
    bare: Page,
    model_server: ModelServer,
    files: dict[str, Path],  # noqa: F811
) -> None:
    choose(bare, files["moon.png"], files["notes.txt"])
    send(bare, "What is this?")
    bare.wait_answer("Hello world")
    content = model_server.requests()[-1]["body"]["messages"][0]["content"]
    text = "notes.txt:\n```\nhigh water\n```\n\nWhat is this?"
    assert content == [{"type": "text", "text": text}, url("image/png", PNG)]
    bare.browser.wait(lambda: bare.browser.evaluate(LOADED))
    assert bare.browser.evaluate(FILES) == ["moon.png", "notes.txt 10 bytes"]
    assert bare.browser.find_all("heading", "What is this?")


def test_a_form_with_files_that_is_sent_twice_asks_once(
    bare: Page,
    model_server: ModelServer,
    files: dict[str, Path],  # noqa: F811
) -> None:
    choose(bare, files["moon.png"], files["notes.txt"])
    send(bare, "Once")
    bare.wait_answer("Hello world")
    for _ in range(2):
        bare.reload()
        bare.wait_answer("Hello world")
    assert bare.messages == [("You", "Once"), ("Assistant", "Hello world")]
    assert len(model_server.requests()) == 1


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["x.bin"], "“x.bin” is no file that can be sent. PNG, JPEG, GIF and WebP can, and texts in UTF-8."),
        (["large.gif"], "“large.gif” is larger than 5 MB. Send a smaller image."),
        (["notes.txt"] * 9, "A question can have 8 files. Send fewer of them."),
    ],
)
def test_files_that_cannot_be_sent_are_refused_in_words(
    bare: Page,
    model_server: ModelServer,
    files: dict[str, Path],  # noqa: F811
    names: list[str],
    why: str,
) -> None:
    choose(bare, *(files[name] for name in names))
    send(bare, "What is this?")
    bare.browser.wait(lambda: notice(bare) == why)
    assert (bare.draft, bare.messages, model_server.requests()) == ("What is this?", [], [])


def test_a_question_is_asked_otherwise_beside_the_first(
    bare: Page,
    model_server: ModelServer,
    files: dict[str, Path],  # noqa: F811
) -> None:
    choose(bare, files["moon.png"])
    send(bare, "What?")
    bare.wait_answer("Hello world")
    button(bare, 0, "Edit").click()
    bare.browser.wait(lambda: bare.draft == "What?")
    assert EDITS in bare.browser.text("#composer")
    model_server.script(answer("A moon."))
    send(bare, "Really? ")
    bare.browser.wait(lambda: bare.messages == [("You", "Really? What?"), ("Assistant", "A moon.")])
    assert bare.browser.evaluate(FILES) == ["moon.png"]
    said = model_server.requests()[-1]["body"]["messages"]
    assert said[0]["content"] == [{"type": "text", "text": "Really? What?"}, url("image/png", PNG)]
    button(bare, 0, "Earlier branch").click()
    bare.browser.wait(lambda: bare.messages == [("You", "What?"), ("Assistant", "Hello world")])
    send(bare, "And then?")  # the composer asks further again
    said = ["What?", "Hello world", "And then?", "Hello world"]
    bare.browser.wait(lambda: [text for _, text in bare.messages] == said)


def test_an_edit_that_is_refused_stays_one_and_can_be_left(bare: Page, model_server: ModelServer) -> None:
    send(bare, "What?")
    bare.wait_answer("Hello world")
    button(bare, 0, "Edit").click()
    bare.browser.wait(lambda: bare.draft == "What?")
    send(bare, "x" * 2001)
    bare.browser.wait(lambda: "Prompt cannot exceed" in notice(bare))
    assert EDITS in bare.browser.text("#composer")
    bare.click("link", "Cancel")
    bare.browser.wait(lambda: bare.draft == "")
    assert EDITS not in bare.browser.text("#composer")
    assert bare.browser.driver.current_url.split("#")[0].endswith(f"/c/{bare.chat_id.split('#')[0]}")


def test_with_scripts_the_address_of_an_edit_is_the_chats(page: Page, model_server: ModelServer) -> None:
    page.ask("What?")
    page.wait_state("complete")
    chat = page.chat_id
    page.reload()
    question = page.browser.evaluate("return document.querySelector('[data-role=user]').dataset.id")
    page.open(f"/c/{chat}?edit={question}")
    page.browser.wait(lambda: page.browser.driver.current_url == f"{page.url}/c/{chat}")
    page.browser.wait(lambda: page.draft == "")


def test_another_model_is_chosen_in_the_form_and_kept(
    server: ChatStream,  # noqa: F811
    browser: Browser,
    model_server: ModelServer,
) -> None:
    page = without_scripts(Page(browser, server.url))
    choice = models(page)
    assert [option.text for option in choice.options][:3] == ["small, the default", "large", "wide"]
    choice.select_by_visible_text("code-7b")
    send(page, "Which are you?")
    page.wait_answer("Hello world")
    assert model_server.requests()[-1]["body"]["model"] == "code-7b"
    chat = str(browser.evaluate("return document.querySelector('[name=chatId]').value"))
    page.open(f"/c/{chat}")
    assert kept(server, page)["params"] == {"model": "code-7b"}
    assert models(page).first_selected_option.text == "code-7b"
    Api(server.address).call("PATCH", f"/chat/{chat}", b'{"params": {"model": "large", "temperature": 0.5}}')
    page.open(f"/c/{chat}")
    models(page).select_by_value("")
    send(page, "And now?")
    page.browser.wait(lambda: len(page.messages) == 4)
    page.open(f"/c/{chat}")
    assert kept(server, page)["params"] == {"temperature": 0.5}
    assert model_server.requests()[-1]["body"]["model"] == "small"


@pytest.mark.parametrize("width", [320, 1280])
def test_the_form_fits_and_has_large_targets(
    server: ChatStream,  # noqa: F811
    browser: Browser,
    width: int,
) -> None:
    browser.resize(width, 700)
    page = without_scripts(Page(browser, server.url))
    assert page.overflow == 0
    small = """return [...document.querySelectorAll('#composer :is(label, select):not(.visually-hidden)')]
        .filter((each) => each.checkVisibility({visibilityProperty: true}) && each.offsetHeight < 44).length"""
    assert browser.evaluate(small) == 0
