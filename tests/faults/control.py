"""How late this machine itself is: a process and a thread that do nothing but sleep, and note when they wake too late.

    python -m tests.faults.control

prints a line for each late waking: its time (`time.monotonic`) and by how many seconds it was late.
"""

import sys
import threading
import time
from collections.abc import Callable

from tests.servers.server import ROOT, Server

NAP_S = 0.02
WORTH_S = 0.005

Late = list[tuple[float, float]]


def watch(note: Callable[[float, float], None], going: Callable[[], bool]) -> None:
    """Sleep again and again."""
    while going():
        due = time.monotonic() + NAP_S
        time.sleep(NAP_S)
        woke = time.monotonic()
        if woke - due > WORTH_S:
            note(woke, woke - due)


class Control(Server):
    """The process, whose lateness is the machine's, and a thread, whose lateness is that of the clients beside it."""

    name = "control"

    def __init__(self) -> None:
        super().__init__()
        self._thread_saw: Late = []
        self._going = True

    def start(self) -> "Control":
        threading.Thread(target=watch, args=[self._note, lambda: self._going], daemon=True).start()
        super().start()
        return self

    def close(self) -> None:
        self._going = False
        super().close()

    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.faults.control"]

    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(ROOT)}

    def ready(self) -> bool:
        return bool(self.log_path.read_bytes())

    def late(self, since: float) -> list[Late]:
        """What the process and the thread saw since then."""
        lines = self.log_path.read_text().splitlines()[1:-1]  # the first says that it runs, the last may be cut
        process = [(float(at), float(by)) for at, by in (line.split() for line in lines)]
        return [[(at, by) for at, by in seen if at >= since] for seen in (process, self._thread_saw)]

    def _note(self, at: float, by: float) -> None:
        self._thread_saw.append((at, by))


if __name__ == "__main__":
    print("running", flush=True)
    watch(lambda at, by: print(f"{at:.4f} {by:.4f}", flush=True), lambda: True)
