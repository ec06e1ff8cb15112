"""How an answer ended, in words and as an exit status."""

from typing import Any

from chatstream.client.runs import Frame

REFUSED = 1
"""No answer was begun."""
LOST = 10
"""The server went out of reach in the middle of the answer."""
LEFT = 130
"""Ctrl-C: 128 and the number of SIGINT, as a shell has it."""
UNREAD = 141
"""Nobody read the output any more: 128 and the number of SIGPIPE."""

_STATES = {
    "complete": (0, ""),
    "length": (3, "The answer was cut at the length limit."),
    "filtered": (4, "The model's provider held back the rest of this answer."),
    "stopped": (5, "The answer was stopped."),
    "truncated": (6, "The model server ended this answer without saying that it was finished."),
    "stalled": (7, "The model went silent."),
    "upstream_error": (8, "The connection to the model broke."),
    "interrupted": (9, "The server stopped while it wrote this answer."),
}

HELP = """\b
Exit status, by how the answer ended:
   0  complete
   1  no answer was begun: standard error says why
   2  the command line is wrong
   3  length          cut at the length limit
   4  filtered        held back by the model's provider
   5  stopped         by somebody else
   6  truncated       the model server ended it without saying that it was whole
   7  stalled         the model went silent
   8  upstream_error  the model server failed
   9  interrupted     the ChatStream server stopped
  10  the server went out of reach; the answer may go on there
 130  stopped by Ctrl-C
 141  nobody read the output any more; the answer was stopped
"""


def status(state: str) -> int:
    return _STATES.get(state, (REFUSED, ""))[0]


def sentence(end: Frame, had_content: bool) -> str:
    """What has to be said of an answer that ended so; "" where nothing has."""
    error: Any = end.get("error")
    if error:
        return str(error["message"])
    if end["state"] == "complete" and not had_content:
        return "The answer is empty."
    return _STATES.get(end["state"], (0, ""))[1]
