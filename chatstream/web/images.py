"""Images go to models that take them. Who is not known to take none is sent them, and says so itself."""

from collections.abc import Sequence
from typing import Any

from chatstream.chats import files
from chatstream.chats.questions import Question
from chatstream.errors import BadRequest
from chatstream.store.records import Message
from chatstream.upstream.providers import Provider
from chatstream.web.services import services

About = dict[str, Any]
"""What a message says of a file: {id, name, type, size}."""


def carried(question: Question, earlier: Sequence[Message]) -> Sequence[About]:
    """The files of what is answered: of the question itself, or of the one that it asks again."""
    again = question.retry or question.continues
    asked = next((message.parent_id for message in earlier if message.id == again), None)
    mine = [file.about for file in question.files]
    return next((message.files or () for message in earlier if asked and message.id == asked), mine)


def check(provider: Provider, model: str, files_: Sequence[About]) -> None:
    """:raises BadRequest: if there is an image among these, and the model takes none"""
    image = next((about for about in files_ if files.is_image(about["type"])), None)
    if image and _takes_none(provider, model):
        name = image["name"]
        raise BadRequest(f"“{name}” is an image, and {model} takes none. Choose another model, or leave it out.")


def most(provider: Provider, model: str, earlier: Sequence[Message]) -> int:
    """How many bytes of the images of a conversation are sent."""
    return 0 if files.with_images(earlier) and _takes_none(provider, model) else files.TOGETHER_MAX


def _takes_none(provider: Provider, model: str) -> bool:
    return services().abilities.takes_images(provider, model) is False
