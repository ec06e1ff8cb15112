"""How often a Run reads upstream.

After the first token it is read at most once per frame, so that cost grows with frames and not with tokens. The frame
grows with the load of the worker, up to 100 ms: smoothness gives way first, throughput never.
"""

import time

import gevent

LONGEST_S = 0.1
_TICK_S = 0.1


class Pace:
    """The present length of a frame, shared by all Runs of a worker.

    :param frame_s: its length in an idle worker
    """

    def __init__(self, frame_s: float) -> None:
        self._shortest = frame_s
        self.frame_s = frame_s

    def rest(self, read_at: float) -> None:
        """Sleep until a frame has passed since `read_at`, on `time.monotonic`'s clock."""
        left = read_at + self.frame_s - time.monotonic()
        if left > 0:
            gevent.sleep(left)

    def measure(self) -> None:
        """Lengthen the frame while this greenlet is woken late, shorten it while it is not. Runs for ever."""
        while True:
            asleep = time.monotonic()
            gevent.sleep(_TICK_S)
            late = time.monotonic() - asleep - _TICK_S
            self.adjust(late)

    def adjust(self, late: float) -> None:
        """Take one observation: by how many seconds a timer came late."""
        if not self._shortest:
            return
        wanted = self.frame_s * 1.25 if late > 0.01 else self.frame_s * 0.95
        self.frame_s = max(self._shortest, min(wanted, max(LONGEST_S, self._shortest)))
