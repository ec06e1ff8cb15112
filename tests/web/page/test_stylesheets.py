"""The style sheets as they are written: layers, two tiers of custom properties, colours in one place."""

import re
from pathlib import Path

import pytest

from chatstream.web.assets import SHEETS
from tests.servers.server import ROOT

FOLDER = ROOT / "static/css"
FILES = sorted(FOLDER.rglob("*.css"))
OTHERS = [path for path in FILES if path.name != "tokens.css"]
LAYERS = ["tokens", "base", "layout", "components"]
COMMENT = re.compile(r"/\*.*?\*/", re.S)
COLOUR = re.compile(
    r"#[0-9a-f]{3,8}\b|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch|color)\("
    r"|(?<![\w-])(?:black|white|gray|grey|silver|red|green"
    r"|blue|navy|teal|orange|yellow|purple|brown|pink|gold|beige|ivory|tan|maroon|olive|lime|aqua|fuchsia|cyan|magenta)"
    r"(?![\w-])",
    re.I,
)
"""A colour by its numbers or its name. `transparent`, `currentColor` and the system's colours are none of a palette."""


def rules(path: Path) -> str:
    """Without comments."""
    return COMMENT.sub("", path.read_text())


def values(css: str) -> str:
    """What stands behind the colons of declarations."""
    return "\n".join(re.findall(r"(?<=[\s{;])[\w-]+\s*:\s*([^;{}]+);", css))


def literals(css: str) -> list[str]:
    return COLOUR.findall(values(css))


def outermost(css: str) -> list[str]:
    """The heads of the rules that stand in no other one."""
    heads, depth, begun = [], 0, 0
    for at, sign in enumerate(css):
        if sign == "{":
            if depth == 0:
                heads.append(css[begun:at].strip())
            depth += 1
        elif sign == "}":
            depth -= 1
            begun = at + 1
    return [head.rsplit(";", 1)[-1].strip() for head in heads]


def layer_of(path: Path) -> str:
    return "components" if path.parent.name == "components" else path.stem


def name(path: Path) -> str:
    return str(path.relative_to(FOLDER))


def test_every_file_is_sent_in_the_order_of_the_layers() -> None:
    assert sorted(SHEETS) == sorted(str(path.relative_to(FOLDER).with_suffix("")) for path in FILES)
    order = [LAYERS.index(layer_of(FOLDER / f"{sheet}.css")) for sheet in SHEETS]
    assert order == sorted(order)


def test_the_layers_are_declared_once_and_first() -> None:
    assert rules(FOLDER / "tokens.css").lstrip().startswith(f"@layer {', '.join(LAYERS)};")
    assert [name(path) for path in OTHERS if re.search(r"@layer [^{]+;", rules(path))] == []


@pytest.mark.parametrize("path", FILES, ids=name)
def test_all_rules_of_a_file_stand_in_its_layer(path: Path) -> None:
    assert outermost(rules(path)) == [f"@layer {layer_of(path)}"]


@pytest.mark.parametrize("path", OTHERS, ids=name)
def test_colours_come_from_the_second_tier(path: Path) -> None:
    assert "--raw-" not in rules(path)
    assert literals(rules(path)) == []


def test_the_first_tier_alone_has_colours_each_for_both_themes() -> None:
    css = rules(FOLDER / "tokens.css")
    tiers = re.findall(r":root\s*\{([^}]*)\}", css)[:2]
    raw, meanings = (re.findall(r"(--[\w-]+):\s*([\w-]+)", tier) for tier in tiers)
    assert {(name.startswith("--raw-"), function) for name, function in raw} == {(True, "light-dark")}
    assert [each for each, _ in meanings if each.startswith("--raw-")] == []
    assert literals(css.split("--ink:", 1)[1]) == [], "the second tier takes its colours from the first"
    themes = {name(path) for path in FILES if re.search("prefers-color-scheme|light-dark|data-theme", rules(path))}
    assert themes == {"tokens.css"}


@pytest.mark.parametrize(
    "css",
    ["a { color: #fff; }", "a { color: white; }", "a { border: 1px solid rgb(0 0 0 / 50%); }", "a { fill: Red; }"],
)
def test_a_literal_colour_would_be_found(css: str) -> None:
    assert literals(css)
    assert not literals("a { color: transparent; border-color: currentColor; outline: 2px solid var(--red-line); }")
    assert not literals("a { background: color-mix(in oklch, var(--accent) 5%, Mark); }")


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_words_stand_in_them(path: Path) -> None:
    """Nothing there is translated."""
    said = re.findall(r"(?<![\w-])content:\s*([^;}]+)", rules(path))
    assert [words for words in said if re.search(r"\w", re.sub(r"attr\([\w-]+\)|none", "", words))] == []
