"""Photographs of the page in its states: `python -m tests.screenshots [state …]`.

Writes <state>-<size>-<scheme>.png: every state on a desktop and on a phone, in light and dark, some of them in more
sizes (camera.py). Those of the documentation go to docs/img, the others, for who changes the page, to
.cache/screenshots. Each is taken of a ChatStream of its own, in front of the scripted model server, so that the
pictures show the same every time.
"""

import argparse
from pathlib import Path

from tests.screenshots import (
    answers,
    arabic,
    branches,
    choices,
    endings,
    files,
    lists,
    reading,
    sharing,
    tools,
    visits,
)
from tests.screenshots.camera import MOUSE, photograph
from tests.screenshots.scene import STATES
from tests.servers.chromium import Chromium
from tests.servers.model_server import ModelServer
from tests.servers.server import ROOT

ROOMS = (visits, answers, endings, reading, tools, branches, choices, files, lists, sharing, arabic)
"""Each names its states as it is imported."""
DOCUMENTED = (
    *("waiting", "offline", "store_away", "search_nothing", "deleted"),
    *("first_visit", "streaming", "thinking", "thought", "complete", "stopped", "broken", "refused", "reconnecting"),
    *("formatted", "formulas", "tools", "tool_result", "branches", "model_picker", "settings", "shortcuts"),
    *("files_sent", "chat_days", "search_hits", "shared_page", "transfer", "without_javascript", "arabic_streaming"),
)
SIZES = ("desktop", "phone")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description="Photograph the page.")
    parser.add_argument("states", nargs="*", metavar="state", help="which: " + ", ".join(s.name for s in STATES))
    wanted = parser.parse_args().states or [state.name for state in STATES]
    with ModelServer() as model, Chromium(MOUSE) as chromium:
        for state in (state for state in STATES if state.name in wanted):
            for size in (*SIZES, *state.more):
                photograph(state, size, model, chromium, _folder(state.name, size))
                print(state.name, size, flush=True)


def _folder(state: str, size: str) -> Path:
    folder = ROOT / "docs" / "img" if state in DOCUMENTED and size in SIZES else ROOT / ".cache" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    main()
