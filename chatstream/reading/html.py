"""Markdown as HTML, block by block, each cleaned by nh3 after it was made from tokens that hold no HTML."""

import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

import nh3
from markdown_it.token import Token

from chatstream.reading import colours, links, mathml
from chatstream.reading.grammar import reader
from chatstream.reading.pieces import pieces

COLOURED = 60_000
"""So much code of one answer is coloured here, in characters; the rest where it is read."""
DRAWN = 60_000
"""And so much LaTeX of it is drawn."""

_READER = reader()
_LANGUAGE = re.compile(r"[\w+#.-]+", re.ASCII)
_CODE = ("fence", "code_block")
_BLOCKS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "hr", "em", "strong", "s"}
_TABLE = {"table", "thead", "tbody", "tr", "th", "td"}
_TAGS = _BLOCKS | _TABLE | mathml.TAGS | {"a", "span", "code", "pre", "div", "button", "input", "code-block"}
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes={
        "*": {"dir", "class"},
        "a": {"href", "title", "target", "data-host"},
        "ol": {"start"},
        "div": {"tabindex", "role", "aria-label"},
        "pre": {"tabindex", "role", "aria-label"},
        "code": {"data-language"},
        "button": {"type"},
        "input": {"type", "disabled", "checked", "aria-label"},
        "span": {"tabindex", "role", "aria-label"},
        **mathml.ATTRIBUTES,
    },
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener noreferrer",
)


class Labels(NamedTuple):
    """What stands around a text that nobody wrote in it."""

    copy: str = "Copy"
    code: str = "Code"
    table: str = "Table"
    done: str = "Done"
    to_do: str = "To do"
    image: str = "Image"
    formula: str = "Formula"


ENGLISH = Labels()


class Way:
    """How the texts of one answer are read where others work in the same thread: here they do not."""

    def __init__(self) -> None:
        self.code_left, self.latex_left = COLOURED, DRAWN
        self.lacked = False
        """Whether anything stayed plain for want of them."""

    @property
    def fresh(self) -> bool:
        """Whether no text has used any of it."""
        return (self.code_left, self.latex_left) == (COLOURED, DRAWN)

    def turn(self) -> None:
        """Called every few microseconds."""

    def colour(self, blocks: Sequence[tuple[str, str]]) -> list[colours.Runs]:
        """Kinds of the words in blocks of code, each with its language."""
        return [colours.runs(code, language) for code, language in blocks]

    def draw(self, formulas: Sequence[tuple[str, bool]]) -> list[str]:
        """MathML of formulas, each with whether it is displayed; empty where it stays as it is written."""
        return [""] * len(formulas)

    def clean(self, html: str) -> str:
        return cleaned(html)


def render(text: str, way: Way | None = None, labels: Labels = ENGLISH) -> Iterator[str]:
    """The HTML of its blocks, in order.

    :param way: the same for all texts of one answer
    """
    way = way or Way()
    for piece in pieces(text):
        way.turn()
        tokens = _READER.parse(piece, {"turn": way.turn})
        _colour(tokens, way)
        for block in _blocks(tokens):
            formulas = _formulas(block)
            way.latex_left -= sum(len(token.content) for token in formulas)
            way.lacked |= bool(formulas) and way.latex_left < 0
            if formulas and way.latex_left >= 0:
                _draw(formulas, way)
            yield way.clean("".join(_each(block, labels, way)))


def cleaned(html: str) -> str:
    """Without whatever may not stand in an answer."""
    return str(_CLEANER.clean(html))


def code_block(language: str, content: str, labels: Labels = ENGLISH) -> str:
    """Code in its frame, with its label; the page's template of it is this as well.

    :param content: HTML
    """
    return (
        f'<code-block class="code"><div class="code-head"><span class="code-language">{escape(language)}</span>'
        f'<button type="button" class="code-copy needs-js">{escape(labels.copy)}</button></div>'
        f'<pre class="code-text" dir="ltr" tabindex="0" role="group" aria-label="{escape(labels.code)}">'
        f'<code data-language="{escape(language)}">{content}</code></pre></code-block>'
    )


def table_begins(labels: Labels = ENGLISH) -> str:
    return f'<div class="table" dir="auto" tabindex="0" role="group" aria-label="{escape(labels.table)}"><table>'


def _blocks(tokens: list[Token]) -> Iterator[list[Token]]:
    """The tokens of each block that is in no other. They are let go of one by one: a million at once take 100 ms."""
    tokens.reverse()
    block: list[Token] = []
    while tokens:
        block.append(tokens.pop())
        if block[-1].level == 0 and block[-1].nesting <= 0:
            yield block
            block = []


def _colour(tokens: Sequence[Token], way: Way) -> None:
    """Finds the colours of code, all blocks at once, as far as they are not too long."""
    blocks = []
    for token in tokens:
        way.turn()
        if token.type not in _CODE or not _language(token) or not token.content:
            continue
        way.lacked |= len(token.content) > way.code_left
        if len(token.content) <= way.code_left:
            way.code_left -= len(token.content)
            blocks.append(token)
    found = way.colour([(_code(token), _language(token)) for token in blocks])
    for token, runs in zip(blocks, found, strict=True):
        token.meta["runs"] = runs


