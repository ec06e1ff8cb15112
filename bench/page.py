"""What the page costs its reader's machine: while a long answer streams, after it, and until it can be used.

    python bench/page.py                          all of it, about 4 minutes
    python bench/page.py stream --tokens 4000     one part, shorter

Everything is real: a model server that writes at a pace, ChatStream with its own configuration, Chromium without a
window, all on this machine. Times are those of the page's main thread, by the DevTools protocol.

stream: `--tokens` at `--rate` a second, text with code and tables; `--before` come at once before them.
memory: JavaScript's heap, nodes and listeners after answers in one chat, and after chats one after the other; what can
    be collected is collected first.
opening: from the start of the navigation until the page can be used: its modules have run, the composer takes a
    question, and every listener is there (`performance.mark("usable")`, the last line of main.js). The first visit has
    an empty cache, the second what the first left in it. Medians of `--rounds`.
listing: `--chats` are scrolled through, from the newest to the oldest, by pages of the list.
server: the longest time in which another stream's reader got nothing while a chat was opened.
size: what a first visit loads, and what of it gzip -6 leaves.
"""

import argparse
import gzip
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.devtools import Devtools, OpenChromium, Spent, Traced
from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer
from tests.web.page import long_answer, long_chat
from tests.web.page.page import Page

PARTS = 5
OPENED = """
    const [navigation] = performance.getEntriesByType('navigation'), files = performance.getEntriesByType('resource')
    return {
      usable: performance.getEntriesByName('usable')[0]?.startTime,
      painted: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
      left: document.scrollingElement.scrollHeight - innerHeight - scrollY,
      files: [navigation, ...files].map(({name, transferSize}) => [name, transferSize]),
    }"""

FURTHER = """
    const list = document.querySelector('#chats')
    list.scrollTop += list.clientHeight
    return document.querySelectorAll('.chat-item').length"""
"""A page further down the list; how many chats it holds."""


class Setting:
    """The programs."""

    def __init__(self, stack: ExitStack) -> None:
        self.model = stack.enter_context(ModelServer())
        env = {"OPENAI_BASE_URL": self.model.url, "AI_MODEL": "test-model"}
        self.server = stack.enter_context(ChatStream(env))
        self.chromium = stack.enter_context(OpenChromium())
        self.api = Api(self.server.address)

    def page(self) -> tuple[Page, Devtools]:
        """An empty tab, as before a first visit, in a browser that is warm."""
        browser = self.chromium.browser()
        page, tools = Page(browser, self.server.url), Devtools(browser)
        browser.open("data:text/html,<p>Warm")
        return page, tools


