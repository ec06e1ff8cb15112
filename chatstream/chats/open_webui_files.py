"""What a question of Open WebUI's export brought along: images as data URLs, and references to files on its server."""

import base64
import re
from typing import Any

from chatstream.chats import files
from chatstream.chats.transfer import ExportedFile
from chatstream.errors import BadRequest, TooLarge

_DATA = re.compile(r"data:image/[a-z]+;base64,")


def carried(attached: Any, content: Any) -> tuple[list[ExportedFile], list[str]]:
    """The images that stand in the file, and the names of what stands elsewhere, or cannot be kept.

    :param attached: what stands beside the text
    :param content: the text, or OpenAI's parts
    """
    images: list[ExportedFile] = []
    elsewhere: list[str] = []
    for each in [*_dicts(attached), *_dicts(content)]:
        kind = str(each.get("type"))
        if kind.startswith("image"):
            image = _image(each, len(images) + 1) if len(images) < files.FILES_MAX else None
            images += [image] if image else []
            elsewhere += [] if image else ["[Image]"]
        elif not isinstance(each.get("text"), str):
            elsewhere.append(f"[{str(each.get('name') or 'File')[: files.NAME_MAX]}]")
    return images, elsewhere


def _dicts(found: Any) -> list[dict[str, Any]]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _image(part: dict[str, Any], number: int) -> ExportedFile | None:
    within = part.get("image_url")
    url = part.get("url") or (within.get("url") if isinstance(within, dict) else within)
    if not isinstance(url, str) or not (head := _DATA.match(url)):
        return None
    name = str(part.get("name") or f"image {number}")[-files.NAME_MAX :]
    try:
        data = base64.b64decode(url[head.end() :], validate=True)
        return ExportedFile(name=name, data=files.made("", name, data).data)
    except (ValueError, BadRequest, TooLarge):  # letters that are none of base64's are a ValueError
        return None
