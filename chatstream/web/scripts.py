"""Each script as one file with all that it imports, without comments; `/static/` has the modules as they are written.

To ask for modules costs a page's main thread more than to run them, also where the browser has them all. The scripts of
the chat page were 83 files and 57 KB packed, and are one of 40; to open it took the main thread 85 ms, and 114 on a
second visit, and takes 70 and 84 now. No task asks for all of them at once any more, for 60 ms by the clock.

A module becomes a function that is called once, and gives an object of what it exports; imports take from there. So
modules import by names, or for what a module does, and not each other in a circle.
"""

import os
import re
from pathlib import Path

from rjsmin import jsmin

_IMPORT = re.compile(r'^import (?:\{ ([\w, ]+) \} from )?"(\.{1,2}/[\w./-]+)";$', re.MULTILINE)
_LATER = re.compile(r'\bimport\("(\.{1,2}/[\w./-]+)"\)')
_EXPORT = re.compile(r"^export (?=(?:async )?(?:class|const|function\*?) (\w+))", re.MULTILINE)


def joined(script: Path) -> str:
    """
    :raises ValueError: if modules import each other, or in a way that is not known here
    """
    texts: dict[Path, str | None] = {}
    _read(script, texts)
    *modules, main = ((path, _linked(path, str(text), script.parent)) for path, text in texts.items())
    return str(jsmin("\n".join([*(_called(path, text) for path, text in modules), main[1]])))


def _read(path: Path, texts: dict[Path, str | None]) -> None:
    """What a module imports, then itself; it has no text until then."""
    if path in texts:
        if texts[path] is None:
            raise ValueError(f"{path.name} is imported by what it imports")
        return
    texts[path] = None
    text = path.read_text()
    for _, name in _IMPORT.findall(text):
        _read(_beside(path, name), texts)
    del texts[path]
    texts[path] = text


def _called(path: Path, text: str) -> str:
    exports = ", ".join(_EXPORT.findall(text))
    return f"const {_name(path)} = (() => {{\n{_EXPORT.sub('', text)}\nreturn {{ {exports} }};\n}})();"


def _linked(path: Path, text: str, folder: Path) -> str:
    """With imports from what stands before it; what is imported later is found from where the whole will lie."""

    def taken(found: re.Match[str]) -> str:
        names = found[1] and found[1].replace(" as ", ": ")
        return f"const {{ {names} }} = {_name(_beside(path, found[2]))};" if names else ""

    def later(found: re.Match[str]) -> str:
        return f'import("./{os.path.relpath(path.parent / found[1], folder)}")'

    text = _LATER.sub(later, _IMPORT.sub(taken, text))
    if unknown := re.search(r"^(?:import\b(?![(.])|export (?:default|\*|\{)).*", text, re.MULTILINE):
        raise ValueError(f"{path.name}: {unknown[0]}")
    return text


def _beside(path: Path, name: str) -> Path:
    return Path(os.path.normpath(path.parent / name))


def _name(path: Path) -> str:
    return "$" + re.sub(r"\W", "_", f"{path.parent.name}_{path.stem}")
