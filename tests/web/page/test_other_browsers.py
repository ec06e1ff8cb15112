"""The page in Firefox and in WebKit, Safari's engine: what a reader does every day. Chromium has all other tests."""

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.keys import Keys

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.engines import Engine, Firefox, WebKit, wait
from tests.servers.model_server import ModelServer, answer

RICH = (
    "# Tides\n\nTwo **bulges**, `h(t)`, a [link](https://example.org/tide) and $a^2+b^2$.\n\n"
    "```python\ndef tide(moon):\n    return moon * 2  # twice\n```\n\n"
    "| hour | height |\n|---|--:|\n| 1 | 0.7 |\n\n- [x] high\n- [ ] low\n\n$$\\int_0^1 x\\,dx$$\n"
)
LAST = "document.querySelector('.message:last-of-type[data-role=assistant]')"
READ = f"{LAST}?.querySelector('.answer').innerText.trim()"


@pytest.fixture(scope="module", params=[Firefox, WebKit], ids=["firefox", "webkit"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with request.param() as engine:
        yield engine


@pytest.fixture
def page(engine: Engine, one_server: ChatStream, model_server: ModelServer) -> Engine:
    """A new chat."""
    engine.open(one_server.url)
    wait(engine, "performance.getEntriesByName('usable').length")
    return engine


def ask(page: Engine, prompt: str) -> None:
    page.js("document.querySelector('#prompt').focus()")
    page.type(prompt + Keys.ENTER)


def ended(page: Engine, state: str) -> None:
    wait(page, f"{LAST}?.dataset.state === '{state}'")


def press(page: Engine, selector: str) -> None:
    page.js(f"[...document.querySelectorAll('{selector}')].findLast((each) => each.checkVisibility()).click()")


def test_an_answer_looks_the_same_streamed_and_after_a_reload(page: Engine, model_server: ModelServer) -> None:
    model_server.script([["reasoning", "Hm."], *answer(RICH)])
    ask(page, "Why twice?")
    ended(page, "complete")
    wait(page, "document.querySelectorAll('.code-part span').length > 2")
    wait(page, "document.querySelectorAll('math').length === 2")
    streamed = page.js(f"return {READ}")
    assert "return moon * 2" in streamed
    page.open(page.js("return location.href.split('#')[0]"))
    wait(page, f"performance.getEntriesByName('usable').length && !{LAST}?.querySelector('.writing')")
    wait(page, "document.querySelectorAll('math').length === 2")
    assert page.js(f"return {READ}") == streamed
    assert page.faults() == []


def test_stopped_gone_on_with_written_anew_and_edited(page: Engine, model_server: ModelServer) -> None:
    model_server.script([["text", "The tide "], ["gate", "never"]])
    ask(page, "When?")
    wait(page, f"{READ}?.includes('The tide')")
    page.type(Keys.ESCAPE)
    ended(page, "stopped")
    model_server.script(answer("comes in."))
    press(page, ".ending [name=continue]")
    wait(page, f"{READ} === 'The tide comes in.'")
    ended(page, "complete")
    press(page, "[name=retry]")
    wait(page, f"{READ} === 'Hello world'")
    wait(page, f"{LAST}.querySelector('.walker-place').textContent === '3/3'")
    ended(page, "complete")
    press(page, "[name=rewrite]")
    wait(page, "document.activeElement.matches('.edit-field')")
    page.type(", by hand")
    press(page, ".edit .button-primary")
    wait(page, f"{READ} === 'Hello world, by hand'")
    press(page, ".walker-step:not(:disabled)")
    wait(page, f"{READ} !== 'Hello world, by hand'")
    assert page.faults() == []


def test_found_shown_dark_and_shared(page: Engine, model_server: ModelServer, one_server: ChatStream) -> None:
    api = Api(one_server.address)
    model_server.script(answer("Fennel goes with Häring."))
    chat = api.answer("What goes together?")[0]["chatId"]
    page.js("document.querySelector('#q').focus()")
    page.type("haring fen")
    wait(page, "document.querySelectorAll('#chats mark').length > 1")
    press(page, "#chats .chat-link")
    wait(page, "CSS.highlights.get('found')?.size > 0")
    page.js("document.querySelector('[aria-label=\"Light or dark\"]').click()")
    press(page, "[name=theme][value=dark]")
    wait(page, "getComputedStyle(document.documentElement).colorScheme === 'dark'")
    press(page, "#topbar-menu summary")
    press(page, "#show-settings")
    wait(page, "document.querySelector('#settings').open")
    model_server.script([["text", "Live "], ["gate", "more"], *answer("and shared.")])
    next(api.ask("Again", chatId=chat).frames())
    page.open(one_server.url + api.post(f"/chat/{chat}/share").json["path"])
    wait(page, f"{READ} === 'Live'")
    model_server.release("more")
    wait(page, f"{READ} === 'Live and shared.'")
    assert page.js("return getComputedStyle(document.documentElement).colorScheme") == "dark"
    assert page.faults() == []
