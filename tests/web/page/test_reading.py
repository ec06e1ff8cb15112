"""Markdown, read by the page while it streams and by the server: the same blocks come of it."""

import random
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By

from chatstream.reading.html import render
from tests.servers.model_server import ModelServer
from tests.web.page.page import LAST, Page

TEXTS = Path(__file__).parents[2] / "reading"
CORPUS = sorted((TEXTS / "corpus").glob("*.md"))
HOSTILE = sorted((TEXTS / "hostile").glob("*.md"))
END: list[list[Any]] = [["finish", "stop"], ["done"], ["end"]]
OUTLINE = """
    const KEPT = ['href', 'title', 'start', 'target', 'rel', 'class', 'dir', 'type', 'aria-label', 'data-host',
      'data-language', 'role', 'tabindex']
    const outline = (element) => {
      const found = []
      for (const node of element.childNodes) {
        if (node.nodeType === Node.TEXT_NODE) add(found, node.data)
        else if (node.matches('code span')) for (const part of outline(node)) add(found, part)
        else found.push([node.localName, Object.fromEntries(KEPT.flatMap((name) =>
          node.hasAttribute(name) ? [[name, node.getAttribute(name)]] : [])), node.checked ?? null, outline(node)])
      }
      return found
    }
    const add = (found, part) => {
      if (typeof part === 'string' && typeof found.at(-1) === 'string') found.push(found.pop() + part)
      else if (part !== '') found.push(part)
    }
    const parsed = (html) => outline(new DOMParser().parseFromString(html, 'text/html').body)
"""
STREAMED = f"""
    const [pieces, html, done] = arguments
    const names = ['blocks', 'writer'].map((name) => import(`/static/js/markdown/${{name}}.js`))
    Promise.all(names).then(([{{Blocks}}, {{Writer}}]) => {{
      {OUTLINE}
      const element = document.createElement('div'), blocks = new Blocks(new Writer(element, () => {{}}, () => {{}}))
      for (const piece of pieces) blocks.write(piece)
      blocks.end()
      done([outline(element), parsed(html)])
    }}).catch((error) => done([String(error.stack), null]))"""
FRAGMENTS = (
    *("- ", "* ", "1. ", "2. ", "  ", "    ", "> ", "```\n", "~~~\n", "```py\n", "# ", "\n", "\n\n", "a", "word "),
    *("**", "*", "$$", "\\[", "\\]"),
    *("_", "__", "`", "``", "~~", "[", "](", "](http://x.org)", ")", "![", "|", "| a | b |\n", "|---|---|\n", "---\n"),
    *("<br>", "http://x.org/a_b ", "<http://y.z>", "\\(", "\\)", "$", "&amp;", "&#65;", "\t", "1", "[x] ", "é", "😀"),
    *(". ", "<"),
)


@pytest.fixture
def reader(page: Page) -> Page:
    """A page that a test may give scripts to."""
    page.browser.allow_scripts()
    return page.open()


def both(page: Page, text: str, pieces: list[str]) -> tuple[Any, Any]:
    """What the page makes of the text that comes in these pieces, and what the server makes of it."""
    streamed, served = page.browser.driver.execute_async_script(STREAMED, pieces, "".join(render(text)))
    return streamed, served


