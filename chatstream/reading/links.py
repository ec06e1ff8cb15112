"""Where links lead, and what is shown of it. static/js/markdown/links.js does the same for answers that stream."""

import re
from collections.abc import Iterator

_SAFE = re.compile(
    r"https?://(?:[^/?#\\]*@)?(?:[a-z0-9._~-]|[^\x00-\x7f])+(?::[0-9]*)?(?=[/?#]|\Z)|mailto:[^?]*@", re.IGNORECASE
)
_UNSAFE_CHARACTERS = re.compile(r"""[\x00-\x20"<>\\^`{|}\x7f]""")
_HOST = re.compile(r"https?://(?:[^/?#\\]*@)?([^/?#\\]*)|mailto:([^?]*)", re.IGNORECASE)
_ADDRESSES = re.compile(r"""(?<![A-Za-z0-9_])https?://[^\s<>"`\[\]]+""", re.IGNORECASE)
_PUNCTUATION = "?!.,:;*_~'"


def encoded(address: str) -> str:
    """As it can stand in an attribute; letters of other scripts stay."""
    return _UNSAFE_CHARACTERS.sub(lambda found: f"%{ord(found[0]):02X}", address)


def attributes(address: str, kind: str) -> dict[str, str] | None:
    """Of a link that shows where it goes; None where it leads to nothing that is safe: a script, data, our own pages.

    :param kind: `link`; `image`, which is not loaded; `bare`, which is its own text
    """
    if not _SAFE.match(address):
        return None
    known = {"href": address, "title": address, "rel": "noopener noreferrer", "target": "_blank"}
    if kind == "image":
        known["class"] = "image-link"
    if kind != "bare" and (found := _HOST.match(address)) and (host := found[1] or found[2]):
        known["data-host"] = host
    return known


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """Where addresses stand in a text, without the punctuation of the sentence around them."""
    for found in _ADDRESSES.finditer(text):
        address = _trimmed(found[0])
        if _SAFE.match(encoded(address)):
            yield found.start(), found.start() + len(address)


def _trimmed(address: str) -> str:
    more, end = address.count(")") - address.count("("), len(address)
    while end and (address[end - 1] in _PUNCTUATION or (address[end - 1] == ")" and more > 0)):
        end -= 1
        more -= address[end] == ")"
    return address[:end]
