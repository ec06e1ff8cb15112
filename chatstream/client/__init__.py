"""Clients for Python programs: docs/client.md. Plain blocking sockets; nothing here needs gevent or the server's parts.

What a program names is imported when it is named: the openai SDK alone takes longer to import than all the rest.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chatstream.client.answer import Answer
    from chatstream.client.conversation import Conversation
    from chatstream.client.llm import LLMClient
    from chatstream.client.runs import ChatClient
    from chatstream.client.sessions import Session

__all__ = ["Answer", "ChatClient", "Conversation", "LLMClient", "Session"]

_HOMES = {
    "Answer": "answer",
    "ChatClient": "runs",
    "Conversation": "conversation",
    "LLMClient": "llm",
    "Session": "sessions",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
