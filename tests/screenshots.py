"""Photographs of the page in its states, for the documentation: `python -m tests.screenshots [state …]`.

Writes docs/img/<state>-<desktop or phone>-<light or dark>.png. Each is taken of a ChatStream of its own, in front of
the scripted model server, so that the pictures show the same every time.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any, NamedTuple

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.api import Api
from tests.servers.app import ChatStream
from tests.servers.chromium import Chromium
from tests.servers.model_server import ModelServer, answer, failure
from tests.servers.server import ROOT
from tests.web.page.page import Page

OUT = ROOT / "docs" / "img"
SIZES = {"desktop": (1280, 800, 1.0), "phone": (390, 844, 1.5), "narrow": (320, 640, 1.5), "zoomed": (640, 400, 2.0)}
SCHEMES = ("light", "dark")

EARLIER = (
    "A letter to the landlord about the heating",
    "Regular expressions for dates",
    "What to cook with fennel",
    "Notes on Vermeer’s light",
    "Why is the sky dark at night?",
    "Packing list for a week in the hills",
)
AGES_DAYS = (0, 0, 1, 3, 6, 40, 75)
"""How long ago each chat of a list with days was written in."""
QUESTION = "Why does the tide come in twice a day?"
TIDE = (
    "Because the earth turns beneath two bulges of water, not one.",
    "The moon pulls on the sea. On the side that faces it, the pull is strongest, and the water is drawn towards the "
    "moon. On the far side the pull is weakest: there the earth is drawn away from under the water, and the sea stands "
    "high as well.",
    "A point on the coast passes through both bulges in the course of a day, so it has high water twice. The moon has "
    "moved on a little in the meantime, and that is why the tide comes about fifty minutes later each day.",
)
THOUGHT = (
    "The question is about twice, not about tides as such. One bulge is easy to explain; the second is what people "
    "wonder about. Begin with the two bulges, then why the far one exists."
)
FORMATTED = """## High water from a list

The moon comes back to the same place every **24 h 50 min**, so high water comes *twice* in it. To find the next ones:

1. Take the last two readings, as in [the almanac](https://tides.example/brest/2026).
2. Add the interval, and keep the clock in UTC:
   - `utc` for the sum
   - local time for the reader
3. Round to minutes.

```python
from datetime import datetime, timedelta

INTERVAL = timedelta(hours=12, minutes=25)  # half a lunar day

def next_high_waters(last: datetime, count: int = 4) -> list[datetime]:
    '''The coming high waters, oldest first.'''
    return [last + INTERVAL * n for n in range(1, count + 1)]
```

| Harbour | High water | Height |
|:--|:-:|--:|
| Brest | 04:40 | 5.2 m |
| Dover | 11:05 | 6.4 m |
| Saint-Malo | 06:10 | 12.2 m |

> Heights are above chart datum. A strong wind moves them by half a metre.

- [x] Read the list
- [ ] Compare with https://tides.example

---

The force falls with the cube of the distance, \\(F \\propto r^{-3}\\).
"""
FORMULAS = r"""The roots of $ax^2 + bx + c = 0$, for $a \ne 0$, are

$$
x_{1,2} = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}
$$

Each step divides the interval by $2$, so after $n$ of them it is $2^{-n}$ wide, and it costs \(\$0.05\), not $5 or $10.

\[
\begin{aligned}
\nabla \cdot \mathbf{E} &= \frac{\rho}{\varepsilon_0} &
\nabla \times \mathbf{B} &= \mu_0 \left( \mathbf{J} + \varepsilon_0 \frac{\partial \mathbf{E}}{\partial t} \right) \\
f(x) &= \begin{cases} x^2 & \text{if } x \ge 0 \\ -x & \text{otherwise} \end{cases} &
A &= \begin{pmatrix} 1 & 0 \\ 0 & \cos\theta \end{pmatrix}
\end{aligned}
\]

