"""Files of questions: which are taken, and what the model is told of them."""

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from chatstream.errors import BadRequest, NotFound, TooLarge
from chatstream.store.records import File, Message, new_id, now_ms
from chatstream.turns import let_others

IMAGE_MAX = 5_000_000
TEXT_MAX = 200_000
"""Bytes of an image, characters of a text."""
TOGETHER_MAX = 20_000_000
"""Bytes of a question's files, and of the images sent with a whole conversation: what many model servers take."""
PIECE = 900_000
"""Bytes that are encoded at once: a multiple of three, so that the texts can be joined."""
FILES_MAX, NAME_MAX = 8, 200
TEXT = "text/plain"
_STARTS = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
_ELEMENT = re.compile("<([a-z]+)", re.IGNORECASE)
_FENCE = re.compile("^`{3,}", re.MULTILINE)

Read = Callable[[str], File | None]
"""The file with this id, if there is one."""


def is_image(kind: str) -> bool:
    return kind != TEXT


def made(owner: str, name: str, data: bytes) -> File:
    """A file as it is kept, if it is one that a question may carry. What it is its bytes say, not its name.

    :raises BadRequest, TooLarge: in words that name it and what is taken
    """
    line = "".join(c if c.isprintable() else " " for c in name).strip()[-NAME_MAX:] or "file"
    return File(id=new_id(), owner=owner, name=line, type=_kind(line, data), data=data, created_at=now_ms())


def _kind(name: str, data: bytes) -> str:
    if not data:
        raise BadRequest(f"“{name}” is empty.")
    for kind, start in _STARTS.items():
        if start.match(data):
            if len(data) > IMAGE_MAX:
                raise TooLarge(f"“{name}” is larger than 5 MB. Send a smaller image.")
            return kind
    _check_text(name, data)
    return TEXT


def _check_text(name: str, data: bytes) -> None:
    if len(data) > 4 * TEXT_MAX:
        raise TooLarge(f"“{name}” is too large: images have up to 5 MB, text files up to {TEXT_MAX} characters.")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise BadRequest(f"“{name}” is no file that can be sent. PNG, JPEG, GIF and WebP can, and texts in UTF-8.")
    if name.lower().endswith(".svg") or _is_svg(text[:2000]):
        raise BadRequest(f"“{name}” is an SVG, which is code and no image. PNG, JPEG, GIF and WebP can be sent.")
    if len(text) > TEXT_MAX:
        raise TooLarge(f"“{name}” has more than {TEXT_MAX} characters. Send a part of it.")


def _is_svg(text: str) -> bool:
    first = _ELEMENT.search(text) if text.lstrip("\ufeff \t\r\n").startswith("<") else None
    return first is not None and first[1].lower() == "svg"


def found(ids: Sequence[str], read: Read) -> list[File]:
    """What a question names.

    :raises NotFound: if one is not there
    :raises TooLarge: if they are too much together
    """
    files, size = list[File](), 0
    for file_id in dict.fromkeys(ids):
        file = read(file_id)
        if file is None:
            raise NotFound("A file of this question is not here any more. Attach it again.")
        size += len(file.data)
        if size > TOGETHER_MAX:
            raise TooLarge("The files of a question may have 20 MB together. Send fewer of them.")
        files.append(file)
    return files


def with_images(messages: Iterable[Message]) -> bool:
    """Whether any of their questions carries one."""
    return any(is_image(about["type"]) for message in messages for about in message.files or ())


def copy(file: File, message: Message) -> File:
    """One that belongs to another message."""
    ids = {"id": new_id(), "chat_id": message.chat_id, "message_id": message.id}
    return msgspec.structs.replace(file, **ids, created_at=now_ms())


def carried(files: Sequence[File], message: Message) -> tuple[Message, list[File]]:
    """A question with files of its own: uploads, which it takes, and copies of all others."""
    mine = [copy(file, message) if file.message_id else file for file in files]
    return msgspec.structs.replace(message, files=[file.about for file in mine] or None), mine


class Told:
    """What the model is told of a conversation's files. Images count from the newest, up to `images_max` bytes: of
    those before them it is told the names.

    :param messages: the conversation, in its order
    """

    def __init__(self, messages: Sequence[Message], read: Read, images_max: int = TOGETHER_MAX) -> None:
        self._read = read
        self._sent = set[str]()
        left = images_max
        for message in reversed(messages):
            for about in message.files or ():
                left -= about["size"] if is_image(about["type"]) else 0
                if left >= 0 or not is_image(about["type"]):
                    self._sent.add(about["id"])

    def content(self, message: Message) -> str | list[dict[str, Any]]:
        """A message's as OpenAI has it: texts stand before the question, images beside it."""
        files = [(about, self._sendable(about["id"])) for about in message.files or ()]
        images = [_image(file) for about, file in files if file and is_image(about["type"])]
        text = "\n\n".join([*filter(None, (_words(*file) for file in files)), message.content])
        return [{"type": "text", "text": text}, *images] if images else text

    def _sendable(self, file_id: str) -> File | None:
        return self._read(file_id) if file_id in self._sent else None


def _image(file: File) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": "".join([f"data:{file.type};base64,", *_base64(file.data)])}}


def _base64(data: bytes) -> Iterator[str]:
    """Other streams go on meanwhile: 5 MB at once take 14 ms."""
    for at in range(0, len(data), PIECE):
        yield base64.b64encode(data[at : at + PIECE]).decode()
        let_others()


def _words(about: dict[str, Any], file: File | None) -> str:
    """A text between fences that do not stand in it; of what is not sent its name."""
    if file is None:
        return f"[{about['name']}: not sent again]"
    if is_image(about["type"]):
        return ""
    text = file.data.decode()
    fence = "`" * (1 + max([2, *(len(run) for run in _FENCE.findall(text))]))
    return f"{about['name']}:\n{fence}\n{text.rstrip()}\n{fence}"