def stream(setting: Setting, count: int, rate: float, before: int) -> None:
    page, tools = setting.page()
    page.open("/")
    pieces = long_answer.tokens(before + count)
    first = [["text", "".join(pieces[n : n + 50])] for n in range(0, before, 50)]
    rest = long_answer.paced(pieces[before:], 1 / rate)
    setting.model.script([*first, ["gate", "go"], *rest, *long_answer.ended(before + count)])
    page.ask("Write a lot")
    wait_length(page, len("".join(pieces[:before])))
    time.sleep(1)
    tools.trace()
    setting.model.release("go")
    marks = [tools.spent()]
    for part in range(PARTS):
        wait_length(page, len("".join(pieces[: before + count * (part + 1) // PARTS])))
        marks.append(tools.spent())
    report(f"{count} tokens after {before}, {count / marks[-1].since(marks[0]).at:.0f} a second", marks, tools.traced())


def report(what: str, marks: list[Spent], traced: Traced) -> None:
    whole = marks[-1].since(marks[0])
    print(f"stream: {what}; shares of one core")
    for n, (a, b) in enumerate(pairwise(marks), 1):
        print(f"  {n}/{PARTS}        {shares(b.since(a))}")
    print(f"  all        {shares(whole)}")
    print(f"  scripting  {traced.scripting / whole.at:.1%}, microtasks included")
    slow = sum(task > 0.05 for task in traced.tasks)
    print(f"  tasks      the longest {max(traced.tasks) * 1000:.0f} ms; over 50 ms: {slow} of {len(traced.tasks)}")


def wait_length(page: Page, length: int) -> None:
    """Until the answer has so many characters. Asked seldom, since it costs the page."""
    script = "return Number(document.querySelector('[data-role=assistant] .answer')?.dataset.length ?? 0)"
    while int(page.browser.evaluate(script)) < length:
        time.sleep(0.5)


def shares(spent: Spent) -> str:
    names = ("script", "layout", "style", "task")
    return ", ".join(f"{name} {getattr(spent, name) / spent.at:5.1%}" for name in names)


def memory(setting: Setting, answers: int = 6, count: int = 4000) -> None:
    page, tools = setting.page()
    page.open("/")

    def answer() -> None:
        setting.model.script([["text", piece] for piece in long_answer.tokens(count)] + long_answer.ended(count))
        page.ask("Write a lot")
        page.browser.wait(lambda: page.state == "complete", 60)

    print(f"memory: answers of {count} tokens, {len(long_answer.text(count)) // 1000} KB each")
    print("  empty           ", held(tools.spent(collect=True)))
    for n in range(answers):
        answer()
        print(f"  in one chat  {n + 1:2d} ", held(tools.spent(collect=True)))
    for n in range(answers):
        page.click("link", "New chat")
        page.browser.wait(lambda: page.messages == [])
        print(f"  new chat     {n + 1:2d} ", held(tools.spent(collect=True)))
        answer()


def held(spent: Spent) -> str:
    return f"heap {spent.heap / 1e6:.2f} MB, {spent.nodes:.0f} nodes, {spent.listeners:.0f} listeners"


def opening(setting: Setting, rounds: int) -> None:
    print(f"opening: ms, medians of {rounds}")
    for name, path in chats(setting).items():
        visits: dict[str, list[Any]] = {"first": [], "second": []}
        for _ in range(rounds):
            page, tools = setting.page()
            for visit in visits.values():
                visit.append(opened(page, tools, path))
            tools.close()
            page.browser.close()
        for visit, found in visits.items():
            usable, painted, longest = (median(each[n] for each in found) for n in ("usable", "painted", "longest"))
            loaded = sum(size > 0 for _, size in found[-1]["files"])
            times = f"usable {usable:4.0f}, first paint {painted:4.0f}, longest task {longest:4.0f}"
            print(f"  {name:16} {visit:6}  {times}; {loaded} requests; {found[-1]['left']:.0f} px to the end")


def listing(setting: Setting, count: int) -> None:
    lines = b"\n".join(msgspec.json.encode(long_chat.exported(2) | {"title": f"Chat {n}"}) for n in range(count))
    setting.api.call("POST", "/chats/import", lines, {"Content-Type": "application/jsonl"})
    page, tools = setting.page()
    page.open("/")
    print(f"listing: {count} chats")
    marks = [tools.spent()]
    for part in range(1, PARTS + 1):
        tools.trace()
        page.browser.wait(lambda due=count * part // PARTS: page.browser.evaluate(FURTHER) >= due, 120)
        tasks, mark = tools.traced().tasks, tools.spent()
        print(f"  {part}/{PARTS}  longest task {max(tasks) * 1000:3.0f} ms; {shares(mark.since(marks[-1]))}")
        marks.append(mark)


def chats(setting: Setting) -> dict[str, str]:
    """Paths by names."""
    sizes = {f"{n} messages": long_chat.imported(setting.api, n) for n in (20, 2000, 10_000)}
    large = long_chat.imported(setting.api, 2, answer=long_answer.text(350_000)[:1_000_000])
    return {"new": "/"} | {name: f"/c/{chat}" for name, chat in {**sizes, "answer of 1 MB": large}.items()}


def opened(page: Page, tools: Devtools, path: str) -> dict[str, Any]:
    """What a visit took, and the longest task of another one: writing them down takes its time as well."""
    page.browser.open("data:text/html,<p>Elsewhere")
    page.open(path)
    time.sleep(0.5)
    found = page.browser.evaluate(OPENED)
    page.browser.open("data:text/html,<p>Elsewhere")
    tools.trace()
    page.open(path)
    time.sleep(0.5)
    return {**found, "longest": max(tools.traced().tasks) * 1000}


def server(setting: Setting, rounds: int) -> None:
    print(f"server: longest gap of another stream, ms, medians of {rounds}")
    for name, path in chats(setting).items():
        setting.model.script(long_answer.paced(["tide "] * 200 * rounds, 0.01) + long_answer.ended(200 * rounds))
        with long_chat.listening(setting.api) as listener:
            found = {
                "nothing is opened": gaps(listener, rounds, lambda: time.sleep(0.3)),
                path.split("/")[1] or "/": gaps(listener, rounds, lambda path=path: setting.api.get(path)),
            }
            if path != "/":
                found["chat"] = gaps(listener, rounds, lambda path=path: setting.api.get(path.replace("/c/", "/chat/")))
        print(f"  {name:16}", ", ".join(f"{what}: {median(each) * 1000:.0f}" for what, each in found.items()))


def gaps(listener: long_chat.Listener, rounds: int, act: Callable[[], object]) -> list[float]:
    found = []
    for _ in range(rounds):
        began = time.monotonic()
        act()
        listener.wait(2)
        found.append(listener.longest_gap(began))
    return found


def size(setting: Setting) -> None:
    page, tools = setting.page()
    names = [name for name, _ in opened(page, tools, "/")["files"]]
    bodies = {name: setting.api.get(name.removeprefix(setting.server.url)).body for name in names}
    kinds = {"HTML": "/", "CSS": ".css", "JavaScript": ".js", "image": ".svg"}
    print(f"size: {len(bodies)} requests; bytes, and what gzip -6 leaves")
    for kind, end in {**kinds, "all": ""}.items():
        some = [body for name, body in bodies.items() if name.endswith(end)]
        print(f"  {kind:11} {sum(map(len, some)):7} {sum(len(gzip.compress(body, 6)) for body in some):7}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", choices=["stream", "memory", "opening", "listing", "server", "size"])
    parser.add_argument("--tokens", type=int, default=20_000)
    parser.add_argument("--before", type=int, default=0)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--chats", type=int, default=5000)
    options = parser.parse_args()
    parts: dict[str, Callable[[Setting], None]] = {
        "size": size,
        "opening": lambda setting: opening(setting, options.rounds),
        "listing": lambda setting: listing(setting, options.chats),
        "server": lambda setting: server(setting, options.rounds),
        "memory": memory,
        "stream": lambda setting: stream(setting, options.tokens, options.rate, options.before),
    }
    with ExitStack() as stack:
        setting = Setting(stack)
        for name in options.what or parts:
            parts[name](setting)


if __name__ == "__main__":
    main()
