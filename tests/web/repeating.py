"""A process as those beside a worker: it repeats each text, unless it is told to do what ends it."""

import os
import time
from pathlib import Path

from chatstream.reading import confined


def repeated(text: str, how: str) -> str:
    if how == "for ever":
        while True:
            pass
    if how == "never":
        os._exit(1)
    if how == "the second time" and not Path(text).exists():
        Path(text).touch()
        os.abort()
    if how == "slowly":
        time.sleep(0.3)
    return str(os.getpid()) if how == "as its number" else text


if __name__ == "__main__":
    confined.serve(repeated, list[tuple[str, str]], 0.1)
