"""The Markdown that is read: CommonMark with GitHub's tables, strikes, task lists and addresses, and LaTeX.

What could change what stands above it is left out: setext headings and link definitions; so is HTML, which stays text.
static/js/markdown/ reads the same while it comes.
"""

import re
from collections.abc import Callable, Iterator

from markdown_it import MarkdownIt
from markdown_it.ruler import StateBase
from markdown_it.rules_block import StateBlock, blockquote, list_block
from markdown_it.rules_core import StateCore, text_join
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from chatstream.reading import formulas, links

LINE = 8_000
"""A paragraph or a heading that is longer goes on in another one, from a word's end: a browser lays out whole ones."""
DEEPEST = 90
"""So many quotes, lists and items stand in each other, and so many marks of emphasis: what is deeper stays text. It is
less than `maxNesting`, from which on the reader leaves out what there is."""
_LEAST = 1_000
_CUT = {"paragraph_open": "paragraph_close", "heading_open": "heading_close"}
_INDENT = re.compile("\n[ \t]+")
_TASK = re.compile(r"\[([ xX])\][ \t]+(?=\S)")
_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)


def reader() -> MarkdownIt:
    # A link that leads nowhere safe is one all the same, for the renderer to show as text.
    md = MarkdownIt("commonmark", {"maxNesting": 100}).enable(["table", "strikethrough"])
    md.disable(["html_block", "html_inline", "lheading", "reference"])
    md.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005 – called by this name
    md.normalizeLink = lambda url: links.encoded(url)  # type: ignore[method-assign]
    md.normalizeLinkText = lambda link: link  # type: ignore[method-assign]
    md.block.ruler.at("paragraph", formulas.paragraph)
    md.block.ruler.at("blockquote", _bounded(blockquote), {"alt": ["paragraph", "blockquote", "list"]})
    md.block.ruler.at("list", _bounded(list_block), {"alt": ["paragraph", "blockquote"]})
    md.inline.ruler.before("escape", "math", formulas.math)
    md.inline.ruler.before("autolink", "break", _break)
    md.block.ruler.before("table", "turn", _turn, {"alt": ["paragraph", "blockquote", "list"]})
    md.inline.ruler.before("text", "turn", _turn)
    md.inline.ruler2.after("balance_pairs", "deep", _deep)
    md.core.ruler.after("block", "indents", _indents)
    md.core.ruler.after("indents", "tasks", _tasks)
    md.core.ruler.after("tasks", "long", _long)
    md.core.ruler.at("text_join", _joined)
    md.core.ruler.after("text_join", "addresses", _addresses)
    return md


def _turn(state: StateBase, *_: object) -> bool:
    """No block and no mark: asked at each line and at each mark, it lets others have their turn, as `env` has it."""
    state.env["turn"]()
    return False


def _bounded(rule: Callable[[StateBlock, int, int, bool], bool]) -> Callable[[StateBlock, int, int, bool], bool]:
    def bounded(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        outside = silent and state.sCount[start] < state.blkIndent  # it would end what is open, and stand beside it
        return (outside or state.level < DEEPEST) and rule(state, start, end, silent)

    return bounded


def _deep(state: StateInline) -> None:
    """Marks that are paired too deep in others are none. Those within a link are counted by themselves."""
    for delimiters in (state.delimiters, *(meta["delimiters"] for meta in state.tokens_meta if meta)):
        ends: list[int] = []
        for at, delimiter in enumerate(delimiters):
            if ends and ends[-1] == at:
                ends.pop()
            elif delimiter.end >= 0 and len(ends) < DEEPEST:
                ends.append(delimiter.end)
            else:
                delimiter.end = -1


def _tokens(state: StateCore) -> Iterator[Token]:
    for token in state.tokens:
        state.env["turn"]()
        yield token


def _break(state: StateInline, silent: bool) -> bool:
    found = _BREAK.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        state.push("hardbreak", "br", 0)
    state.pos = found.end()
    return True


def _indents(state: StateCore) -> None:
    """White space before a paragraph's lines is nothing, also within code."""
    for token in _tokens(state):
        if token.type == "inline":
            token.content = _INDENT.sub("\n", token.content)


def _tasks(state: StateCore) -> None:
    """The box at the beginning of an item is no text."""
    for item, paragraph, inline in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        if item.type != "list_item_open" or paragraph.type != "paragraph_open":
            continue
        if found := _TASK.match(inline.content):
            inline.meta["task"] = found[1] != " "
            inline.content = inline.content[found.end() :]


def _long(state: StateCore) -> None:
    cut: list[Token] = []
    for token in _tokens(state):
        cut.append(token)
        while token.type == "inline" and cut[-2].type in _CUT and (end := _end(token.content)):
            kind, tag, level = cut[-2].type, cut[-2].tag, cut[-2].level
            closing = Token(_CUT[kind], tag, -1, block=True, level=level)
            opening = Token(kind, tag, 1, attrs={"class": "goes-on"}, block=True, level=level)
            rest = token.copy(content=token.content[end:].strip(), meta={}, children=[])
            token.content = token.content[:end].strip()
            cut += [closing, opening, rest]
            token = rest
    state.tokens = cut


def _end(text: str) -> int:
    """Where a paragraph is to be cut; 0 where it is not too long."""
    if len(text) <= LINE:
        return 0
    end = max(text.rfind(" ", 0, LINE), text.rfind("\n", 0, LINE)) + 1
    return end if end > _LEAST else LINE


def _joined(state: StateCore) -> None:
    for token in _tokens(state):
        text_join(StateCore("", state.md, state.env, [token]))


def _addresses(state: StateCore) -> None:
    for token in _tokens(state):
        if token.type == "inline" and "://" in token.content:
            token.children = _linked(token.children or [])


def _linked(children: list[Token]) -> list[Token]:
    found: list[Token] = []
    links_open = 0
    for token in children:
        links_open += token.nesting if token.tag == "a" else 0
        found += [token] if links_open or token.type != "text" else _pieces(token.content)
    return found


def _pieces(text: str) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    for start, end in links.addresses(text):
        address = text[start:end]
        opening = Token("link_open", "a", 1, attrs={"href": links.encoded(address)}, info="auto")
        tokens += [_text(text[at:start]), opening, _text(address), Token("link_close", "a", -1)]
        at = end
    return [*tokens, _text(text[at:])]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
