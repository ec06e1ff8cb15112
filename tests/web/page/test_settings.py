"""What a chat chooses on the page: its model, system prompt, parameters, and presets of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer
from tests.web.page.page import Page
from tests.web.page.test_accessible import look

TOML = """
development = "local"

[providers.local]
base_url = "{0}"
models = ["small", "large"]

[providers.hosted]
base_url = "{0}"
models = ["wide", "narrow", "code-7b", "code-30b", "draw", "speak"]

[providers.away]
base_url = "http://127.0.0.1:9/v1"
models = ["lost"]
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model_server_process: ModelServer) -> Iterator[ChatStream]:
    file = Path(tmp_path_factory.mktemp("providers") / "providers.toml")
    file.write_text(TOML.format(model_server_process.url))
    with ChatStream({"CHATSTREAM_PROVIDERS": str(file)}) as server:
        yield server


@pytest.fixture
def page(server: ChatStream, browser: Browser, model_server: ModelServer) -> Page:
    return Page(browser, server.url).open()


def open_picker(page: Page, present: str) -> None:
    page.click("button", f"Model: {present}")
    page.browser.wait(lambda: page.browser.find_all("button", "draw"))


def open_settings(page: Page) -> None:
    page.open_menu()
    page.click("button", "System prompt and parameters")
    page.browser.find("textbox", "System prompt")


def fill(page: Page, name: str, value: str) -> None:
    field = page.browser.driver.find_element(By.CSS_SELECTOR, f"#settings [name={name}]")
    field.send_keys(Keys.CONTROL + "a")
    field.send_keys(value or Keys.DELETE)


def kept(server: ChatStream, page: Page) -> dict[str, Any]:
    chat = Api(server.address).get(f"/chat/{page.chat_id}").json
    return {name: chat[name] for name in ("system", "params")}


def test_all_models_are_listed_with_the_state_of_their_servers(page: Page) -> None:
    open_picker(page, "small")
    shown = page.browser.text("#picker")
    assert all(name in shown for name in ("local", "small", "the default", "hosted", "code-30b"))
    assert "not reachable" in shown
    assert "Connection refused" in shown


def test_a_model_is_found_and_chosen_by_keys_and_kept(
    page: Page, server: ChatStream, model_server: ModelServer
) -> None:
    open_picker(page, "small")
    page.press("host cod")
    assert [b.text for b in page.browser.find_all("button") if b.text.startswith("code")] == ["code-7b", "code-30b"]
    page.press(Keys.ARROW_DOWN)
    page.press(Keys.ARROW_DOWN)
    page.press(Keys.ENTER)
    page.browser.find("button", "Model: code-30b")
    page.browser.find("textbox", "Message").click()
    page.ask("Which are you?")
    page.wait_state("complete")
    assert model_server.requests()[-1]["body"]["model"] == "code-30b"
    assert kept(server, page)["params"] == {"model": "code-30b"}
    assert page.browser.evaluate("return document.querySelector('[data-figure=model]').textContent") == "code-30b"
    page.reload()
    open_picker(page, "code-30b")
    page.press("large", Keys.ENTER)
    page.browser.wait(lambda: kept(server, page)["params"] == {"model": "large"})
    open_picker(page, "large")
    page.click("button", "small the default")
    page.browser.wait(lambda: kept(server, page)["params"] == {})
    page.browser.find("textbox", "Message").click()
    page.ask("And now?")
    model_server.wait(lambda log: len(log) == 2)
    assert model_server.requests()[-1]["body"]["model"] == "small"


def test_system_prompt_and_parameters_hold_for_the_chat(
    page: Page, server: ChatStream, model_server: ModelServer
) -> None:
    open_settings(page)
    fill(page, "system", "Be brief.")
    fill(page, "temperature", "0.25")
    fill(page, "max_tokens", "7")
    page.click("button", "Save")
    page.ask("How are you?")
    page.wait_state("complete")
    sent = model_server.requests()[-1]["body"]
    assert sent["messages"][0] == {"role": "system", "content": "Be brief."}
    assert (sent["temperature"], sent["max_tokens"]) == (0.25, 7)
    page.reload()
    open_settings(page)
    fill(page, "temperature", "")
    fill(page, "top_p", "0.5")
    page.click("button", "Save")
    page.browser.wait(lambda: kept(server, page)["params"] == {"max_tokens": 7, "top_p": 0.5})
    assert kept(server, page)["system"] == "Be brief."
    open_settings(page)
    fill(page, "top_p", "3")
    page.click("button", "Save")
    assert page.browser.evaluate("return document.querySelector('#settings').open")  # it says what is wrong
    page.click("button", "Cancel")
    open_settings(page)
    assert page.browser.evaluate("return document.querySelector('#settings [name=top_p]').value") == "0.5"


