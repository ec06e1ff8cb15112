"""Photographs of the page in its states, for the documentation: `python -m tests.screenshots [state …]`.

Writes docs/img/<state>-<size>-<scheme>.png: every state on a desktop and on a phone, in light and dark, some of them
in more sizes (camera.py). Each is taken of a ChatStream of its own, in front of the scripted model server, so that the
pictures show the same every time.
"""

import argparse

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


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description="Photograph the page.")
    parser.add_argument("states", nargs="*", metavar="state", help="which: " + ", ".join(s.name for s in STATES))
    wanted = parser.parse_args().states or [state.name for state in STATES]
    folder = ROOT / "docs" / "img"
    with ModelServer() as model, Chromium(MOUSE) as chromium:
        for state in (state for state in STATES if state.name in wanted):
            for size in ("desktop", "phone", *state.more):
                photograph(state, size, model, chromium, folder)
                print(state.name, size, flush=True)


if __name__ == "__main__":
    main()