- The sum $\sum_{k=1}^{n} k = \frac{n(n+1)}{2}$ and the limit $\lim_{x \to 0} \frac{\sin x}{x} = 1$
- $$\int_{-\infty}^{\infty} e^{-x^2}\,dx = \sqrt{\pi} \qquad \boxed{\hat{\theta}} \quad \cancel{x}$$
الجذر هو $x = \sqrt{2}$ والمجموع $a + b$ في السطر.

- Water is \(\ce{2H2 + O2 -> 2H2O}\), which is not known here.

\[ \mathbb{E}[X] = \sum_{i=1}^{\infty} x_i\, P(X = x_i) = x_1 P(X = x_1) + x_2 P(X = x_2)
+ x_3 P(X = x_3) + x_4 P(X = x_4) + x_5 P(X = x_5) + \cdots \]
"""
ARABIC = (
    "لأن الأرض تدور تحت نتوءين من الماء، لا نتوء واحد.\n\n"
    "يجذب القمر البحر، وتمر كل نقطة على الساحل بالنتوءين كليهما في اليوم الواحد: 2 مرتان. 🌊🌙\n\n"
    "In English again: each paragraph stands where its own script begins."
)
WIDE = """Side by side, and with the longest word that a harbour master knows:

| Harbour | High water | Low water | Height | Coefficient | Remarks |
|:--|:-:|:-:|--:|--:|:--|
| Saint-Malo | 06:10 | 12:44 | 12.2 m | 98 | The barrage of the Rance closes an hour before high water |
| Granville | 06:32 | 13:01 | 12.6 m | 98 | The lock is open for two hours and a half |

> **Mind the neaps.**
>
> - The range falls to a third.
>   1. Count from the half moon.
>      - Two days later it is least.

Gezeitenwasserstandsvorhersagemodellgenauigkeitsuntersuchungsausschussvorsitzendenstellvertreterwahl

