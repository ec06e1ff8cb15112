"""What MongoDB keeps of a record, and the writes of the recorder: each can be repeated, also late."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from pymongo import UpdateOne

from chatstream.store.records import Batch, Chat, Ending, File, Message, Preset, RunRecord
from chatstream.store.words import folded
from chatstream.wire.events import RunEvent, assembled, pack, unpack

END = ":end"
TEXT_MAX = 7 << 20
"""Bytes of a message's text, or of its reasoning: a document has 16 MiB."""

Document = dict[str, Any]
R = TypeVar("R", Chat, Message, RunRecord, Preset, File)


def to_document(record: Chat | Message | RunRecord | Preset | File) -> Document:
    fields = changed(msgspec.structs.asdict(record))
    fields["_id"] = fields.pop("id")
    return fields


def changed(fields: Mapping[str, Any]) -> Document:
    """Fields of a document as they are set: with a title or content, its words."""
    texts = [fields[name] for name in ("title", "content") if name in fields]
    return {**fields, "words": folded(texts[0])} if texts else dict(fields)


def to_record(kind: type[R], document: Document) -> R:
    document["id"] = document.pop("_id")
    return msgspec.convert(document, kind)


def to_part(document: Document) -> tuple[int, list[RunEvent]]:
    return document["first"], unpack(document["events"].encode())


def told(documents: list[Document], after: int) -> list[RunEvent]:
    """The events with numbers above `after`, from all documents that may hold some, in order.

    What stands beside or behind the end was written by a worker that had lost the Run.
    """
    parts = [to_part(document) for document in documents if not document["_id"].endswith(END)]
    found = assembled(parts, after)
    for end in documents:
        if end["_id"].endswith(END):
            before = found[: max(0, end["first"] - after - 1)]
            return assembled([(after + 1, before), to_part(end)], after)
    return found


def with_end_apart(batch: Batch) -> list[Batch]:
    """A Run's last event gets a document of its own, which no late batch of a worker that lost the Run can replace."""
    *events, last = batch.events
    if last.kind != "end" or not events:
        return [batch]
    return [
        Batch(run_id=batch.run_id, first=batch.first, events=events),
        Batch(run_id=batch.run_id, first=batch.last, events=[last]),
    ]


def upsert(batch: Batch) -> UpdateOne:
    """Never shorter than what is there: a write that was given up may arrive after the one that took its place."""
    key = batch.run_id + (END if batch.events[0].kind == "end" else f":{batch.first}")
    document = {
        "_id": key,
        "run_id": batch.run_id,
        "first": batch.first,
        "last": batch.last,
        "events": pack(batch.events).decode(),
    }
    kept = {"$gte": ["$last", batch.last]}
    return UpdateOne({"_id": key}, [{"$replaceWith": {"$cond": [kept, "$$ROOT", {"$literal": document}]}}], upsert=True)


def finished_message(e: Ending) -> UpdateOne:
    names = ("state", "content", "reasoning", "tool_calls", "error", "usage", "timings")
    fields = {name: getattr(e, name) for name in names}
    fields |= {"content": _fitting(e.content), "reasoning": _fitting(e.reasoning)}
    return UpdateOne({"_id": e.message_id}, {"$set": changed(fields)})


def _fitting(text: str) -> str:
    """As much of it as a document takes: two of them are in one. The Run's events have all."""
    return text if len(text) < TEXT_MAX // 4 else text.encode()[:TEXT_MAX].decode(errors="ignore")


def moved(e: Ending) -> UpdateOne:
    return UpdateOne({"_id": e.chat_id}, {"$max": {"updated_at": e.at}})


def finished_run(e: Ending, mine: Document) -> UpdateOne:
    fields = {name: getattr(e, name) for name in ("state", "usage", "timings", "seq")}
    return UpdateOne({"_id": e.run_id, **mine}, {"$set": fields})
