"""Files of a question on the page: attached by button, paste and drop, shown, kept with edits, refused in words."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.file_detector import UselessFileDetector

from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer, failure
from tests.web.conftest import Serve
from tests.web.page.page import Page
from tests.web.page.test_accessible import faults
from tests.web.page.test_branches import button
from tests.web.test_files import PNG, url

TRANSFER = """
const data = new DataTransfer();
for (const [name, type, bytes] of arguments[0]) data.items.add(new File([new Uint8Array(bytes)], name, {type}));
"""
DROP = (
    TRANSFER
    + """const target = document.querySelector('.transcript');
const over = (kind) => target.dispatchEvent(new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
over('dragover');
const seen = document.querySelector('#drop').checkVisibility();
const taken = !over('drop');
return [seen, taken, document.querySelector('#drop').checkVisibility()];"""
)
PASTE = (
    TRANSFER
    + """if (arguments[1]) data.setData('text/plain', arguments[1]);
const event = new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true});
return !document.querySelector('#prompt').dispatchEvent(event);"""
)
PICTURE: list[Any] = ["moon.png", "image/png", list(PNG)]
CHIPS = """return [...document.querySelectorAll('.chip')].map((chip) => chip.innerText.replaceAll('\\n', ' ').trim())"""
FILES = """return [...[...document.querySelectorAll('.message[data-role=user]')].at(-1).querySelectorAll('.file')].map(
    (file) => file.querySelector('img')?.alt ?? file.innerText.replaceAll('\\n', ' '))"""
LOADED = """const image = document.querySelector('.message .file img');
return Boolean(image?.complete && image.naturalWidth)"""


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    odd = {"x.heic": b"\0\0\0\x18ftypheic", "x.bin": b"\0\1", "large.gif": b"GIF89a"}
    contents = {"moon.png": PNG, "notes.txt": b"high water", **odd}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content + bytes(5_000_000 if name == "large.gif" else 0))
    return {name: tmp_path / name for name in contents}


def attach(page: Page, *paths: Path) -> None:
    driver = page.browser.driver
    with driver.file_detector_context(UselessFileDetector):  # they are on this machine already
        driver.find_element(By.ID, "attach-input").send_keys("\n".join(map(str, paths)))


def chips(page: Page, *names: str) -> None:
    page.browser.wait(lambda: page.browser.evaluate(CHIPS) == list(names))


def notice(page: Page) -> str:
    return page.browser.text("#notice")


def test_files_are_attached_sent_shown_and_there_after_a_reload(
    page: Page, model_server: ModelServer, files: dict[str, Path]
) -> None:
    attach(page, files["moon.png"], files["notes.txt"])
    chips(page, "moon.png 70 bytes", "notes.txt 10 bytes")
    page.ask("What is this?")
    page.wait_answer("Hello world")
    chips(page)
    content = model_server.requests()[-1]["body"]["messages"][0]["content"]
    text = "notes.txt:\n```\nhigh water\n```\n\nWhat is this?"
    assert content == [{"type": "text", "text": text}, url("image/png", PNG)]
    for _ in range(2):
        page.browser.wait(lambda: page.browser.evaluate(LOADED))
        assert page.browser.evaluate(FILES) == ["moon.png", "notes.txt 10 bytes"]
        page.reload()
    page.browser.disable_javascript()
    page.reload()
    page.browser.wait(lambda: page.browser.evaluate(LOADED))
    assert page.browser.evaluate(FILES) == ["moon.png", "notes.txt 10 bytes"]
    assert page.browser.console() == []


def test_what_is_dropped_or_pasted_is_attached(page: Page) -> None:
    assert page.browser.evaluate(DROP, [PICTURE]) == [True, True, False]
    chips(page, "moon.png 70 bytes")
    assert page.browser.evaluate(PASTE, [PICTURE], "") is True
    chips(page, "moon.png 70 bytes", "moon.png 70 bytes")
    assert page.browser.evaluate(PASTE, [PICTURE], "words and a picture of them") is False
    assert page.browser.evaluate(PASTE, [], "words") is False
    chips(page, "moon.png 70 bytes", "moon.png 70 bytes")


def test_what_cannot_be_sent_is_refused_in_words(page: Page, files: dict[str, Path]) -> None:
    attach(page, files["x.heic"])
    page.browser.wait(lambda: "“x.heic” is no image that can be sent. PNG, JPEG, GIF and WebP can." in notice(page))
    attach(page, files["x.bin"])
    page.browser.wait(lambda: "“x.bin” is no file that can be sent" in notice(page))
    attach(page, files["large.gif"], files["notes.txt"])
    page.browser.wait(lambda: notice(page) == "“large.gif” is larger than 5 MB. Send a smaller image.")
    chips(page, "notes.txt 10 bytes")
    page.browser.evaluate(DROP, [["long.txt", "text/plain", [65] * 200_001]])
    page.browser.wait(lambda: notice(page) == "“long.txt” is too large. Text files can have 200,000 characters.")
    page.browser.evaluate(DROP, [["empty.txt", "text/plain", []]])
    page.browser.wait(lambda: "“empty.txt” is empty." in notice(page))
    chips(page, "notes.txt 10 bytes")
    page.browser.evaluate(DROP, [["a.svg", "image/svg+xml", [60, 115, 118, 103, 62]]])
    page.browser.wait(lambda: "“a.svg” is no image that can be sent. PNG, JPEG, GIF and WebP can." in notice(page))
    page.browser.evaluate(DROP, [PICTURE] * 8)
    page.browser.wait(lambda: "a question can have 8 files" in notice(page))
    page.browser.wait(lambda: len(page.browser.evaluate(CHIPS)) == 8)


def test_a_chip_is_removed_and_the_focus_goes_on(page: Page, files: dict[str, Path]) -> None:
    attach(page, files["moon.png"], files["notes.txt"])
    chips(page, "moon.png 70 bytes", "notes.txt 10 bytes")
    path = page.browser.evaluate("return document.querySelector('.chip img').getAttribute('src')")
    page.click("button", "Remove moon.png")
    chips(page, "notes.txt 10 bytes")
    assert page.browser.evaluate("return document.activeElement.ariaLabel") == "Remove notes.txt"
    status = "return fetch(arguments[0], {cache: 'no-store'}).then(({status}) => status)"
    page.browser.wait(lambda: page.browser.evaluate(status, path) == 404)
    page.click("button", "Remove notes.txt")
    assert page.focus == "attach"


def test_a_refused_question_comes_back_with_its_files(
    page: Page, model_server: ModelServer, files: dict[str, Path]
) -> None:
    attach(page, files["moon.png"])
    chips(page, "moon.png 70 bytes")
    page.ask("x" * 2001)
    page.browser.wait(lambda: "Prompt cannot exceed" in notice(page))
    chips(page, "moon.png 70 bytes")
    assert page.messages == []
    page.browser.evaluate("document.querySelector('#prompt').value = ''")
    page.ask("Shorter")
    page.wait_answer("Hello world")
    assert page.browser.evaluate(FILES) == ["moon.png"]


def test_a_suggestion_leaves_what_was_typed_and_attached(
    page: Page, model_server: ModelServer, files: dict[str, Path]
) -> None:
    attach(page, files["moon.png"])
    chips(page, "moon.png 70 bytes")
    page.write("My own question")
    page.browser.evaluate("document.querySelector('.suggestion').click()")
    page.wait_state("complete")
    chips(page, "moon.png 70 bytes")
    assert page.draft == "My own question"
    assert page.browser.evaluate(FILES) == []
    chat = page.browser.driver.current_url
    page.open("/")
    assert page.draft == ""  # it belongs to the chat that began
    page.browser.open(chat)
    assert page.draft == "My own question"


def test_an_edited_question_keeps_its_files(page: Page, model_server: ModelServer, files: dict[str, Path]) -> None:
    attach(page, files["moon.png"])
    chips(page, "moon.png 70 bytes")
    page.ask("What?")
    page.wait_answer("Hello world")
    model_server.script(answer("A moon."))
    button(page, 0, "Edit").click()
    page.browser.driver.find_element(By.CSS_SELECTOR, ".edit-field").send_keys(" Really?")
    page.browser.driver.find_element(By.CSS_SELECTOR, ".edit .button-primary").click()
    page.wait_answer("A moon.")
    assert page.browser.evaluate(FILES) == ["moon.png"]
    said = model_server.requests()[-1]["body"]["messages"]
    assert said[0]["content"] == [{"type": "text", "text": "What? Really?"}, url("image/png", PNG)]
    page.reload()
    assert page.browser.evaluate(FILES) == ["moon.png"]


def test_what_the_model_server_says_of_images_is_shown(
    page: Page, model_server: ModelServer, files: dict[str, Path]
) -> None:
    model_server.script(failure(400, "image input is not supported"))
    attach(page, files["moon.png"])
    chips(page, "moon.png 70 bytes")
    page.ask("What?")
    page.browser.wait(lambda: "image input is not supported" in page.browser.text())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_chips_and_files_are_for_everybody_and_fit_a_phone(page: Page, files: dict[str, Path], scheme: str) -> None:
    page.browser.prefer(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
    page.browser.resize(320, 640)
    attach(page, files["moon.png"], files["notes.txt"])
    chips(page, "moon.png 70 bytes", "notes.txt 10 bytes")
    page.ask("What?")
    page.wait_answer("Hello world")
    attach(page, files["moon.png"], files["notes.txt"])
    chips(page, "moon.png 70 bytes", "notes.txt 10 bytes")
    assert faults(page.browser) == []
    assert page.overflow == 0
    sizes = """return [...document.querySelectorAll('.chip button, #attach, .file a')].map((each) => {
        const {width, height} = each.getBoundingClientRect();
        return Math.min(width, height);
    })"""
    assert min(page.browser.evaluate(sizes)) >= 44


def test_a_shared_page_shows_the_files(page: Page, one_server: ChatStream, files: dict[str, Path]) -> None:
    attach(page, files["moon.png"])
    chips(page, "moon.png 70 bytes")
    page.ask("What?")
    page.wait_answer("Hello world")
    script = "return fetch(`/chat/${arguments[0]}/share`, {method: 'POST'}).then((shared) => shared.text())"
    shared = json.loads(page.browser.evaluate(script, page.chat_id))
    page.open(shared["path"])
    page.browser.wait(lambda: page.browser.evaluate(LOADED))


# -- sent before its files are there

WAITS = "return document.querySelector('#wait').checkVisibility()"
"""Whether it says: Sent as soon as its files are there."""


@pytest.fixture
def slow(page: Page, tmp_path: Path) -> Iterator[Path]:
    """A picture whose upload takes until `upload_at` lets it go."""
    pictured = tmp_path / "slow.png"
    pictured.write_bytes(PNG + bytes(1_000_000))
    upload_at(page, 1000)
    yield pictured
    upload_at(page, -1)


def upload_at(page: Page, speed: int) -> None:
    """So many bytes a second leave the page; -1: as many as it likes."""
    page.browser.command("Network.enable")
    page.browser.command(
        "Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=speed
    )


def send_early(page: Page, *paths: Path) -> None:
    attach(page, *paths)
    page.browser.wait(lambda: "slow.png On its way" in page.browser.evaluate(CHIPS))
    page.ask("What is this?")
    page.browser.wait(lambda: page.browser.evaluate(WAITS))


def test_a_question_that_is_sent_early_goes_when_its_files_are_there(
    page: Page, model_server: ModelServer, slow: Path
) -> None:
    send_early(page, slow)
    page.press("x", Keys.ENTER)
    assert (page.messages, page.draft, page.browser.find_all("button", "Send")) == ([], "What is this?", [])
    upload_at(page, -1)
    page.wait_answer("Hello world")
    assert (page.messages[0], page.draft) == (("You", "What is this?"), "")
    assert page.browser.evaluate(FILES) == ["slow.png"]
    assert len(model_server.requests()) == 1
    page.browser.find("button", "Send")
    assert not page.browser.evaluate(WAITS)


@pytest.mark.parametrize("how", ["button", "Esc"])
def test_a_question_that_waits_for_its_files_can_be_kept_back(page: Page, slow: Path, how: str) -> None:
    send_early(page, slow)
    if how == "button":
        page.click("button", "Cancel")
    else:
        page.press(Keys.ESCAPE)
    page.browser.find("button", "Send")
    assert page.focus == "prompt"
    upload_at(page, -1)
    page.browser.wait(lambda: "slow.png 1 MB" in page.browser.evaluate(CHIPS))
    page.press(" Now?")
    assert (page.draft, page.messages) == ("What is this? Now?", [])


def test_a_file_that_is_on_its_way_when_a_suggestion_is_asked_goes_with_the_next_question(
    page: Page, slow: Path
) -> None:
    attach(page, slow)
    page.browser.wait(lambda: "slow.png On its way" in page.browser.evaluate(CHIPS))
    page.write("Of the picture")
    page.browser.evaluate("document.querySelector('.suggestion').click()")
    upload_at(page, -1)
    page.wait_state("complete")
    page.browser.wait(lambda: "slow.png 1 MB" in page.browser.evaluate(CHIPS))
    page.press(Keys.ENTER)
    page.browser.wait(lambda: len(page.messages) == 4 and page.state == "complete")
    assert page.browser.evaluate(FILES) == ["slow.png"]
    chips(page)


def test_a_file_that_comes_while_a_deletion_is_awaited_is_seen_until_it_goes(
    page: Page, model_server: ModelServer, files: dict[str, Path], slow: Path
) -> None:
    upload_at(page, -1)
    page.ask("Gone")
    page.wait_answer("Hello world")
    button(page, 0, "Delete").click()
    page.browser.wait(lambda: "Deleted the question" in page.browser.text("#toast"))
    page.browser.command(
        "Network.emulateNetworkConditions", offline=False, latency=4000, downloadThroughput=-1, uploadThroughput=1000
    )
    page.ask("Without it")
    page.browser.find("button", "Cancel")
    attach(page, slow)
    page.browser.wait(lambda: "Without it" in str(page.messages))
    page.browser.wait(lambda: page.browser.evaluate(CHIPS) == ["slow.png On its way"])
    upload_at(page, -1)
    page.wait_answer("Hello world")
    page.browser.wait(lambda: page.browser.evaluate(CHIPS) == ["slow.png 1 MB"])
    assert page.browser.evaluate(FILES) == []


def test_without_the_file_that_is_taken_away_it_goes_at_once(page: Page, model_server: ModelServer, slow: Path) -> None:
    send_early(page, slow)
    page.click("button", "Remove slow.png")
    page.wait_answer("Hello world")
    assert page.browser.evaluate(FILES) == []
    assert model_server.requests()[-1]["body"]["messages"] == [{"role": "user", "content": "What is this?"}]


def test_a_file_that_is_refused_holds_its_question_back(page: Page, slow: Path) -> None:
    slow.with_name("drawn.txt").write_bytes(b"<svg>" + b" " * 100_000)  # which only the server sees
    send_early(page, slow, slow.with_name("drawn.txt"))
    upload_at(page, -1)
    page.browser.wait(lambda: "“drawn.txt” is an SVG" in notice(page))
    chips(page, "slow.png 1 MB")
    assert (page.draft, page.messages) == ("What is this?", [])
    page.browser.find("button", "Send")
    assert not page.browser.evaluate(WAITS)


def test_an_image_is_refused_in_words_where_the_model_takes_none(
    page: Page, serve: Serve, model_server: ModelServer, files: dict[str, Path]
) -> None:
    model_server.own([["status", 200, {}, {"capabilities": ["completion"]}]])
    fresh = Page(page.browser, serve().url).open()
    attach(fresh, files["moon.png"], files["notes.txt"])
    chips(fresh, "notes.txt 10 bytes")
    said = "“moon.png” is an image, and test-model takes none. Choose another model, or leave it out."
    assert notice(fresh) == said
    fresh.ask("What is this?")
    fresh.wait_state("complete")


@pytest.mark.parametrize("width", [320, 1280])
def test_what_waits_fits_and_is_for_everybody(page: Page, slow: Path, width: int) -> None:
    page.browser.resize(width, 640)
    send_early(page, slow)
    assert faults(page.browser) == []
    assert page.overflow == 0
