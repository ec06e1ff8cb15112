"""From a question to a submission: its place in the tree of its chat, what to store, and what to send upstream.

There are three kinds of question: a new prompt, another answer to an earlier one (`retry`), and the rest of an answer
that ended early (`continues`). Each gets an answer of its own; nothing that was written is changed.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from chatstream.chats import files, titles
from chatstream.chats.tree import branch
from chatstream.errors import BadRequest, Conflict, NotFound
from chatstream.store.records import Batch, Chat, File, Message, RunRecord, Submission, new_id, now_ms, opening
from chatstream.turns import in_turn
from chatstream.wire.conversation import answered
from chatstream.wire.events import RunEvent, State

UNFINISHED: frozenset[State] = frozenset(
    {"length", "truncated", "stalled", "upstream_error", "interrupted", "stopped"}
)
"""The states of answers that can be gone on with."""
GO_ON = "Continue exactly where your last answer stopped. Do not repeat any of it, and do not comment on this."


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller asks: exactly one of `prompt`, `retry` and `continues`; the latter two are ids of answers."""

    prompt: str | None = None
    retry: str | None = None
    continues: str | None = None
    parent_id: str | None = None
    """The message it follows: None for the chat's leaf, "" for none, where a chat is begun anew."""
    session: str | None = None
    """Name of the chat, which is made at its first question."""
    system: str | None = None
    tools: list[str] | None = None
    params: dict[str, Any] | None = None
    """All three are kept by the chat, and None leaves them as they are there."""
    files: list[File] = []
    """What it carries: uploads, or files of other questions, of which it gets copies."""
    model: str = ""
    """The one that answers."""
    request_id: str | None = None
    fingerprint: str = ""
    """Tells two requests with one request id apart."""


class Composed(msgspec.Struct, frozen=True):
    """A question with its place in a chat: what to store, and OpenAI's messages for upstream."""

    submission: Submission
    messages: list[dict[str, Any]]
    question: str
    """Its words alone."""


def new_chat(owner: str, question: Question, chat_id: str | None = None) -> Chat:
    now, title = now_ms(), titles.first_words(question.prompt or "")
    return Chat(id=chat_id or new_id(), owner=owner, title=title, leaf_id=None, created_at=now, updated_at=now)


def compose(
    chat: Chat,
    earlier: Sequence[Message] | None,
    question: Question,
    worker: str,
    lease: int,
    read: files.Read = lambda _: None,
    images_max: int = files.TOGETHER_MAX,
) -> Composed:
    """Find the question's place in a chat with these messages; None for a new chat.

    :param read: gives the files of earlier questions
    :param images_max: how many bytes of images are sent
    :raises NotFound: for a message that is not there
    :raises BadRequest, Conflict: for an answer that cannot be gone on with
    """
    is_new, earlier = earlier is None, earlier or []
    chosen = {"system": question.system, "tools": question.tools, "params": question.params}
    chosen = {name: value for name, value in chosen.items() if value is not None}
    chat = msgspec.structs.replace(chat, **chosen)
    kept = _unfinished(earlier, question.continues) if question.continues else None
    asked, mine = _asked(question, chat, earlier)
    parent_id = asked[0].id if asked else _question_of(earlier, question.retry or question.continues)
    answer = _unwritten(question, chat, parent_id, kept)
    run = _record(question, answer, worker, lease)
    first = _first_events(run, kept) if kept else None
    submission = Submission(
        chat=msgspec.structs.replace(chat, leaf_id=answer.id, updated_at=answer.created_at),
        is_new=is_new,
        messages=[*asked, answer],
        leaf_before=chat.leaf_id,
        follows_leaf=bool(asked) and question.parent_id is None,
        run=msgspec.structs.replace(run, seq=first.last) if first else run,
        kept=first,
        uploads=[file.id for file in mine if file.message_id is None],
        copies=[file for file in mine if file.message_id is not None],
        chosen=chosen,
    )
    said = branch([*earlier, *asked], kept.id if kept else parent_id)
    here = {file.id: file for file in mine}
    told = files.Told(said, lambda file_id: here.get(file_id) or read(file_id), images_max)
    words = next((message.content for message in reversed(said) if message.role == "user"), "")
    return Composed(submission, _for_upstream(chat, said, told, goes_on=kept is not None), words)