def test_more_parameters_are_chosen_shown_again_and_checked(
    page: Page, server: ChatStream, model_server: ModelServer
) -> None:
    folded = "return document.querySelector('#settings .settings-more').open"
    open_settings(page)
    assert not page.browser.evaluate(folded)
    page.browser.evaluate("document.querySelector('#settings .settings-more summary').click()")
    numbers = {"frequency_penalty": -0.5, "presence_penalty": 2, "seed": 7}
    for name, value in {**numbers, "stop": "END\n one "}.items():
        fill(page, name, str(value))
    page.browser.driver.find_element(By.CSS_SELECTOR, "#settings [name=reasoning_effort]").send_keys("low")
    page.click("button", "Save")
    page.ask("How are you?")
    page.wait_state("complete")
    params = {**numbers, "stop": ["END", " one "], "reasoning_effort": "low"}
    assert kept(server, page)["params"] == params
    assert model_server.requests()[-1]["body"].items() >= params.items()
    page.reload()
    open_settings(page)
    assert page.browser.evaluate(folded)
    fill(page, "stop", "1\n2\n3\n4\n5")
    page.click("button", "Save")
    invalid = "return document.querySelector('#settings [name=stop]:invalid')?.validationMessage"
    assert page.browser.evaluate(invalid) == "At most 4 lines, of 100 characters each."
    page.browser.evaluate("document.querySelector('#settings .settings-more').open = false")
    page.click("button", "Save")
    page.browser.wait(lambda: page.browser.evaluate(folded))  # what is wrong has to be seen
    fill(page, "stop", r"\n\n" + "\n" + r"a\\n")
    page.click("button", "Save")
    page.browser.wait(lambda: kept(server, page)["params"]["stop"] == ["\n\n", r"a\n"])
    page.reload()
    open_settings(page)
    page.click("button", "Save")
    open_settings(page)
    assert kept(server, page)["params"]["stop"] == ["\n\n", r"a\n"]
    for name in (*params, "stop"):
        if name != "reasoning_effort":
            fill(page, name, "")
    page.click("button", "Save")
    page.browser.wait(lambda: kept(server, page)["params"] == {"reasoning_effort": "low"})


def test_presets_are_kept_used_in_another_chat_and_deleted(page: Page, server: ChatStream) -> None:
    open_picker(page, "small")
    page.press("wide", Keys.ENTER)
    open_settings(page)
    fill(page, "system", "Answer in verse.")
    fill(page, "name", "Poet")
    page.press(Keys.ENTER)
    page.browser.wait(lambda: "Kept as “Poet”." in page.browser.text("#settings"))
    page.open("/")
    open_settings(page)
    choice = "#settings [name=preset]"
    page.browser.wait(lambda: "Poet" in page.browser.text(choice))
    page.browser.driver.find_element(By.CSS_SELECTOR, choice).send_keys("Poet")
    page.browser.wait(lambda: "Answered by wide." in page.browser.text("#settings"))
    page.click("button", "Save")
    page.browser.find("button", "Model: wide")
    page.browser.find("textbox", "Message").click()
    page.ask("Sing")
    page.wait_state("complete")
    assert kept(server, page) == {"system": "Answer in verse.", "params": {"model": "wide"}}
    open_settings(page)
    page.browser.wait(lambda: "Poet" in page.browser.text(choice))
    page.browser.driver.find_element(By.CSS_SELECTOR, choice).send_keys("Poet")
    page.click("button", "Delete preset")
    page.browser.wait(lambda: "Deleted the preset" in page.browser.text("#settings"))
    assert Api(server.address).get("/presets").json == {"presets": []}
    assert kept(server, page)["system"] == "Answer in verse."


