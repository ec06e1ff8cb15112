"""What the page costs its reader's machine, in counts and in ratios; bench/page.py measures it in seconds."""

import itertools
import re

import pytest

from chatstream.web.assets import SHEETS
from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Browser
from tests.servers.model_server import ModelServer, answer
from tests.servers.server import ROOT
from tests.web.page import long_answer
from tests.web.page.page import LAST, Page

SHORT = 150
"""Tokens of the stretches that are compared."""
LONG = 19_000
"""Tokens in between."""
LINES = [f"{token} " if n % 12 else f"{token}\n" for n, token in enumerate(["level", "+=", "total"] * 7000)]
"""Code without an empty line."""
ONE_LINE = ["tide "] * 21_000


def spent(browser: Browser) -> dict[str, float]:
    """What the page's main thread has done so far, and what it holds, after all that can be collected was."""
    browser.command("Performance.enable")
    for _ in range(2):
        browser.command("HeapProfiler.collectGarbage")
    return {each["name"]: each["value"] for each in browser.command("Performance.getMetrics")["metrics"]}


def work(before: dict[str, float], after: dict[str, float]) -> float:
    return sum(after[name] - before[name] for name in ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration"))


HEAP = 1.5
"""Bytes of heap for each character of an answer, of which a quarter are words of code: 1.2 measured."""
SHOWN = f"return Number({LAST}?.querySelector('.answer').dataset.length ?? 0)"
"""So many characters of the source are shown."""
COLOURED = """return [...document.querySelectorAll('pre > code[data-language]:not(.writing)')].every(
    (code) => code.dataset.language === '' || code.querySelector('.code-part > span'))"""
WATCH = f"""
    window.touched = 0
    new MutationObserver((records) => {{
      for (const {{addedNodes, removedNodes}} of records) touched += 1 + addedNodes.length + removedNodes.length
    }}).observe({LAST}, {{subtree: true, childList: true, characterData: true, attributes: true}})"""


@pytest.mark.parametrize("pieces", [LINES, ONE_LINE, long_answer.tokens(20_000)], ids=["lines", "one line", "mixed"])
def test_a_token_at_the_end_costs_what_one_at_the_beginning_does(
    page: Page, model_server: ModelServer, pieces: list[str]
) -> None:
    middle = [["text", "".join(pieces[n : min(n + 500, LONG)])] for n in range(SHORT, LONG, 500)]
    stretches = [pieces[at : at + SHORT] for at in (0, *range(LONG, LONG + 3 * SHORT, SHORT))]
    first, *last = [[["gate", str(n)], *long_answer.paced(each, 0.01)] for n, each in enumerate(stretches)]
    ending = [["gate", "end"], *long_answer.ended(LONG)]
    model_server.script([*first, ["gate", "middle"], *middle, *itertools.chain(*last), *ending])
    page.ask("Write a lot")

    def cost(gate: str, until: int) -> float:
        before = spent(page.browser)
        model_server.release(gate)
        page.browser.wait(lambda: page.browser.evaluate(SHOWN) == until, 20)
        return work(before, spent(page.browser))

    begun = len("".join(stretches[0]))
    at_first = cost("0", begun)
    grown = begun + len("".join(text for _, text in middle))
    cost("middle", grown)
    page.browser.wait(lambda: page.browser.evaluate(COLOURED))
    page.browser.evaluate(WATCH)
    ends = itertools.accumulate((len("".join(each)) for each in stretches[1:]), initial=grown)
    at_last = [cost(str(n), end) for n, end in enumerate(ends) if n]
    assert min(at_last) < 5 * at_first  # as one block: 15 times; what else the machine does can only add to one of them
    # 0.7 changes for a token; code gets its colours once, when it has ended
    assert page.browser.evaluate("return touched") < 1.5 * 3 * SHORT
    model_server.release("end")


def test_answers_leave_nothing_behind_but_their_text(page: Page, model_server: ModelServer) -> None:
    held, blocks, pieces = [], [], long_answer.tokens(20_000)
    steps = [["text", "".join(pieces[n : n + 50])] for n in range(0, len(pieces), 50)]
    for _ in range(6):
        model_server.script([*steps, *long_answer.ended(len(pieces))])
        page.ask("Write a lot")
        page.wait_state("complete")
        page.browser.wait(lambda: page.browser.evaluate("return document.querySelector('#stop').hidden"))
        page.browser.wait(lambda: page.browser.evaluate(COLOURED))
        held.append(spent(page.browser))
        blocks.append(page.browser.evaluate("return document.querySelectorAll('code-block').length"))
    first, last = held[1], held[-1]
    listening = last["JSEventListeners"] - first["JSEventListeners"]
    assert listening <= blocks[-1] - blocks[1] + 2  # one for each button that copies code
    # Scripts hold nothing of the text: heap snapshots after two answers and after four differ in no object but compiled
    # code. What grows are the elements that a script made, 28 bytes for each coloured word of code, and goes with them.
    assert last["JSHeapUsedSize"] - first["JSHeapUsedSize"] < 4 * HEAP * len("".join(pieces))  # four answers more
    assert last["Nodes"] - first["Nodes"] < 4 * len("".join(pieces)) / 6  # words of code have their colours: one in 7


def test_another_chat_holds_no_more_than_the_first_did(page: Page, model_server: ModelServer) -> None:
    held = []
    for _ in range(4):
        model_server.script(answer("word " * 3000))
        page.ask("Write a lot")
        page.wait_state("complete")
        page.click("link", "New chat")
        page.browser.wait(lambda: page.messages == [])
        held.append(spent(page.browser))
    assert held[-1]["Nodes"] <= held[0]["Nodes"] + 100
    assert held[-1]["Documents"] <= held[0]["Documents"]
    assert held[-1]["JSHeapUsedSize"] < held[0]["JSHeapUsedSize"] + 300_000


def test_a_second_visit_asks_for_the_page_alone(page: Page) -> None:
    page.open("/")
    asked = """return performance.getEntriesByType('resource').filter((r) => r.transferSize > 0).map((r) => r.name)"""
    assert page.browser.evaluate(asked) == []
    assert len(page.browser.evaluate("return performance.getEntriesByType('resource')")) >= 3


def test_files_are_kept_under_their_version_only(one_server: ChatStream) -> None:
    api = Api(one_server.address)
    found = re.findall(r'"(/assets/([0-9a-f]{12})/[^"]+)"', api.get("/").body.decode())
    assert len({version for _, version in found}) == 1
    assert {api.get(path).headers["Cache-Control"] for path, _ in found} == {"public, max-age=31536000, immutable"}
    for path, version in found[:3]:
        old = api.get(path.replace(version, "0" * 12))
        assert (old.status, old.headers["Cache-Control"]) == (200, "no-cache")
    assert api.get("/assets/x/../wsgi.py").status == 404
    assert "immutable" not in str(api.get("/static/js/streaming-chat.js").headers.items())


def test_all_style_sheets_are_sent_in_one(one_server: ChatStream) -> None:
    folder = ROOT / "static/css"
    files = {str(path.relative_to(folder).with_suffix("")): path.read_text() for path in folder.rglob("*.css")}
    assert set(SHEETS) == set(files)
    sent = Api(one_server.address).get("/assets/x/page.css")
    assert sent.body.decode() == "".join(files[name] for name in SHEETS)
