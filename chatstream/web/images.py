"""Images go to models that take them. Who is not known to take none is sent them, and says so itself."""

from collections.abc import Sequence

from chatstream.chats import files
from chatstream.errors import BadRequest
from chatstream.store.records import File, Message
from chatstream.upstream.providers import Provider
from chatstream.web.services import services


def check(provider: Provider, model: str, carried: Sequence[File]) -> None:
    """:raises BadRequest: if there is an image among these, and the model takes none"""
    image = next((file for file in carried if files.is_image(file.type)), None)
    if image and _takes_none(provider, model):
        raise BadRequest(f"“{image.name}” is an image, and {model} takes none. Choose another model, or leave it out.")


def most(provider: Provider, model: str, earlier: Sequence[Message]) -> int:
    """How many bytes of the images of a conversation are sent."""
    return 0 if files.with_images(earlier) and _takes_none(provider, model) else files.TOGETHER_MAX


def _takes_none(provider: Provider, model: str) -> bool:
    return services().abilities.takes_images(provider, model) is False