```
https://tides.example/brest/2026/november/21/heights?datum=chart&unit=metre&step=PT10M&format=text
```
"""
ARGUMENTS = (
    '{"harbours": ["Brest", "Roscoff", "Saint-Malo", "Granville", "Cherbourg"], "from": "2026-11-21T00:00:00Z", '
    '"days": 3, "datum": "chart", "columns": ["time", "height", "coefficient"], "note": "Spring tides are wanted '
    'first, since the boat draws two metres and the sill dries at nine."}'
)
RESULT = "\n".join(
    f"{n // 4 + 21} Nov  {n % 4 * 6 + 1:02}:{n * 13 % 60:02}  {3 + n * 7 % 9}.{n % 10} m" for n in range(14)
)
HALF = '{"format": "chatstream/1", "title": "Half a file"}'
CHOOSE = """
    const files = new DataTransfer()
    files.items.add(new File([arguments[0]], 'chats.jsonl'))
    document.querySelector('#file').files = files.files"""
CLOCK = "clock Tell the present date, time and day of the week."
CALCULATE = "calculate Work out an arithmetic expression."
SUM = "How many high waters are there in 88,775 hours?"
Steps = list[list[Any]]


def written(*paragraphs: str) -> Steps:
    """The steps of a text, word by word, and not its end."""
    return [step for step in answer("\n\n".join(paragraphs)) if step[0] == "text"]


def called(name: str, arguments: str, text: str = "") -> Steps:
    """The steps of a turn that ends with a call."""
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
    return [["text", text], ["delta", {"tool_calls": [call]}], ["finish", "tool_calls"], ["done"], ["end"]]


class Scene(NamedTuple):
    """What a state is set up with."""

    page: Page
    model: ModelServer
    server: ChatStream
    api: Api

    def ask(self, steps: Steps, question: str = QUESTION) -> None:
        self.model.script(steps)
        self.page.ask(question)

    def ended(self, state: str) -> None:
        self.page.wait_state(state)


def first_visit(scene: Scene) -> None:
    scene.page.browser.find("textbox", "Message")


def new_chat(scene: Scene) -> None:
    scene.page.browser.find("textbox", "Message")


def waiting(scene: Scene) -> None:
    scene.ask([["gate", "never"]])
    scene.page.browser.wait(lambda: scene.page.phase.endswith("· 3 s"))


def thinking(scene: Scene) -> None:
    scene.ask([["reasoning", THOUGHT], ["gate", "never"]])
    scene.page.browser.wait(lambda: scene.page.phase.startswith("Thinking · 2 s"))


def thought(scene: Scene) -> None:
    scene.ask([["reasoning", THOUGHT], ["sleep", 2.5], *answer("\n\n".join(TIDE))])
    scene.ended("complete")


def streaming(scene: Scene) -> None:
    text = written(*TIDE)[:62]
    scene.ask([*text, ["gate", "never"]])
    scene.page.wait_answer("".join(step[1] for step in text))


def complete(scene: Scene) -> None:
    scene.ask(answer("\n\n".join(TIDE), pause=0.02))
    scene.ended("complete")


def formatted(scene: Scene) -> None:
    """Text of all kinds: a list, code, a table, a quote."""
    scene.ask(answer(FORMATTED), "How do I work out the next high waters?")
    scene.ended("complete")
    scene.page.browser.wait(lambda: scene.page.browser.evaluate("return document.querySelector('.code-keyword')"))
    scene.page.browser.evaluate("scrollTo(0, 140)")


def formatted_end(scene: Scene) -> None:
    formatted(scene)
    scene.page.reload()
    scene.page.browser.evaluate("scrollTo(0, document.body.scrollHeight)")


def formulas(scene: Scene) -> None:
    """Maths in lines and on lines of its own, prices, and a formula that is not known."""
    scene.ask(answer(FORMULAS), "How are quadratic equations solved?")
    scene.ended("complete")
    scene.page.browser.wait(lambda: scene.page.browser.evaluate("return document.querySelectorAll('math').length > 8"))


def wide(scene: Scene) -> None:
    """What does not fit: a wide table, lists in a quote, a long word, a long line of code."""
    scene.ask(answer(WIDE), "And for a week, side by side?")
    scene.ended("complete")
    scene.page.browser.evaluate("scrollTo(0, 0)")


def thoughts(scene: Scene) -> None:
    thought(scene)
    scene.page.browser.driver.find_element(By.CSS_SELECTOR, ".reasoning > summary").click()


def tools(scene: Scene) -> None:
    function = {"name": "get_tides", "arguments": '{"harbour": "Saint-Malo", "days": 3}'}
    call = {"index": 0, "id": "call_1", "type": "function", "function": function}
    scene.ask([["delta", {"tool_calls": [call]}], ["gate", "never"]], "When is high water in Saint-Malo?")
    scene.page.browser.wait(lambda: scene.page.phase.startswith("Calling get_tides"))


def tool_result(scene: Scene) -> None:
    scene.page.open_menu()
    scene.page.click("checkbox", CALCULATE)
    scene.page.open_menu()
    scene.model.script(
        called("calculate", '{"expression": "88775.2 / 1244.1667"}', "A day of the tides is 24 h 50 min. ")
    )
    scene.ask(answer("High water comes every 12 hours and 25 minutes, so there are 71 of them in this time."), SUM)
    scene.ended("complete")


def tool_failed(scene: Scene) -> None:
    scene.page.open_menu()
    scene.page.click("checkbox", CLOCK)
    scene.page.open_menu()
    scene.model.script(called("clock", '{"timezone": "Saint-Malo"}'))
    scene.model.script(called("clock", '{"timezone": "Europe/Paris"}'))
    scene.ask([["gate", "never"]], "What time is it in Saint-Malo?")
    scene.page.browser.wait(lambda: len(scene.page.tools) == 2 and scene.page.phase.endswith("· 2 s"))


def tool_long(scene: Scene) -> None:
    """A call with much to say, and a result that needs a scroll of its own."""
    call = {"name": "get_tides", "arguments": ARGUMENTS, "result": RESULT}
    chat = exported("When can I enter?", "On the third day, from 07:39 on.")
    chat["messages"][-1]["toolCalls"] = [call]
    scene.page.open(f"/c/{imported(scene, chat)}")


def tools_menu(scene: Scene) -> None:
    complete(scene)
    scene.page.open_menu()
    scene.page.click("checkbox", CLOCK)


def tools_menu_new_chat(scene: Scene) -> None:
    scene.page.open_menu()


def branches(scene: Scene) -> None:
    complete(scene)
    scene.model.script(answer(TIDE[0]))
    scene.page.click("button", "Regenerate")
    scene.page.browser.wait(lambda: scene.page.answer == TIDE[0] and scene.page.state == "complete")


def editing(scene: Scene) -> None:
    complete(scene)
    scene.page.browser.evaluate("scrollTo(0, 0)")
    scene.page.click("button", "Edit")
    scene.page.press(" And why not once?")


def branch_deleted(scene: Scene) -> None:
    branches(scene)
    scene.page.browser.find_all("button", "Delete")[-1].click()
    scene.page.browser.find("button", "Undo")


def model_picker(scene: Scene) -> None:
    names = ("llama3.2", "qwen3-coder-30b", "mistral-small-3.2", "gpt-oss-20b")
    scene.model.models([["status", 200, {}, {"object": "list", "data": [{"id": name} for name in names]}]])
    scene.page.click("button", "Model: llama3.2")
    scene.page.browser.find("button", "llama3.2 the default")


def settings(scene: Scene) -> None:
    scene.page.open_menu()
    scene.page.click("button", "System prompt and parameters")
    scene.page.browser.find("textbox", "System prompt").send_keys("Answer in two sentences. Give figures with units.")


def shortcuts(scene: Scene) -> None:
    scene.page.press(Keys.ALT + Keys.SHIFT + "?")
    scene.page.browser.find("button", "Close")


def stopped(scene: Scene) -> None:
    streaming(scene)
    scene.page.press(Keys.ESCAPE)
    scene.ended("stopped")


def refused(scene: Scene) -> None:
    scene.ask(failure(401, "Incorrect API key provided."))
    scene.ended("upstream_error")


def broken(scene: Scene) -> None:
    scene.ask([*written(*TIDE)[:40], ["sleep", 0.3], ["rst"]])
    scene.ended("upstream_error")


def cut(scene: Scene) -> None:
    scene.ask([*written(*TIDE)[:62], ["finish", "length"], ["done"], ["end"]])
    scene.ended("length")


def interrupted(scene: Scene) -> None:
    streaming(scene)
    time.sleep(1.5)  # what arrived is stored by then
    scene.server.kill_worker()
    scene.ended("interrupted")


def continuing(scene: Scene) -> None:
    broken(scene)
    scene.model.script([["gate", "never"]])
    scene.page.click("button", "Continue")
    scene.page.browser.wait(lambda: scene.page.phase.endswith("· 3 s"))


def reconnecting(scene: Scene) -> None:
    streaming(scene)
    scene.page.write("And why not")
    scene.server.kill()
    scene.page.browser.wait(lambda: scene.page.phase == "Reconnecting…")


def deleted_elsewhere(scene: Scene) -> None:
    complete(scene)
    scene.page.write("And why not")
    scene.api.call("DELETE", f"/chat/{scene.page.chat_id}")
    scene.page.browser.evaluate("dispatchEvent(new Event('online'))")
    scene.page.browser.wait(lambda: "was deleted" in scene.page.browser.text("#notice"))


def offline(scene: Scene) -> None:
    scene.page.browser.go_offline()
    scene.page.ask(QUESTION)
    scene.ended("unsent")


def long_answer(scene: Scene) -> None:
    scene.ask([*written(*TIDE * 6), ["gate", "never"]])
    scene.page.browser.wait(lambda: scene.page.answer.count("\n") == 34)
    scene.page.browser.evaluate("scrollBy(0, -500)")
    scene.page.browser.find("button", "Jump to latest")


def right_to_left(scene: Scene) -> None:
    scene.ask(answer(ARABIC), "لماذا يأتي المد مرتين في اليوم؟")
    scene.ended("complete")


def chat_days(scene: Scene) -> None:
    """The list with pins and days."""
    for title, ago in zip((QUESTION, *EARLIER), AGES_DAYS, strict=True):
        imported(scene, exported(title, TIDE[0], ago))
    for title in (EARLIER[1], EARLIER[4]):
        pinned = next(chat for chat in scene.api.get("/chats").json["chats"] if chat["title"] == title)
        scene.api.call("PATCH", f"/chat/{pinned['_id']}", {"pinned": True})
    newest = next(chat for chat in scene.api.get("/chats").json["chats"] if chat["title"] == QUESTION)
    scene.page.open(f"/c/{newest['_id']}")
    drawer(scene)


def archive(scene: Scene) -> None:
    for chat in scene.api.get("/chats").json["chats"][::2]:
        scene.api.call("PATCH", f"/chat/{chat['_id']}", {"archived": True})
    scene.page.open("/?archived=1")
    drawer(scene)


def archive_empty(scene: Scene) -> None:
    scene.page.open("/?archived=1")
    drawer(scene)


def chat_menu(scene: Scene) -> None:
    drawer(scene)
    scene.page.click("button", f"Options for {EARLIER[2]}")
    scene.page.browser.find("menuitem", "Delete")


def share_dialog(scene: Scene) -> None:
    complete(scene)
    scene.page.open_menu()
    scene.page.click("button", "Share")
    scene.page.browser.find("button", "Copy link")


def shared_page(scene: Scene) -> None:
    complete(scene)
    scene.page.open(scene.api.post(f"/chat/{scene.page.chat_id}/share").json["path"])


def transfer(scene: Scene) -> None:
    scene.page.open("/transfer")


def transferred(scene: Scene) -> None:
    """After an import of which a part failed."""
    lines = [*(json.dumps(exported(title, TIDE[0])) for title in EARLIER[:3]), HALF]
    scene.page.open("/transfer")
    scene.page.browser.evaluate(CHOOSE, "\n".join(lines))
    scene.page.click("button", "Import")
    scene.page.browser.wait(lambda: "imported" in scene.page.browser.text())


def out_of_reach(scene: Scene) -> None:
    scene.page.open("/offline")


def many_chats(scene: Scene) -> None:
    for number in range(200):
        scene.api.post("/chat", {"prompt": f"{EARLIER[number % len(EARLIER)]} ({number})"})
    scene.page.reload()
    drawer(scene)


def search_hits(scene: Scene) -> None:
    drawer(scene)
    scene.page.browser.find("searchbox", "Search chats").send_keys("fennel")
    scene.page.browser.wait(lambda: len(scene.page.chats) == 1)


def search_messages(scene: Scene) -> None:
    """Found in titles and in messages, with the words marked."""
    for title in EARLIER[2:4]:
        imported(scene, exported(title, TIDE[2]))
    imported(scene, exported(QUESTION, TIDE[1]))
    scene.page.reload()
    drawer(scene)
    scene.page.browser.find("searchbox", "Search chats").send_keys("tide")
    scene.page.browser.wait(lambda: len(scene.page.chats) == 3)


def search_nothing(scene: Scene) -> None:
    drawer(scene)
    scene.page.browser.find("searchbox", "Search chats").send_keys("zeppelin")
    scene.page.browser.wait(lambda: not scene.page.chats)


def deleted(scene: Scene) -> None:
    complete(scene)
    drawer(scene)
    scene.page.click("button", f"Options for {EARLIER[2]}")
    scene.page.browser.find("menuitem", "Delete").click()
    scene.page.browser.find("button", "Undo")


def without_javascript(scene: Scene) -> None:
    scene.page.browser.disable_javascript()
    scene.page.open("/")
    scene.model.script(answer("\n\n".join(TIDE)))
    scene.page.write(QUESTION)
    scene.page.click("button", "Send")
    scene.page.browser.wait(lambda: "fifty minutes later" in scene.page.answer)


def missing(scene: Scene) -> None:
    scene.page.open(f"/c/{'0' * 24}")


def drawer(scene: Scene) -> None:
    """Open the list of chats where it is a drawer."""
    for button in scene.page.browser.find_all("button", "Chats"):
        button.click()
        scene.page.browser.find("searchbox", "Search chats")


def exported(question: str, text: str, days_ago: float = 0) -> dict[str, Any]:
    """A chat of one question as an export has it."""
    at = int((time.time() - days_ago * 86_400) * 1000)
    asked = {"id": "1", "parentId": None, "role": "user", "content": question, "createdAt": at}
    said = {"id": "2", "parentId": "1", "role": "assistant", "content": text, "createdAt": at, "model": "llama3.2"}
    fields = {"format": "chatstream/1", "title": question, "createdAt": at, "updatedAt": at}
    return {**fields, "messages": [asked, said]}


def imported(scene: Scene, chat: dict[str, Any]) -> str:
    """Its id."""
    return str(scene.api.post("/chats/import", chat).json["chats"][0]["_id"])


State = Callable[[Scene], None]
Variants = tuple[tuple[str, str], ...]
ALL: Variants = (*product(("desktop", "phone"), SCHEMES), ("narrow", "light"), ("zoomed", "light"))
TWO: Variants = (("desktop", "light"), ("phone", "dark"))
STATES: dict[State, Variants] = {
    **dict.fromkeys((first_visit, streaming), ALL),
    **dict.fromkeys((formatted, formatted_end, formulas), ALL),
    **dict.fromkeys((new_chat, waiting, thinking, thought, complete, tools, stopped, refused, broken, cut), TWO),
    **dict.fromkeys((tool_result, tool_failed, tools_menu, tools_menu_new_chat), (*TWO, ("narrow", "light"))),
    **dict.fromkeys((branches, editing, branch_deleted, model_picker, settings), (*TWO, ("narrow", "light"))),
    shortcuts: TWO,
    **dict.fromkeys((offline, interrupted, continuing, reconnecting, deleted_elsewhere), TWO),
    **dict.fromkeys((long_answer, right_to_left, many_chats, search_hits, search_nothing, deleted), TWO),
    **dict.fromkeys((without_javascript, missing, archive, archive_empty, chat_menu), TWO),
    **dict.fromkeys((shared_page, search_messages), TWO),
    **dict.fromkeys((wide, thoughts, tool_long), (*TWO, ("narrow", "light"))),
    **dict.fromkeys((chat_days, share_dialog, transfer, transferred, out_of_reach), (*TWO, ("narrow", "light"))),
}


@contextmanager
def served(model: ModelServer, chats: tuple[str, ...]) -> Iterator[ChatStream]:
    """A ChatStream with these earlier chats."""
    model.reset()
    with ChatStream({"OPENAI_BASE_URL": model.url, "AI_MODEL": "llama3.2"}) as server:
        for title in reversed(chats):
            Api(server.address).post("/chat", {"prompt": title})
        yield server


def photograph(state: State, size: str, scheme: str, model: ModelServer, chromium: Chromium) -> None:
    name = state.__name__.replace("_", "-")
    with served(model, () if state in (first_visit, chat_days) else EARLIER) as server:
        browser = chromium.browser()
        browser.prefer(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
        browser.resize(*SIZES[size])
        browser.command("Emulation.setScrollbarsHidden", hidden=True)
        state(Scene(Page(browser, server.url).open(), model, server, Api(server.address)))
        browser.screenshot(OUT / f"{name}-{size}-{scheme}.png")
        browser.close()


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    wanted = set(sys.argv[1:])
    with ModelServer() as model, Chromium() as chromium:
        for state, variants in STATES.items():
            if wanted and state.__name__ not in wanted:
                continue
            for size, scheme in variants:
                photograph(state, size, scheme, model, chromium)
                print(f"{state.__name__} {size} {scheme}", flush=True)


if __name__ == "__main__":
    main()
