r"""Where LaTeX stands in Markdown: `\(…\)`, `\[…\]`, `$…$`, `$$…$$`. static/js/markdown/formulas.js reads the same.

Code and links go before it, and prices stay text.
"""

import re
from typing import NamedTuple

from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

LONGEST = 8_000
"""Its end is looked for so far, in characters: no further than a paragraph goes."""
_CLOSE = {"\\(": "\\)", "\\[": "\\]", "$$": "$$"}
_DOLLARS = re.compile(r"\$(?![\s$])((?:\\[^\n]|[^$\\\n])+)\$(?:(?![A-Za-z0-9])|(?=(?:th|st|nd|rd|s)(?![A-Za-z0-9])))")
_WORD = re.compile(r"[A-Za-z0-9$]")
_PROSE = re.compile(r"[0-9][^\s\\^_{}=]*\s+[A-Za-z]{2,}\s")
"""What goes on like `5 and 10` or `5/month, or 9` is a price, and no formula."""


class Formula(NamedTuple):
    latex: str
    display: bool
    end: int


def math(state: StateInline, silent: bool) -> bool:
    found = formula(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        token = state.push("math", "span", 0)
        token.content, token.meta = found.latex, {"display": found.display}
    state.pos = found.end
    return True


def formula(source: str, at: int, limit: int) -> Formula | None:
    mark = source[at : at + 2]
    if close := _CLOSE.get(mark):
        return _between(source, at, close, limit)
    if mark[:1] != "$" or (at and _WORD.match(source[at - 1])):
        return None
    found = _DOLLARS.match(source, at, limit)
    if not found or found[1][-1].isspace() or _PROSE.match(found[1]) or not _is_latex(found[1]):
        return None
    return Formula(found[1], False, found.end())


def _between(source: str, at: int, close: str, limit: int) -> Formula | None:
    end = source.find(close, at + 2, min(limit, at + 2 + LONGEST))
    if end < 0 or not _is_latex(source[at + 2 : end]):
        return None
    return Formula(source[at + 2 : end].strip(), close != "\\)", end + 2)


def _is_latex(content: str) -> bool:
    """Whether nothing in it is code, or the end of a link that began before."""
    before, link, _ = content.partition("](")
    within_link = link and before.count("[") <= before.count("]")
    return bool(content.strip()) and "`" not in content and not within_link


def held(line: str, close: str) -> str:
    """What ends the displayed formula that is open behind a line; empty where none is.

    :param line: without its indentation
    :param close: the same before the line
    """
    if close:
        return "" if close in line else close
    close = _CLOSE.get(line[:2], "")
    return "" if close in ("", "\\)") or close in line[2:] else close


def paragraph(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: ARG001 – a rule's form
    """Lines up to an empty one, or to another block, but within a displayed formula: a row may begin like an item."""
    outside, state.parentType = state.parentType, "paragraph"
    rules = state.md.block.ruler.getRules("paragraph")
    line, close = start + 1, held(_line(state, start), "")
    while line < state.lineMax and not state.isEmpty(line):
        indent = state.sCount[line] - state.blkIndent
        goes_on = state.sCount[line] < 0 or indent > 3 or (close and indent >= 0)
        if not goes_on and any(rule(state, line, state.lineMax, True) for rule in rules):
            break
        close = held(_line(state, line), close)
        line += 1
    content = state.getLines(start, line, state.blkIndent, False).strip()
    state.line, state.parentType = line, outside
    state.push("paragraph_open", "p", 1).map = [start, line]
    token = state.push("inline", "", 0)
    token.content, token.map, token.children = content, [start, line], []
    state.push("paragraph_close", "p", -1)
    return True


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