def _formulas(block: Sequence[Token]) -> list[Token]:
    return [each for token in block for each in token.children or () if each.type == "math"]


def _draw(formulas: Sequence[Token], way: Way) -> None:
    made = way.draw([(token.content, token.meta["display"]) for token in formulas])
    for token, drawn in zip(formulas, made, strict=True):
        token.meta["mathml"] = drawn


def _each(block: list[Token], labels: Labels, way: Way) -> Iterator[str]:
    block.reverse()
    while block:
        way.turn()
        yield _written(block.pop(), labels, way)


def _written(token: Token, labels: Labels, way: Way) -> str:
    if token.type in _CODE:
        return code_block(_language(token), _coloured(token, way), labels)
    if token.type == "inline":
        return _task(token, labels) + _inline(token.children or [], labels)
    if token.type == "table_open":
        return table_begins(labels)
    return _tag(token) + ("</div>" if token.type == "table_close" else "")


def _coloured(token: Token, way: Way) -> str:
    written = []
    for kind, text in colours.words(_code(token), token.meta.get("runs", ())):
        written.append(f'<span class="code-{kind}">{_text(text)}</span>' if kind else _text(text))
        way.turn()
    return "".join(written)


def _tag(token: Token) -> str:
    if token.nesting < 0:
        return f"</{token.tag}>"
    attributes = "".join(f' {name}="{escape(str(value))}"' for name, value in _attributes(token))
    return f"<{token.tag}{attributes}>"


def _attributes(token: Token) -> Iterator[tuple[str, str]]:
    if token.tag in ("th", "td"):
        if style := token.attrs.get("style"):
            yield "class", str(style).replace("text-align:", "to-")
        return
    if token.tag in _BLOCKS and token.block and token.level == 0 and token.tag != "hr":
        yield "dir", "auto"  # a list finds no direction in items that have one of their own
    yield from ((name, str(value)) for name, value in token.attrs.items() if name in ("start", "class"))


def _task(token: Token, labels: Labels) -> str:
    if "task" not in token.meta:
        return ""
    checked, label = (" checked", labels.done) if token.meta["task"] else ("", labels.to_do)
    return f'<input type="checkbox" disabled{checked} aria-label="{escape(label)}">'


def _inline(tokens: Sequence[Token], labels: Labels) -> str:
    open_tags: list[str] = []
    return "".join(_inside(token, open_tags, labels) for token in _without_breaks(tokens))


def _without_breaks(tokens: Sequence[Token]) -> Iterator[Token]:
    """A displayed formula stands on lines of its own: line breaks beside it would be empty lines."""
    breaks: list[Token] = []
    beside = False
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            breaks += [] if beside else [token]
        elif token.type != "text" or token.content:
            beside = token.type == "math" and token.meta["display"]
            yield from [token] if beside else [*breaks, token]
            breaks = []
    yield from breaks


def _inside(token: Token, open_tags: list[str], labels: Labels) -> str:
    """:param open_tags: of links: what stands for one that leads nowhere safe is none"""
    if token.type == "link_open":
        return _link(str(token.attrs["href"]), "bare" if token.info == "auto" else "link", open_tags)
    if token.type == "link_close":
        return _closed(open_tags)
    if token.type == "image":
        return _image(token, open_tags, labels)
    if token.type == "code_inline":
        return f"<code>{_text(token.content)}</code>"
    if token.type == "math":
        return _formula(token, labels)
    if token.type in ("softbreak", "hardbreak"):
        return "\n"
    return _tag(token) if token.nesting else _text(token.content)


def _formula(token: Token, labels: Labels) -> str:
    content = token.meta.get("mathml") or _text(token.content)
    if not token.meta["display"]:
        return f'<span class="math" dir="ltr">{content}</span>'
    label = f'tabindex="0" role="group" aria-label="{escape(labels.formula)}"'
    return f'<span class="math display" dir="ltr" {label}>{content}</span>'


def _image(token: Token, open_tags: list[str], labels: Labels) -> str:
    address, text = str(token.attrs["src"]), _text(_plain(token) or labels.image)
    return _link(address, "image", open_tags) + text + _closed(open_tags)


def _link(address: str, kind: str, open_tags: list[str]) -> str:
    """A link in a link, as around an image, is its text alone."""
    attributes = links.attributes(address, kind)
    inside = "a" in open_tags
    open_tags.append("" if inside else "span" if attributes is None else "a")
    if inside:
        return ""
    if attributes is None:
        return '<span class="dead-link">'
    return "<a" + "".join(f' {name}="{escape(value)}"' for name, value in attributes.items() if name != "rel") + ">"


def _closed(open_tags: list[str]) -> str:
    tag = open_tags.pop()
    return f"</{tag}>" if tag else ""


def _plain(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return "\n"
    return "".join(map(_plain, token.children)) if token.children else "" if token.type == "image" else token.content


def _language(token: Token) -> str:
    found = _LANGUAGE.match(token.info.strip())
    return found[0] if found else ""


def _code(token: Token) -> str:
    return token.content.removesuffix("\n")


def _text(text: str) -> str:
    return escape(text, quote=False)