def _asked(question: Question, chat: Chat, earlier: Sequence[Message]) -> tuple[list[Message], list[File]]:
    """The prompt as a message in its place, with its files; none where there is no prompt."""
    if question.prompt is None:
        return [], []
    if question.parent_id and all(message.id != question.parent_id for message in earlier):
        raise NotFound("There is no message with this parentId in the chat.")
    message = Message(
        id=new_id(),
        chat_id=chat.id,
        owner=chat.owner,
        parent_id=chat.leaf_id if question.parent_id is None else question.parent_id or None,
        role="user",
        content=question.prompt,
        created_at=now_ms(),
    )
    message, mine = files.carried(question.files, message)
    return [message], mine


def _question_of(earlier: Sequence[Message], answer_id: str | None) -> str:
    """The question that an answer belongs to."""
    answer = _answer(earlier, answer_id)
    if answer.parent_id is None:
        raise NotFound("This answer belongs to no question.")
    return answer.parent_id


def _answer(earlier: Sequence[Message], answer_id: str | None) -> Message:
    found = next((m for m in earlier if m.id == answer_id and m.role == "assistant"), None)
    if found is None:
        raise NotFound("There is no answer with this id in the chat.")
    return found


def _unfinished(earlier: Sequence[Message], answer_id: str) -> Message:
    answer = _answer(earlier, answer_id)
    if answer.state == "running":
        raise Conflict("This answer is still being written. Wait for its end, or stop it.")
    if answer.state not in UNFINISHED:
        raise BadRequest("This answer is finished. Use retry for another one.")
    if not answer.content or answer.tool_calls:
        raise BadRequest("This answer has no text to go on from. Use retry to have it written anew.")
    return answer


def _unwritten(question: Question, chat: Chat, parent_id: str, kept: Message | None) -> Message:
    """The answer before its first new word."""
    return Message(
        id=new_id(),
        chat_id=chat.id,
        owner=chat.owner,
        parent_id=parent_id,
        role="assistant",
        content=kept.content if kept else "",
        reasoning=kept.reasoning if kept else "",
        created_at=now_ms(),
        state="running",
        run_id=new_id(),
        model=question.model,
    )


def _record(question: Question, answer: Message, worker: str, lease: int) -> RunRecord:
    return RunRecord(
        id=answer.run_id or new_id(),
        owner=answer.owner,
        chat_id=answer.chat_id,
        message_id=answer.id,
        worker=worker,
        lease=lease,
        request_id=question.request_id,
        request_hash=question.fingerprint if question.request_id else None,
    )


def _first_events(run: RunRecord, kept: Message) -> Batch:
    """What a Run that goes on with an answer begins with: that answer."""
    events = [opening(run)]
    if kept.reasoning:
        events.append(RunEvent("reasoning", kept.reasoning, 0))
    return Batch(run_id=run.id, first=1, events=[*events, RunEvent("text", kept.content, 0)])


def _for_upstream(chat: Chat, messages: list[Message], told: files.Told, goes_on: bool) -> list[dict[str, Any]]:
    """A last message of the user asks to go on: not every server goes on with an assistant's message by itself."""
    said: list[dict[str, Any]] = [{"role": "system", "content": chat.system}] if chat.system else []
    for message in in_turn(messages):
        if message.role == "assistant":
            said += answered(message.content, message.tool_calls)
        elif message.content:
            said.append({"role": message.role, "content": told.content(message)})
    return [*said, {"role": "user", "content": GO_ON}] if goes_on else said
