"""ChatStream: a language model's answer, streamed to people and programs with nothing lost."""

__version__ = "0.1.0"
