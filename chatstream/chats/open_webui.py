"""A chat of Open WebUI's export: `chat.history` has messages by their ids, and the id of the current one.

Reasoning and tool calls stand in its answers' texts, as HTML `<details>`: reasoning becomes ours, calls are left out.
Images that stand in the file become files of their questions; what stands elsewhere is named where it was.
"""

import html
import re
from typing import Any

import msgspec

from chatstream.chats.grafting import Node, Tree, milliseconds, role
from chatstream.chats.open_webui_files import carried
from chatstream.chats.params import Params, chosen
from chatstream.chats.transfer import Exported, ExportedParams
from chatstream.errors import BadRequest

_DETAILS = re.compile(r'<details type="(reasoning|tool_calls|code_interpreter)"')
_END = re.compile(r"</details>\s*+")
_ABOUT = re.compile(r"[^>]*+>\s*+(?:<summary>[^<]*+</summary>)?")
"""What stands before the reasoning in its details."""
_QUOTED = re.compile("^> ?", re.MULTILINE)
_MODEL_MAX, _SYSTEM_MAX = 200, 100_000


class _Message(msgspec.Struct, rename="camel"):
    role: str
    id: str = ""
    parent_id: str | None = None
    content: Any = None
    model: str | None = None
    timestamp: float | None = None
    error: Any = None
    files: Any = None


class _History(msgspec.Struct, rename="camel"):
    messages: dict[str, _Message]
    current_id: str | None = None


class Chat(msgspec.Struct):
    title: str | None = None
    history: _History | None = None
    messages: list[_Message] = []
    params: Any = None
    system: Any = None


class Row(msgspec.Struct):
    """An element of the export. Older ones are the chat itself."""

    chat: Chat
    title: str | None = None
    created_at: float | None = None
    updated_at: float | None = None
    pinned: bool | None = None
    archived: bool | None = None


def exported(row: Row) -> Exported:
    """The chat as ours. Its title is empty where it has none."""
    history = row.chat.history or _linear(row.chat.messages)
    tree = Tree({name: _node(message) for name, message in history.messages.items()})
    return Exported(
        title=row.title or row.chat.title or "",
        leaf_id=tree.place(history.current_id),
        created_at=milliseconds(row.created_at),
        updated_at=milliseconds(row.updated_at),
        system=_system(row.chat),
        params=_params(row.chat),
        pinned=bool(row.pinned),
        archived=bool(row.archived),
        messages=tree.messages(),
    )


def _linear(messages: list[_Message]) -> _History:
    """A chat from before there were branches."""
    named = {str(at): message for at, message in enumerate(messages)}
    for at, message in enumerate(messages):
        message.parent_id = str(at - 1) if at else None
    return _History(named, str(len(messages) - 1) if messages else None)


def _system(chat: Chat) -> str | None:
    within = chat.params.get("system") if isinstance(chat.params, dict) else None
    found = within or chat.system
    return found[:_SYSTEM_MAX].replace("\0", "") if isinstance(found, str) and found.strip() else None


def _params(chat: Chat) -> ExportedParams:
    """Those that we have as well, as far as they are what we take. The model stands with each answer."""
    given = chat.params if isinstance(chat.params, dict) else {}
    names = (name for name in Params.__struct_fields__ if name != "model" and name in given)
    return ExportedParams(**{name: given[name] for name in names if _fits(name, given[name])})


def _fits(name: str, value: Any) -> bool:
    try:
        chosen(msgspec.convert({name: value}, Params))
    except (msgspec.ValidationError, BadRequest):
        return False
    return True


def _node(message: _Message) -> Node:
    from_model = message.role == "assistant"
    images, elsewhere = carried(message.files, message.content)
    if from_model:  # our answers have no files
        images, elsewhere = [], elsewhere + ["[Image]"] * len(images)
    text = "\n\n".join(filter(None, [_text(message.content), *elsewhere]))
    said, thought = _parted(text) if from_model else (text, "")
    error = _error(message.error)
    return Node(
        message.parent_id,
        role(message.role) if said or thought or error or images else None,
        said,
        thought,
        state="upstream_error" if error else "complete",
        model=(message.model or "")[:_MODEL_MAX] or None if from_model else None,
        error=error,
        created_at=milliseconds(message.timestamp),
        files=images,
    )


def _parted(text: str) -> tuple[str, str]:
    """An answer's text without its details, and the reasoning among them."""
    said, thought, at = [], [], 0
    while (begin := _DETAILS.search(text, at)) and (end := _END.search(text, begin.end())):
        said.append(text[at : begin.start()])
        if begin[1] == "reasoning":
            thought.append(_thought(text[begin.end() : end.start()]))
        at = end.end()
    return "".join([*said, text[at:]]), "\n\n".join(thought)


def _thought(details: str) -> str:
    about = _ABOUT.match(details)
    return _QUOTED.sub("", html.unescape(details[about.end() if about else 0 :])).strip()


def _text(content: Any) -> str:
    """A text, or the texts of OpenAI's parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    return "\n\n".join(text for text in texts if isinstance(text, str))


def _error(error: Any) -> dict[str, str] | None:
    if not error:
        return None
    said = error.get("content") if isinstance(error, dict) else error
    return {"message": said if isinstance(said, str) else "The model failed.", "code": "imported"}