@pytest.mark.parametrize("path", CORPUS + HOSTILE, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_streamed_and_served_are_the_same_blocks_with_the_same_text(reader: Page, path: Path) -> None:
    text = path.read_bytes().decode()
    for size in (1, 7, 1 << 20):
        streamed, served = both(reader, text, [text[at : at + size] for at in range(0, len(text), size)])
        assert streamed == served


def test_they_are_the_same_for_nearly_all_that_can_be_put_together(reader: Page) -> None:
    """Of texts that nobody writes, a few in a thousand differ: docs/browser.md names how."""
    chance = random.Random(7)
    texts = ["".join(chance.choices(FRAGMENTS, k=chance.randrange(2, 30))) for _ in range(1000)]
    results = [(text, *both(reader, text, list(text))) for text in texts]
    assert len([text for text, streamed, served in results if streamed != served]) <= 5


def test_a_text_that_ends_anywhere_is_shown_without_its_marks(reader: Page) -> None:
    """What is open at the end is taken for closed there, so that nothing flickers."""
    shown = """
        const [texts, done] = arguments
        const names = ['blocks', 'writer'].map((name) => import(`/static/js/markdown/${name}.js`))
        Promise.all(names).then(([{Blocks}, {Writer}]) =>
          done(texts.map((text) => {
            const element = document.createElement('div')
            new Blocks(new Writer(element, () => {}, () => {})).write(text)
            return element.innerHTML.replaceAll(/ (dir|class)="[a-z]*"/g, '')
          })))"""
    expected = {
        "a **bo": "<p>a <strong>bo</strong></p>",
        "a **": "<p>a</p>",
        "a `co": "<p>a <code>co</code></p>",
        "see [the alma](https://tid": "<p>see <span>the alma</span></p>",
        "- **a": "<ul><li><p><strong>a</strong></p></li></ul>",
        "- [": "<ul><li><p></p></li></ul>",
        "text\n-": "<p>text</p>",
        "## He": "<h2>He</h2>",
        "##": "",
        "| a | b |\n": "<p></p>",
    }
    found = reader.browser.driver.execute_async_script(shown, list(expected))
    assert dict(zip(expected, found, strict=True)) == expected


def depth(blocks: list[Any]) -> int:
    return max((1 + depth(block[3]) for block in blocks if isinstance(block, list)), default=0)


def text_of(blocks: list[Any]) -> str:
    return "".join(block if isinstance(block, str) else text_of(block[3]) for block in blocks)


@pytest.mark.parametrize("size", [7, 1 << 20])
def test_what_stands_in_each_other_has_a_bound_and_is_lost_nowhere(reader: Page, size: int) -> None:
    found = {}
    for text in (TEXTS / "hostile/deep.md").read_text().split("\n\n"):
        streamed, served = both(reader, text, [text[at : at + size] for at in range(0, len(text), size)])
        assert streamed == served
        found[text[:6]] = depth(streamed)
        assert "END" in text_of(streamed) or "END" not in text
    assert [found[begin] for begin in ("- - - ", ">>>>>>", "*a *a ")] == [91, 91, 91]
    assert max(found.values()) == 91


def test_marks_that_are_open_have_the_same_bound(reader: Page) -> None:
    growing = STREAMED.replace("blocks.end()", "")
    streamed, _ = reader.browser.driver.execute_async_script(growing, ["*a " * 300 + "b"], "")
    assert depth(streamed) == 91


READ = """
    const [begin, length, done] = arguments
    import('/static/js/markdown/blocks.js').then(({Blocks}) => {
      let count = 0
      const {exec} = RegExp.prototype, {trim, indexOf} = String.prototype
      RegExp.prototype.exec = function (text) {
        const found = exec.call(this, text)
        count += this.sticky ? found?.[0].length ?? 1 : text.length
        return found
      }
      String.prototype.trim = function () { count += this.length; return trim.call(this) }
      String.prototype.indexOf = function (...of) { count += this.length; return indexOf.apply(this, of) }
      const nothing = () => {}, text = begin + 'word '.repeat(length / 5), count_ = (text) => (count += text.length)
      try {
        const sink = {open: nothing, close: nothing, drop: nothing, inline: count_, code: count_, row: nothing}
        const blocks = new Blocks(sink)
        for (let at = 0; at < text.length; at += 40) blocks.write(text.slice(at, at + 40))
        blocks.end()
      } finally {
        Object.assign(RegExp.prototype, {exec})
        Object.assign(String.prototype, {trim, indexOf})
      }
      done(count)
    }).catch((error) => done(String(error.stack)))"""


BEGINNINGS = ("| ", "~~~ ", "``` ", "# ", "", "- - - " * 9_000, ">" * 40_000, "```\n", "```\n" + " " * 40_000)


@pytest.mark.parametrize("begin", BEGINNINGS, ids=range(len(BEGINNINGS)))
def test_a_line_twice_as_long_takes_twice_the_reading(reader: Page, begin: str) -> None:
    """In characters that are looked at, however few come at a time."""
    longer = begin if len(begin) < 9 else begin + begin.removeprefix("```\n")
    once, twice = (
        reader.browser.driver.execute_async_script(READ, head, length)
        for head, length in ((begin, 60_000), (longer, 120_000))
    )
    assert once >= 60_000
    assert twice < 2.6 * once


SPLIT = """
    const [text, done] = arguments
    import('/static/js/markdown/inline.js').then(({inline}) => {
      const {split} = String.prototype
      let count = 0
      String.prototype.split = function (...by) { count += this.length; return split.apply(this, by) }
      try { inline(text, true) } finally { Object.assign(String.prototype, {split}) }
      done(count / text.length)
    }).catch((error) => done(String(error.stack)))"""


def test_brackets_behind_an_address_are_counted_once(reader: Page) -> None:
    text = "http://x.org/" + ")" * 4_000
    streamed, served = both(reader, text, [text])
    assert streamed == served
    assert reader.browser.driver.execute_async_script(SPLIT, text) <= 2


# -- in the page


def write(page: Page, model_server: ModelServer, text: str, size: int, kind: str = "text") -> None:
    """An answer, or what was thought before none, that comes in pieces of so many characters."""
    pieces = [[kind, text[at : at + size]] for at in range(0, len(text), size)]
    model_server.script([*pieces, *END])
    page.ask("Write it")
    page.wait_state("complete")


def test_a_reload_shows_what_streamed(page: Page, model_server: ModelServer) -> None:
    text = (TEXTS / "corpus/model.md").read_text()
    write(page, model_server, text, 5)
    seen = f"{OUTLINE} return outline({LAST}.querySelector('.answer'))"
    streamed = page.browser.evaluate(seen)
    assert [block[0] for block in streamed][:4] == ["p", "h3", "p", "code-block"]
    page.reload()
    assert page.browser.evaluate(seen) == streamed


def test_finished_blocks_and_a_selection_in_them_stay(page: Page, model_server: ModelServer) -> None:
    text = (TEXTS / "corpus/model.md").read_text()
    half = text.index("> **Note")
    rest = [["text", text[at : at + 5]] for at in range(half, len(text), 5)]
    model_server.script([["text", text[:half]], ["gate", "more"], *rest, *END])
    page.ask("Write it")
    page.browser.wait(lambda: "not bold" in page.answer)
    page.browser.evaluate(f"""
        window.blocks = [...{LAST}.querySelectorAll('.answer > *')].slice(0, -1)
        window.html = blocks.map((block) => block.outerHTML)
        const top = (block) => block.getBoundingClientRect().top
        window.tops = () => blocks.map((block) => top(block) - top(blocks[0]))
        window.before = tops()
        getSelection().setBaseAndExtent(blocks[0].firstChild, 0, blocks[5].querySelector('li'), 1)
        window.selected = getSelection().toString()""")
    model_server.release("more")
    page.wait_state("complete")
    same = "return blocks.every((block, at) => block.isConnected && block.outerHTML === html[at])"
    assert page.browser.evaluate(same)
    assert page.browser.evaluate("return selected.length > 40 && getSelection().toString() === selected")
    assert page.browser.evaluate("return String(tops()) === String(before)")


def test_a_selection_in_a_growing_paragraph_lasts(page: Page, model_server: ModelServer) -> None:
    more: list[list[Any]] = [["text", " *and* [then](https://tide.example/) `some` more"], ["gate", "end"]]
    model_server.script([["text", "The tide comes in"], ["gate", "more"], *more, ["text", ".\n\nDone"], *END])
    page.ask("When?")
    page.wait_answer("The tide comes in")
    page.browser.evaluate(f"""const text = {LAST}.querySelector('.answer p').firstChild
        getSelection().setBaseAndExtent(text, 4, text, 14)""")
    for gate, text in (("more", "more"), ("end", "Done")):
        model_server.release(gate)
        page.browser.wait(lambda text=text: text in page.answer)  # type: ignore[misc]
        assert page.browser.evaluate("return String(getSelection())") == "tide comes"


COLOURED = "return [...document.querySelectorAll('code span[class]')].map((span) => [span.className, span.textContent])"


def test_code_gets_its_colours_when_it_is_whole_and_after_a_reload(page: Page, model_server: ModelServer) -> None:
    code = '😀 = 1\ndef f():\n    return "é"  # so'
    text = f"```python\n{code}\n{'#' * 2000}"
    model_server.script([["text", text], ["gate", "more"], ["text", "\n```\nDone"], *END])
    page.ask("Write it")
    page.browser.wait(lambda: "return" in page.answer)
    expected = {("code-keyword", "def"), ("code-keyword", "return"), ("code-name", "f"), ("code-string", '"é"')}
    expected |= {("code-comment", "# so"), ("code-number", "1")}
    page.browser.evaluate(f"""
        const text = {LAST}.querySelector('.code-part').firstChild
        getSelection().setBaseAndExtent(text, 4, text, 20)""")
    model_server.release("more")
    for reloaded in (False, True):
        page.browser.wait(lambda: expected <= {(name, text) for name, text in page.browser.evaluate(COLOURED)})
        assert page.answer.startswith(code)
        if not reloaded:
            assert page.browser.evaluate("return String(getSelection())") == code[3:19]
            page.reload()
    assert page.browser.console() == []


def test_code_is_labelled_with_its_language(page: Page, model_server: ModelServer) -> None:
    write(page, model_server, "```c++ title=x\nint x;\n```\n\n~~~\nplain\n~~~\n\n    indented\n", 3)
    heads = f"[...{LAST}.querySelectorAll('.code-head')]"
    labels = f"return {heads}.map((head) => head.innerText.split(/\\s+/)[0])"
    for _ in range(2):
        assert page.browser.evaluate(labels) == ["c++", "Copy", "Copy"]
        page.reload()


def test_tasks_have_boxes_that_say_how_they_stand(page: Page, model_server: ModelServer) -> None:
    write(page, model_server, "- [ ] buy\n- [x] cook\n  - [X] taste\n- [y] wash\n\n[x] no item\n", 2)
    for _ in range(2):
        boxes = page.browser.driver.find_elements(By.CSS_SELECTOR, ".answer input")
        assert [(box.aria_role, box.accessible_name, box.is_selected(), box.is_enabled()) for box in boxes] == [
            ("checkbox", "To do", False, False),
            ("checkbox", "Done", True, False),
            ("checkbox", "Done", True, False),
        ]
        paragraphs = "[...document.querySelectorAll('.answer li > p')]"
        items = page.browser.evaluate(f"return {paragraphs}.map((p) => p.innerText.trim())")
        assert items == ["buy", "cook", "taste", "[y] wash"]
        page.reload()


def test_copy_takes_the_code_to_the_letter(page: Page, model_server: ModelServer) -> None:
    code = "def f():\n\treturn 1\n\n\nf()  "
    write(page, model_server, f"```python\n{code}\n```\n", 3)
    page.browser.command("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    for _ in range(2):
        page.browser.driver.find_element(By.CSS_SELECTOR, ".code-copy").click()
        page.browser.find("button", "Copied")
        read = "navigator.clipboard.readText().then(arguments[0])"
        assert page.browser.driver.execute_async_script(read) == code
        page.reload()


MATHS = f"return [...{LAST}.querySelectorAll('.answer .math')].map((found) => found.innerHTML)"
X, N = "<math><mi>x</mi></math>", '<math display="block"><mi>n</mi></math>'
UNKNOWN = "\\ce{H2O}"


def test_formulas_are_drawn_when_they_are_whole_and_after_a_reload(page: Page, model_server: ModelServer) -> None:
    begin = "So $x$ and \\(\\ce{H2O}\\) for $5 or $6, \n$$\nn"
    model_server.script([["text", begin], ["gate", "more"], ["text", "\n$$\nand"], *END])
    page.ask("Write it")
    page.browser.wait(lambda: page.browser.evaluate(MATHS) == [X, UNKNOWN, "n"])
    page.browser.evaluate(f"window.first = {LAST}.querySelector('.math > math')")
    model_server.release("more")
    for _ in range(2):
        page.browser.wait(lambda: page.browser.evaluate(MATHS) == [X, UNKNOWN, N])
        assert "$5 or $6" in page.answer
        if page.browser.evaluate("return window.first !== undefined"):
            assert page.browser.evaluate(f"return first === {LAST}.querySelector('.math > math')")
            page.reload()
    assert page.browser.console() == []


def test_a_wide_formula_scrolls_by_itself(page: Page, model_server: ModelServer) -> None:
    write(page, model_server, f"$$x = {'1234567890 + ' * 30} 1$$\n\nSo ${'x + ' * 100} 1$.", 500)
    for _ in range(2):
        page.browser.wait(lambda: page.browser.evaluate("return document.querySelectorAll('math').length") == 2)
        assert page.overflow == 0
        wide = "const f = document.querySelector('.math.display'); return f.scrollWidth > f.clientWidth"
        assert page.browser.evaluate(wide)
        page.reload()


def test_links_show_where_they_go_and_images_are_links(page: Page, model_server: ModelServer) -> None:
    web, mail = "[a](https://user@example.org/x) ![b](https://img.example/i.png)", "[d](mailto:d@e.org?subject=f)"
    write(page, model_server, f"{web} [c](/c/1) {mail}", 9)
    for _ in range(2):
        links = page.browser.evaluate(f"""return [...{LAST}.querySelectorAll('.answer a')].map((a) =>
            [a.textContent, a.href, a.title, a.rel, a.target,
             getComputedStyle(a, '::after').content.replaceAll('" "', '')])""")
        rest = ["noopener noreferrer", "_blank"]
        assert links == [
            ["a", "https://user@example.org/x", "https://user@example.org/x", *rest, '"(example.org)"'],
            ["b", "https://img.example/i.png", "https://img.example/i.png", *rest, '"(img.example)"'],
            ["d", "mailto:d@e.org?subject=f", "mailto:d@e.org?subject=f", *rest, '"(d@e.org)"'],
        ]
        page.reload()


def test_a_wide_table_scrolls_by_itself(page: Page, model_server: ModelServer) -> None:
    row = "|" + " a_rather_long_cell |" * 20 + "\n"
    write(page, model_server, row + "|" + "---|" * 20 + "\n" + row * 3, 200)
    for _ in range(2):
        assert page.overflow == 0
        assert page.browser.evaluate("const t = document.querySelector('.table'); return t.scrollWidth > t.clientWidth")
        page.reload()


# -- hostile