POET = {"system": "Answer in verse.", "params": {"model": "wide", "temperature": 0.5}}


@pytest.fixture
def poet(server: ChatStream) -> Iterator[dict[str, Any]]:
    api = Api(server.address)
    preset = api.post("/presets", {"name": "Poet", **POET}).json
    yield preset
    assert api.call("DELETE", f"/presets/{preset['_id']}").status == 204


def choose_preset(page: Page, name: str) -> WebElement:
    """:return: the switch that makes it the default"""
    choice = "#settings [name=preset]"
    page.browser.wait(lambda: name in page.browser.text(choice))
    page.browser.driver.find_element(By.CSS_SELECTOR, choice).send_keys(name)
    return page.browser.driver.find_element(By.CSS_SELECTOR, "#settings [name=default]")


def test_new_chats_begin_with_the_default_preset(
    page: Page, server: ChatStream, model_server: ModelServer, poet: dict[str, Any]
) -> None:
    open_settings(page)
    assert not page.browser.driver.find_element(By.CSS_SELECTOR, "#settings [name=default]").is_displayed()
    choose_preset(page, "Poet").click()
    page.browser.wait(lambda: Api(server.address).get("/presets").json["presets"] == [{**poet, "default": True}])
    page.open("/")
    page.browser.find("button", "Model: wide")
    page.ask("Sing")
    page.wait_state("complete")
    assert kept(server, page) == POET
    assert model_server.requests()[-1]["body"]["messages"][0]["content"] == "Answer in verse."
    open_settings(page)
    switch = choose_preset(page, "Poet")
    page.browser.go_offline()
    switch.click()
    page.browser.wait(lambda: "The preset was not changed." in page.browser.text("#settings-note"))
    assert switch.is_selected()
    page.browser.go_online()
    switch.click()
    page.browser.wait(lambda: Api(server.address).get("/presets").json["presets"] == [poet])
    page.open("/")
    page.browser.find("button", "Model: small")


def test_without_scripts_new_chats_begin_with_it_too(
    page: Page, server: ChatStream, model_server: ModelServer, poet: dict[str, Any]
) -> None:
    api = Api(server.address)
    assert api.call("PATCH", f"/presets/{poet['_id']}", {"default": True}).status == 200
    page.browser.disable_javascript()
    for model in ("wide", "small"):
        page.open("/")
        if model != "wide":
            page.browser.driver.find_element(By.CSS_SELECTOR, "label select[name=model]").send_keys(model)
        page.write("Sing")
        page.click("button", "Send")
        page.wait_answer("Hello world")
        chat = api.get(f"/chat/{api.get('/chats').json['chats'][0]['_id']}").json
        assert (chat["system"], chat["params"]["temperature"]) == ("Answer in verse.", 0.5)
        assert model_server.requests()[-1]["body"]["model"] == model


def test_what_the_server_does_not_take_is_told_and_taken_back(page: Page, server: ChatStream) -> None:
    page.ask("Begin")
    page.wait_state("complete")
    page.browser.go_offline()
    open_settings(page)
    fill(page, "system", "Lost")
    page.click("button", "Save")
    page.browser.wait(lambda: "The settings were not changed." in page.browser.text("#settings-why"))
    assert page.browser.evaluate("return document.querySelector('#settings').open")
    look(page.browser)
    page.browser.resize(1280, 800)
    assert page.browser.evaluate("return document.querySelector('#settings [name=system]').value") == "Lost"
    page.click("button", "Cancel")
    open_settings(page)
    assert page.browser.evaluate("return document.querySelector('#settings [name=system]').value") == ""
    fill(page, "system", "Found")
    page.browser.go_online()
    page.click("button", "Save")
    page.browser.wait(lambda: kept(server, page)["system"] == "Found")


@pytest.mark.parametrize(("seed", "taken"), [("1.5", False), ("9007199254740993", False), ("-3", True)])
def test_a_seed_is_a_whole_number(page: Page, server: ChatStream, seed: str, taken: bool) -> None:
    page.ask("Begin")
    page.wait_state("complete")
    open_settings(page)
    page.browser.evaluate("document.querySelector('#settings .settings-more summary').click()")
    fill(page, "seed", seed)
    page.click("button", "Save")
    assert page.browser.evaluate("return document.querySelector('#settings').open") != taken
    if taken:
        page.browser.wait(lambda: kept(server, page)["params"] == {"seed": int(seed)})


