"""What the model picker says of each provider: every state that one can be in."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, failure
from tests.web.page.page import Page
from tests.web.page.test_accessible import look

READY = [["status", 200, {}, {"object": "list", "data": [{"id": "one-model"}]}]]
HOW = {
    "here": (READY, "", ""),
    "starting": (failure(503, "Loading model"), "loading its model", "Loading model"),
    "crowded": (failure(503, "no slot available"), "busy", "no slot available"),
    "locked": (failure(401, "no such key"), "refuses our key", "no such key"),
    "ill": (failure(500, "out of memory"), "failing", "out of memory"),
    "listless": (failure(404, "no such route"), "", ""),
    "away": (None, "not reachable", "Connection refused"),
}
"""By the provider's name: how it answers, what is said of it, and words of why."""
TOLD = """return [...document.querySelectorAll('#picker .picker-provider')].map((part) =>
    ['.picker-name', '.picker-state', '.picker-why'].map((place) => part.querySelector(place).innerText.trim()))"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatStream]:
    file = Path(tmp_path_factory.mktemp("providers") / "providers.toml")
    with ExitStack() as stack:
        text = 'development = "here"\n'
        for name, (steps, _, _) in HOW.items():
            url = "http://127.0.0.1:9/v1"
            if steps is not None:
                model = stack.enter_context(ModelServer())
                model.models(steps)
                url = model.url
            text += f'[providers.{name}]\nbase_url = "{url}"\nmodels = ["{name}-model"]\n'
        file.write_text(text)
        yield stack.enter_context(ChatStream({"CHATSTREAM_PROVIDERS": str(file)}))


def test_each_state_is_told_with_its_reason(server: ChatStream, browser: Browser) -> None:
    page = Page(browser, server.url).open()
    page.click("button", "Model: here-model")
    told = page.browser.wait(lambda: page.browser.evaluate(TOLD))
    assert {name: said for name, said, _ in told} == {name: said for name, (_, said, _) in HOW.items()}
    for name, _, why in told:
        assert HOW[name][2] in why
        assert bool(why) == bool(HOW[name][2])
    look(browser)
    for name in HOW:
        assert [each for each in page.browser.find_all("button") if each.text.startswith(f"{name}-model")], name
