"""Halves of characters: JSON can cut a surrogate pair over two deltas (`"\\ud83d"`, then `"\\ude00"`).

Neither half can be encoded, in UTF-8 as little as in SQLite or BSON.
"""


class Halves:
    """Joins cut pairs; a half that never finds its other becomes U+FFFD."""

    def __init__(self) -> None:
        self.held = ""

    def join(self, text: str) -> str:
        """The text that is whole by now."""
        text = self.held + text
        self.held = text[-1] if text and "\ud800" <= text[-1] <= "\udbff" else ""
        return whole(text.removesuffix(self.held))

    def close(self) -> str:
        """What is left when no more text comes."""
        left, self.held = self.held, ""
        return whole(left)


def whole(text: str) -> str:
    """The text with pairs joined and lone halves replaced, so that every encoder takes it."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
