"""Imports run down the floors of docs/architecture.md, and foreign libraries stay in their rooms."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "chatstream"
FLOORS = {
    "mqtt": 5,
    "web": 4,
    "runs": 3,
    "chats": 3,
    "access": 3,
    "client": 3,
    "upstream": 2,
    "tools": 2,
    "store": 2,
    "reading": 1,
    "wire": 1,
    "settings": 1,
    "errors": 0,
    "turns": 0,
}
ROOMS = {
    "flask": ("web/", "app.py", "mqtt/"),
    "werkzeug": ("web/", "app.py"),
    "paho": ("mqtt/",),
    "flask_cors": ("web/cors.py",),
    "rjsmin": ("web/scripts.py",),
    "flask_babel": ("web/",),
    "babel": ("web/languages.py",),
    "websockets": ("web/websocket.py", "web/ws.py"),
    "pymongo": ("store/mongo",),
    "sqlite3": ("store/",),
    "openai": ("upstream/",),
    "httpx2": ("upstream/", "client/opening.py"),
    "click": ("cli.py",),
    "gevent": ("mqtt/", "web/", "app.py", "runs/", "chats/", "store/", "tools/", "upstream/", "turns.py"),
    "httptools": ("upstream/connection.py",),
    "markdown_it": ("reading/",),
    "pygments": ("reading/",),
    "nh3": ("reading/",),
    "math_core": ("reading/mathml.py",),
    "simpleeval": ("tools/arithmetic.py",),
    "dotenv": ("settings.py", "upstream/providers.py"),
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports hide the floor"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def wing(name: str) -> str:
    """The part of the package that a module belongs to: `chatstream.web.chat` → `web`."""
    return name.split(".")[1]


def trespasses(module: Path, imported: str) -> bool:
    """Whether this import runs up, or across to another wing of the same floor."""
    mine = module.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if mine in ("app", "cli", "__main__", "__init__") or not imported.startswith("chatstream."):
        return False
    theirs = wing(imported)
    if theirs not in FLOORS:
        return theirs != "__version__"
    across = FLOORS[theirs] == FLOORS[mine] and theirs != mine
    return FLOORS[theirs] > FLOORS[mine] or across


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_down(module: Path) -> None:
    assert [name for name in imports(module) if trespasses(module, name)] == []


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_libraries_stay_in_their_rooms(module: Path) -> None:
    place = str(module.relative_to(PACKAGE))
    used = {name.split(".")[0] for name in imports(module)}
    assert [lib for lib in used & ROOMS.keys() if not place.startswith(ROOMS[lib])] == []


def test_every_part_has_a_floor() -> None:
    parts = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES}
    assert parts - {"__init__", "__main__", "app", "cli"} == set(FLOORS)


def test_the_wire_does_no_io() -> None:
    used = {name.split(".")[0] for module in (PACKAGE / "wire").rglob("*.py") for name in imports(module)}
    assert used <= {"chatstream", "codecs", "collections", "itertools", "json", "msgspec", "re", "typing"}


def test_the_house_has_no_crowded_rooms() -> None:
    sizes = {str(path): len(path.read_text().splitlines()) for path in MODULES}
    scripts = {str(p): len(p.read_text().splitlines()) for p in (ROOT / "static/js").rglob("*.js")}
    assert {name: n for name, n in sizes.items() if n > 400} == {}
    assert {name: n for name, n in scripts.items() if n >= 150} == {}
