"""Files of chats: our own, ChatGPT's and Open WebUI's. Each chat is read by itself, so that one that cannot be read
keeps none of the others out."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from chatstream.chats import chatgpt, elements, open_webui, titles, transfer
from chatstream.chats.transfer import Exported
from chatstream.errors import BadRequest
from chatstream.store.records import Chat, File, Message

UNTITLED = "Untitled"
NO_JSON = "It is no JSON that can be read. Export it once more."
VALUES_MAX = 400_000
"""Lists and objects in one chat of a file: with more, reading it would keep everybody else waiting."""


class Read(NamedTuple):
    """A chat of a file, with new ids."""

    chat: Chat
    messages: list[Message]
    files: list[File]


class Unread(NamedTuple):
    """One that could not be read, by its title or else its place in the file, and why."""

    name: str
    why: str


class _Signs(msgspec.Struct):
    """What tells the forms apart."""

    title: msgspec.Raw = msgspec.Raw()
    mapping: msgspec.Raw = msgspec.Raw()
    chat: msgspec.Raw = msgspec.Raw()
    history: msgspec.Raw = msgspec.Raw()


def read(body: bytes, owner: str) -> Iterator[Read | Unread]:
    """The chats of a file, in its order."""
    for at, element in enumerate(elements.objects(body), 1):
        name = f"number {at}"
        try:
            signs = msgspec.json.decode(element, type=_Signs)
            name = _name(signs) or name
            yield Read(*transfer.built(_exported(element, signs), owner))
        except BadRequest as error:
            yield Unread(name, str(error))
        except (msgspec.ValidationError, RecursionError) as error:
            yield Unread(name, f"It does not have the form of such a chat: {error}.")
        except (msgspec.MsgspecError, UnicodeError):
            yield Unread(name, NO_JSON)


def _exported(element: bytes, signs: _Signs) -> Exported:
    if element.count(b"[") + element.count(b"{") > VALUES_MAX:
        raise BadRequest(f"It has more than {VALUES_MAX} lists and objects.")
    if signs.mapping:
        found = chatgpt.exported(msgspec.json.decode(element, type=chatgpt.Conversation))
    elif signs.chat:
        found = open_webui.exported(msgspec.json.decode(element, type=open_webui.Row))
    elif signs.history:
        found = open_webui.exported(open_webui.Row(msgspec.json.decode(element, type=open_webui.Chat)))
    else:
        return transfer.parse(element)
    if not found.messages:
        raise BadRequest("It has no messages.")
    return msgspec.structs.replace(found, title=_title(found))


def _title(found: Exported) -> str:
    """Theirs as a line of ours, or the first words of the first question."""
    asked = next((message.content for message in found.messages if message.role == "user"), "")
    return titles.line(found.title) or titles.first_words(asked) or UNTITLED


def _name(signs: _Signs) -> str:
    try:
        return titles.line(msgspec.json.decode(signs.title, type=str)) if signs.title else ""
    except msgspec.MsgspecError:
        return ""
