"""How records look in JSON and in the templates: the field names of docs/api.md."""

from datetime import UTC, datetime
from typing import Any

from chatstream.chats.marks import Marked
from chatstream.store.records import Chat, Message


def when(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def iso(ms: int) -> str:
    """RFC 3339 with milliseconds."""
    return when(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def chat(record: Chat) -> dict[str, Any]:
    return {
        "_id": record.id,
        "title": record.title,
        "updatedAt": iso(record.updated_at),
        "pinned": record.pinned,
        "archived": record.archived,
    }


def settled(record: Chat) -> dict[str, Any]:
    """With what holds for all its questions."""
    named = ("system", "tools", "params", "titled", "share")
    kept = {name: getattr(record, name) for name in named}
    return {**chat(record), **kept, "leafId": record.leaf_id}


def marked(found: Marked) -> dict[str, Any]:
    """Where the words of a search stand."""
    pieces = {
        name: [{"text": piece.text, "found": piece.found} for piece in pieces]
        for name, pieces in (("title", found.title), ("snippet", found.snippet))
    }
    return {**pieces, "messageId": found.message_id}


def message(record: Message) -> dict[str, Any]:
    return {
        "_id": record.id,
        "parentId": record.parent_id,
        "role": record.role,
        "content": record.content,
        "reasoning": record.reasoning,
        "toolCalls": record.tool_calls,
        "state": record.state,
        "runId": record.run_id,
        "model": record.model,
        "error": record.error,
        "usage": record.usage,
        "timings": record.timings,
        "createdAt": iso(record.created_at),
        "files": [file(about) for about in record.files or ()],
    }


def file(about: dict[str, Any]) -> dict[str, Any]:
    """A file as its message names it, or one that was uploaded."""
    named = {name: about[name] for name in ("name", "type", "size")}
    return {"_id": about["id"], **named, "path": f"/files/{about['id']}"}
