"""docs/formats.md is what its program makes of a running server."""

import re
from pathlib import Path

from chatstream.wire import formats
from tests.formats import PAGE, page


def test_the_page_is_what_the_program_makes() -> None:
    assert page() == PAGE.read_text(), "make formats writes it anew"


def test_every_format_is_on_it() -> None:
    """By what no other one has."""
    marks = {
        "native": 'data: {"toolCall":',
        "content": 'data: {"tool_call":',
        "eventsource": "event: done",
        "plain": "text/plain",
        "ui_message": "tool-input-available",
        "openai": "chat.completion.chunk",
        "text_completion": '"object":"text_completion"',
    }
    files = {file.stem for file in Path(formats.__path__[0]).glob("[a-z]*.py")}
    assert set(marks) == files
    assert [name for name, mark in marks.items() if not re.search(re.escape(mark), PAGE.read_text())] == []
