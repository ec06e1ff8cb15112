"""When a model has been silent for too long, or has written for too long."""

import math
import time

from chatstream.settings import Settings

REST_S = 5.0
"""How long is waited for usage and the end of the stream after the finish reason."""

_SILENT_BEFORE = "The model was silent for {:g} s before the first token, as long as is waited here."
_SILENT_IN_IT = "The model was silent for {:g} s in the middle of its answer, as long as is waited here."


class Deadlines:
    """Those of one answer, from now on."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._began = self._content_at = time.monotonic()
        self._has_begun = self._has_finished = False
        self._patience = settings.first_token_s
        self._longest = settings.answer_s

    def content(self) -> None:
        """Content came: text, reasoning or a tool call. Comments are none."""
        self._content_at = time.monotonic()
        if not self._has_begun:
            self._has_begun = True
            self._learn()

    def over(self, now: float) -> bool:
        """Whether `passed` has something to say at this time of `time.monotonic`'s."""
        return now - self._content_at >= self._patience or now - self._began >= self._longest

    def left(self) -> float:
        """Seconds until the next deadline; not above 0 once one has passed."""
        now = time.monotonic()
        return min(self._content_at + self._patience - now, self._began + self._longest - now)

    def passed(self) -> str | None:
        """Which deadline has passed, in a sentence; None while none has."""
        now = time.monotonic()
        if now - self._content_at >= self._patience:
            return (_SILENT_IN_IT if self._has_begun else _SILENT_BEFORE).format(self._patience)
        if now - self._began >= self._longest:
            return f"The answer took longer than {self._longest:g} s, the limit set here."
        return None

    def finished(self) -> None:
        """The finish reason came: usage and the end of the stream may follow, but are not worth waiting for."""
        if not self._has_finished:
            self._content_at = time.monotonic()
            self._has_finished = True
            self._learn()

    def pause(self) -> None:
        """The model waits for us: only the answer's longest time goes on."""
        self._content_at = math.inf

    def asked_again(self) -> None:
        """The model is asked for more; it has its time for the first token again."""
        self._content_at = time.monotonic()
        self._has_begun = self._has_finished = False
        self._learn()

    def _learn(self) -> None:
        """How long is waited for what comes next."""
        if self._has_finished:
            self._patience = min(REST_S, self._settings.silence_s)
        else:
            self._patience = self._settings.silence_s if self._has_begun else self._settings.first_token_s
