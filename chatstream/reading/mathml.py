"""LaTeX as MathML, which browsers draw themselves; also the process in which that is done.

math-core writes correct MathML in microseconds, but takes exponential time for many brackets in each other, and ends
its process at a few thousand nested braces. So it runs in a process of its own.
"""

import re
from functools import partial

import nh3
from math_core import LatexError, LatexToMathML

from chatstream.reading import confined

MOST = 4_000
"""Longer formulas stay as they are written. In characters."""
CPU_S = 0.25
"""So long one formula may take of the processor; nearly all take less than a thousandth of it."""
DEEPEST = 100
"""So many elements may stand in each other, in what others have to read, clean and lay out."""

TAGS = {"math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mpadded", "mphantom", "mstyle", "menclose"}
TAGS |= {"mfrac", "msqrt", "mroot", "msup", "msub", "msubsup", "mover", "munder", "munderover"}
TAGS |= {"mmultiscripts", "mprescripts", "mtable", "mtr", "mtd"}
ATTRIBUTES = {
    "math": {"display"},
    "mi": {"mathvariant"},
    "mo": {"form", "lspace", "rspace", "stretchy", "minsize", "maxsize", "movablelimits"},
    "mspace": {"width"},
    "mpadded": {"width", "voffset"},
    "mfrac": {"linethickness", "displaystyle", "scriptlevel"},
    "mrow": {"displaystyle", "scriptlevel"},
    "mstyle": {"displaystyle", "scriptlevel"},
    "mtable": {"displaystyle", "scriptlevel"},
    "mover": {"accent"},
    "munder": {"accentunder"},
    "munderover": {"accent", "accentunder"},
    "menclose": {"notation"},
}
"""Nothing of it leads anywhere, runs, or holds HTML."""
_CLEANER = nh3.Cleaner(tags=TAGS, attributes={**ATTRIBUTES, "mtd": {"class"}, "mtable": {"class"}})

_MACROS = {"substack": r"\begin{subarray}{c}#1\end{subarray}", "pmb": r"\boldsymbol{#1}"}
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{(align|alignat|eqnarray|split|gather|multline|smallmatrix)\*?\}")
_INSTEAD = {"gather": "gathered", "multline": "gathered", "smallmatrix": "matrix"}
_EQUATION = re.compile(r"\\(?:begin|end)\s*\{(?:equation|displaymath|math)\*?\}")
_NUMBER = re.compile(r"\\(?:nonumber|notag)(?![A-Za-z])|\\label\s*\{[^{}]*\}")
_TAG = re.compile(r"\\tag\*?\s*\{([^{}]*)\}")
_ELEMENT = re.compile(r"<(/?)[a-z]+[^>]*?(/?)>")
_STYLE = re.compile(r' style="([^"]*)"')
_CLASSES = {
    "text-align:left": "math-left",
    "text-align:right": "math-right",
    "padding-left:0": "math-tight-left",
    "padding-right:0": "math-tight-right",
    "padding-left:1em": "math-apart",
    **{f"border-{side}:0.05em solid currentcolor": f"math-line-{side}" for side in ("top", "right", "bottom", "left")},
    **{f"border-{side}:0.05em dashed currentcolor": f"math-line-{side}" for side in ("top", "right", "bottom", "left")},
}


def main() -> None:
    converter = LatexToMathML(fancy_error=False, allow_unreliable_rendering=True, max_expansions=200, macros=_MACROS)
    confined.serve(partial(written, converter), list[tuple[str, bool]], CPU_S)


def written(converter: LatexToMathML, latex: str, display: bool) -> str:
    """Its MathML; empty for a formula that is not understood."""
    try:
        made = converter.convert_with_local_state(_understood(latex), displaystyle=display)
    except LatexError:
        return ""
    return "" if _depth(made) > DEEPEST else _CLEANER.clean(_STYLE.sub(_classes, made))


def _depth(made: str) -> int:
    depth = most = 0
    for closing, empty in _ELEMENT.findall(made):
        depth += -1 if closing else 0 if empty else 1
        most = max(most, depth)
    return most


def _understood(latex: str) -> str:
    """What the converter lacks, in other words. Its numbers would begin with 1 in each formula: there are none."""
    known = _NUMBER.sub("", _EQUATION.sub("", latex))
    known = _TAG.sub(r"\\qquad\\text{(\1)}", known)
    return _ENVIRONMENT.sub(lambda found: rf"\{found[1]}{{{_INSTEAD.get(found[2], 'aligned')}}}", known)


def _classes(style: re.Match[str]) -> str:
    """The page's policy allows no styles in a text: those that matter are classes."""
    known = [_CLASSES.get(each.replace(": ", ":").strip(), "") for each in style[1].split(";")]
    names = " ".join(filter(None, known))
    return f' class="{names}"' if names else ""


if __name__ == "__main__":
    main()
