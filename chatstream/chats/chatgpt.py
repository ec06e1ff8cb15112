"""A conversation of ChatGPT's export (`conversations.json`): a mapping of nodes, of which one is the current one.

Kept is what its page showed: questions and answers with all their branches, and what the model thought. Left out are
hidden messages, and those to and from tools. Images are in other files, and are named where they stood.
"""

import re
from typing import Any

import msgspec

from chatstream.chats.grafting import Node, Tree, milliseconds, role
from chatstream.chats.transfer import Exported
from chatstream.wire.events import State

_SHOWN = ("text", "multimodal_text", "code")
_ENDINGS: dict[str, State] = {"max_tokens": "length", "interrupted": "stopped", "content_filter": "filtered"}
_REFERENCES = re.compile("\ue200[^\ue200\ue201]*+\ue201|[\ue200-\ue206]|【[0-9][^【】†]*+†[^【】]*+】")
"""What its page shows as small links to sources, which the file does not name. None is looked for beyond the next."""


class _Author(msgspec.Struct):
    role: str


class _Thought(msgspec.Struct):
    summary: str | None = None
    content: str | None = None


class _Content(msgspec.Struct):
    content_type: str = "text"
    parts: list[Any] | None = None
    text: str | None = None
    language: str | None = None
    thoughts: list[_Thought] | None = None


class _FinishDetails(msgspec.Struct):
    type: str | None = None


class _Metadata(msgspec.Struct):
    hidden: bool | None = msgspec.field(name="is_visually_hidden_from_conversation", default=None)
    model_slug: str | None = None
    finish_details: _FinishDetails | None = None


class _Message(msgspec.Struct):
    author: _Author
    content: _Content
    create_time: float | None = None
    recipient: str | None = None
    metadata: _Metadata | None = None


class _Node(msgspec.Struct):
    message: _Message | None = None
    parent: str | None = None


class Conversation(msgspec.Struct):
    mapping: dict[str, _Node]
    title: str | None = None
    create_time: float | None = None
    update_time: float | None = None
    current_node: str | None = None
    is_archived: bool | None = None
    is_starred: bool | None = None


def exported(conversation: Conversation) -> Exported:
    """The conversation as ours. Its title is empty where it has none."""
    tree = Tree({name: _node(node) for name, node in conversation.mapping.items()})
    return Exported(
        title=conversation.title or "",
        leaf_id=tree.place(conversation.current_node),
        created_at=milliseconds(conversation.create_time),
        updated_at=milliseconds(conversation.update_time),
        pinned=bool(conversation.is_starred),
        archived=bool(conversation.is_archived),
        messages=tree.messages(),
    )


def _node(node: _Node) -> Node:
    message = node.message
    if message is None or message.recipient not in (None, "all"):
        return Node(node.parent)
    about, who = message.metadata or _Metadata(), role(message.author.role)
    text, thoughts = _text(message.content), _thoughts(message.content)
    if about.hidden or not (text or thoughts):
        return Node(node.parent)
    how = about.finish_details.type if about.finish_details else None
    return Node(
        node.parent,
        who,
        text,
        thoughts,
        state=_ENDINGS.get(how or "", "complete"),
        model=about.model_slug if who == "assistant" else None,
        created_at=milliseconds(message.create_time),
    )


def _text(content: _Content) -> str:
    if content.content_type not in _SHOWN:
        return ""
    if content.content_type == "code" and content.text:
        return f"```{content.language or ''}\n{content.text}\n```"
    return _REFERENCES.sub("", "\n\n".join(filter(None, map(_part, content.parts or [content.text]))))


def _part(part: Any) -> str:
    if isinstance(part, dict):
        spoken = part.get("text")
        return spoken if isinstance(spoken, str) else "[Image]" if "image" in str(part.get("content_type")) else ""
    return part if isinstance(part, str) else ""


def _thoughts(content: _Content) -> str:
    said = [[thought.summary, thought.content] for thought in content.thoughts or []]
    return "\n\n".join("\n\n".join(filter(None, some)) for some in said if any(some))
