"""A chat's first title: the first words of its first question."""

LONGEST = 60


def first_words(prompt: str) -> str:
    """One line of at most 60 characters, cut between words where there are any."""
    line = " ".join(prompt.split())
    if len(line) <= LONGEST:
        return line
    cut = line[: LONGEST - 1]
    head, space, _ = cut.rpartition(" ")
    return (head if space and len(head) > LONGEST // 2 else cut) + "…"