def test_a_default_preset_whose_model_is_gone_begins_chats_with_another(
    page: Page, server: ChatStream, model_server: ModelServer, poet: dict[str, Any]
) -> None:
    api = Api(server.address)
    gone = {"name": "Poet", "system": "Answer in verse.", "params": {"model": "gone", "seed": 1}}
    assert api.post("/presets", gone).json["_id"] == poet["_id"]
    api.call("PATCH", f"/presets/{poet['_id']}", {"default": True})
    page.browser.wait(lambda: page.open("/") and page.browser.find_all("button", "Model: small"))
    page.ask("Sing")
    page.wait_state("complete")
    assert kept(server, page) == {"system": "Answer in verse.", "params": {"seed": 1}}
    page.browser.disable_javascript()
    page.open("/")
    page.click("button", "Watch the pace Count to 50.")
    page.wait_answer("Hello world")
    assert model_server.requests()[-1]["body"]["seed"] == 1


def test_a_new_chat_shows_the_preset_it_begins_with(page: Page, server: ChatStream, poet: dict[str, Any]) -> None:
    Api(server.address).call("PATCH", f"/presets/{poet['_id']}", {"default": True})
    page.open("/")
    open_settings(page)
    chosen = "return document.querySelector('#settings [name=preset]').selectedOptions[0].text"
    page.browser.wait(lambda: page.browser.evaluate(chosen) == "Poet")
    assert page.browser.driver.find_element(By.CSS_SELECTOR, "#settings [name=default]").is_selected()


def test_presets_that_cannot_be_read_are_told_of(page: Page) -> None:
    page.browser.go_offline()
    open_settings(page)
    page.browser.wait(lambda: "Presets could not be read." in page.browser.text("#settings-note"))
    page.browser.go_online()


def test_a_chat_that_could_not_be_read_when_it_began_is_listed_later_with_what_was_chosen_meanwhile(
    page: Page, server: ChatStream
) -> None:
    network = {"offline": False, "downloadThroughput": -1, "uploadThroughput": -1}
    page.browser.command("Network.enable")
    page.browser.command("Network.setBlockedURLs", urls=["*/chat/*"])
    page.browser.command("Network.emulateNetworkConditions", latency=6000, **network)
    page.ask("Listed late")
    at_once = """document.querySelector('#settings').showModal();
        document.querySelector('#settings [name=system]').value = 'Meanwhile';
        [...document.querySelectorAll('#settings button')].find((b) => b.textContent.trim() === 'Save').click()"""
    page.browser.evaluate(at_once)
    assert page.browser.driver.current_url == f"{server.url}/"  # nothing is known of it yet
    page.browser.command("Network.emulateNetworkConditions", latency=0, **network)
    page.browser.wait(lambda: page.state == "complete", 20)
    assert ("Listed late" in page.chats, kept(server, page)["system"]) == (False, None)
    page.browser.command("Network.setBlockedURLs", urls=[])
    page.browser.wait(lambda: "Listed late" in page.chats, 20)
    page.browser.wait(lambda: kept(server, page)["system"] == "Meanwhile")
    assert page.title == "Listed late · ChatStream"


@pytest.mark.parametrize("width", [320, 390])
def test_sheets_fit_on_a_phone(page: Page, width: int) -> None:
    page.browser.resize(width, 700)
    page.open("/")
    open_picker(page, "small")
    wide = """const s = document.querySelector(arguments[0])
        return [s.scrollWidth - s.clientWidth, document.documentElement.clientWidth - s.offsetWidth]"""
    assert page.browser.evaluate(wide, "#picker") == [0, 0]
    small = """return [...document.querySelectorAll('dialog[open] :is(button, input, select)')]
        .filter((b) => b.checkVisibility() && b.getBoundingClientRect().height < 44).map((b) => b.outerHTML)"""
    assert page.browser.evaluate(small) == []
    page.press(Keys.ESCAPE)
    open_settings(page)
    assert page.browser.evaluate(wide, "#settings") == [0, 0]
    assert page.browser.evaluate(small) == []
