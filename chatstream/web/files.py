"""Files of questions: taken in one by one, before the question that names them, and given out again."""

from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request

from chatstream.access import OWNER
from chatstream.chats import files
from chatstream.errors import BadRequest, NotFound
from chatstream.store.records import File, is_id
from chatstream.web import bodies, images, present
from chatstream.web.services import services

blueprint = Blueprint("files", __name__)

GONE = "There is no such file. Its chat may have been deleted."


@blueprint.post("/files")
def upload() -> tuple[Response, int]:
    """The body is the file, byte by byte: no form and no JSON that would have to be read. With `model`, the one that
    it is for ("": the default one): an image that it does not take is refused now, and not with its question."""
    file = files.made(OWNER, request.args.get("name", ""), bodies.content(files.IMAGE_MAX))
    if files.is_image(file.type) and (model := request.args.get("model")) is not None:
        images.check(*services().gateway.choose(model or None), [file.about])
    services().store.upload(file)
    return jsonify(present.file(file.about)), 201


@blueprint.get("/files/<file_id>")
def get(file_id: str) -> Response:
    file = services().store.file(OWNER, _checked(file_id))
    if file is None:
        raise NotFound(GONE)
    return sent(file)


@blueprint.delete("/files/<file_id>")
def discard(file_id: str) -> Response:
    """An upload that is not to be asked about after all."""
    services().store.discard(OWNER, _checked(file_id))
    return Response(status=204)


def sent(file: File) -> Response:
    """The file as what it was found to be: an image, or plain text, never a page and never a script."""
    kind = file.type if files.is_image(file.type) else f"{file.type}; charset=utf-8"
    response = Response(file.data, content_type=kind)
    response.headers["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(file.name, safe='')}"
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


def _checked(file_id: str) -> str:
    if not is_id(file_id):
        raise BadRequest("A file's id is 24 hexadecimal digits in lower case.")
    return file_id
