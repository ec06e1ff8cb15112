"""What stands quietly under an answer: each figure by itself, live and as the server has it; and how it ended."""

from typing import Any

import pytest

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer
from tests.web.page import long_chat
from tests.web.page.page import LAST, Page

FIGURES = f"""return Object.fromEntries([...{LAST}.querySelectorAll('.figure')].map((figure) => {{
    const slot = figure.dataset.figure ? figure : figure.querySelector('[data-figure]')
    return [slot.dataset.figure, figure.checkVisibility() ? figure.innerText.trim() : null]}}))"""
"""What one reads of each, without the dot before it; None where it is not shown."""
BY_PAGE = """return (async function () {
    const {figures} = await import('/static/js/endings.js')
    const line = document.body.appendChild(figures(arguments[0]))
    return line.innerText.replace(/\\s+/g, ' ').trim()}).apply(null, arguments)"""
USAGE = {"prompt_tokens": 5, "completion_tokens": 1234, "total_tokens": 1239}
ENDED = [["finish", "stop"], ["usage", USAGE], ["done"], ["end"]]
WRITTEN: list[list[Any]] = [["text", "Twice"], ["gate", "rest"], ["text", " a day."]]


def figures(page: Page) -> dict[str, str | None]:
    return dict(page.browser.evaluate(FIGURES))


def timings(page: Page, server: ChatStream) -> dict[str, Any]:
    return dict(Api(server.address).history(page.chat_id)[-1]["timings"])


def asked(page: Page, model: ModelServer, steps: list[list[Any]], state: str = "complete") -> None:
    model.script(steps)
    page.ask("When?")
    if ["gate", "rest"] in steps:  # what is read at once has no rate
        page.wait_answer("Twice")
        model.release("rest")
    page.wait_state(state)


@pytest.mark.parametrize("reload", [False, True], ids=["live", "after a reload"])
@pytest.mark.parametrize("wait", [0, 1.1])
def test_each_figure_is_what_the_server_measured(
    page: Page, one_server: ChatStream, model_server: ModelServer, reload: bool, wait: float
) -> None:
    asked(page, model_server, [["sleep", wait], *WRITTEN, *ENDED])
    if reload:
        page.reload()
    known, shown = timings(page, one_server), figures(page)
    first = known["firstTokenMs"]
    assert first >= 1000 * wait
    assert shown["model"] == "test-model"
    amount = f"{first} ms" if first < 1000 else f"{int(first / 100 + 0.5) / 10} s"
    assert shown["first"] == f"{amount} to the first token"
    assert shown["tokens"] == "1,234 tokens"
    assert shown["rate"] == f"{int(known['tokensPerSecond'] + 0.5):,} tokens/s"
    assert page.ending == ""


@pytest.mark.parametrize("reload", [False, True], ids=["live", "after a reload"])
def test_an_answer_in_a_single_chunk_has_no_rate(
    page: Page, one_server: ChatStream, model_server: ModelServer, reload: bool
) -> None:
    """However many tokens it had, and however late its end is told."""
    usage = {**USAGE, "completion_tokens": 20}
    end = [["finish", "stop"], ["usage", usage], ["done"], ["sleep", 0.2], ["end"]]
    asked(page, model_server, [["text", "Twenty tokens at once."], ["sleep", 0.4], *end])
    if reload:
        page.reload()
    shown = figures(page)
    assert (shown["model"], shown["tokens"], shown["rate"]) == ("test-model", "20 tokens", None)
    assert timings(page, one_server)["tokensPerSecond"] is None


def test_the_rate_ends_with_the_last_token(page: Page, one_server: ChatStream, model_server: ModelServer) -> None:
    """A model server that is slow to say that it has finished was no slower in writing."""
    asked(page, model_server, [*WRITTEN, ["sleep", 1.2], *ENDED])
    known = timings(page, one_server)
    spent = 1233 * 1000 / known["tokensPerSecond"]
    assert spent < known["totalMs"] - known["firstTokenMs"] - 900


@pytest.mark.parametrize("reload", [False, True], ids=["live", "after a reload"])
@pytest.mark.parametrize(
    ("end", "state", "words"),
    [
        ([["finish", "length"], ["usage", USAGE], ["done"], ["end"]], "length", "Cut at the length limit. Continue"),
        ([["end"]], "truncated", "ended the answer without saying that it was whole. What arrived is kept."),
        ([["rst"]], "upstream_error", "What arrived is kept. Continue · Retry"),
    ],
    ids=["length", "truncated", "broken"],
)
def test_how_it_ended_stands_above_them(
    page: Page, model_server: ModelServer, end: list[list[Any]], state: str, words: str, reload: bool
) -> None:
    asked(page, model_server, [*WRITTEN, *end], state)
    if reload:
        page.reload()
    assert words in page.ending
    shown = figures(page)
    assert shown["model"] == "test-model"
    assert str(shown["first"]).endswith("to the first token")
    assert shown["tokens"] == ("1,234 tokens" if state == "length" else None)


def test_the_server_writes_them_as_the_page_does(page: Page, one_server: ChatStream) -> None:
    page.browser.allow_scripts()
    api = Api(one_server.address)
    for first, rate in [(0, 0.4), (999, 9.9), (1000, 10), (1250, 10.5), (1350, 11.5), (1450, 3082.5), (99_950, 3083.5)]:
        chat = long_chat.exported(2)
        known = {"firstTokenMs": first, "totalMs": 2 * first, "tokensPerSecond": rate}
        chat["messages"][1] |= {"model": "small", "usage": USAGE, "timings": known}
        page.open(f"/c/{api.post('/chats/import', chat).json['chats'][0]['_id']}")
        by_page = page.browser.evaluate(BY_PAGE, {"model": "small", "usage": USAGE, "timings": known})
        assert " ".join(page.browser.text(".figures").split()) == by_page


CALL = {"index": 0, "id": "a", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
CUT: list[list[Any]] = [["finish", "length"], ["usage", USAGE], ["done"], ["end"]]
CALLED: list[list[Any]] = [["finish", "tool_calls"], ["usage", USAGE], ["done"], ["end"]]


@pytest.mark.parametrize(
    ("steps", "state"),
    [([["reasoning", "Hm. "], *CUT], "length"), ([["delta", {"tool_calls": [CALL]}], *CALLED], "complete")],
    ids=["reasoning alone", "a call alone"],
)
def test_what_had_no_text_has_its_figures_too(
    page: Page, model_server: ModelServer, steps: list[list[Any]], state: str
) -> None:
    asked(page, model_server, steps, state)
    live = figures(page)
    assert (live["model"], live["tokens"]) == ("test-model", "1,234 tokens")
    page.reload()
    assert figures(page) == live


def test_nothing_came_and_nothing_is_counted(page: Page, model_server: ModelServer) -> None:
    asked(page, model_server, [["finish", "stop"], ["done"], ["end"]])
    assert page.ending.startswith("No completion generated.")
    assert page.browser.evaluate(f"return {LAST}.querySelector('.figures')") is None
