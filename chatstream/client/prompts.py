"""The question of a command: its argument, and what standard input brings."""

from typing import TextIO

from chatstream.errors import BadRequest, TooLarge

INPUT_MAX = 32 << 20
"""Bytes taken of standard input."""


def question(argument: str | None, stdin: TextIO | None) -> str:
    """The argument, and below it standard input, where that is no terminal; "" if there is neither.

    :raises BadRequest: if one of them is no UTF-8
    """
    given = checked(argument or "", "The prompt")
    brought = "" if stdin is None or stdin.isatty() else _read(stdin)
    return "\n\n".join(part for part in (given, brought) if part.strip())


def checked(text: str, what: str) -> str:
    """The text of a command line, or of a terminal's line.

    :raises BadRequest: if it came from bytes that are no UTF-8
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadRequest(f"{what} is not UTF-8, from character {error.start + 1} on.") from error
    return text


def _read(stdin: TextIO) -> str:
    content = stdin.buffer.read(INPUT_MAX + 1)
    if len(content) > INPUT_MAX:
        raise TooLarge(f"Standard input is larger than {INPUT_MAX >> 20} MiB. Send less at once.")
    try:
        return content.decode("utf-8-sig").rstrip("\n")
    except UnicodeDecodeError as error:
        byte = content[error.start]
        raise BadRequest(
            f"Standard input is not UTF-8: byte {error.start + 1} is 0x{byte:02x}. Convert it, for example with iconv."
        ) from error
