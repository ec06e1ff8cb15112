"""Named choices for chats. They are kept here and not in a browser: whoever made one has it on every device."""

from hashlib import sha256
from typing import Any

from chatstream.errors import BadRequest, NotFound
from chatstream.store.ports import Store
from chatstream.store.records import Preset

NAME_MAX = 100
MOST = 200


def keep(store: Store, owner: str, name: str, system: str, params: dict[str, Any]) -> Preset:
    """One for each name: a later one takes the earlier one's place.

    :raises BadRequest: for what is no name, or one too many
    """
    line = " ".join(name.split())
    if not 1 <= len(line) <= NAME_MAX or "\0" in line + system:
        raise BadRequest(f"name must have 1 to {NAME_MAX} characters; neither it nor system may have a NUL.")
    preset_id = sha256(f"{owner}\0{line}".encode("utf-8", "surrogatepass")).hexdigest()[:24]
    present = store.presets(owner)
    if len(present) >= MOST and all(preset.id != preset_id for preset in present):
        raise BadRequest(f"There are {MOST} presets already. Delete one first.")
    is_default = any(preset.is_default for preset in present if preset.id == preset_id)
    preset = Preset(id=preset_id, owner=owner, name=line, system=system, params=params, is_default=is_default)
    store.keep(preset)
    return preset


def make_default(store: Store, owner: str, preset_id: str, is_default: bool) -> Preset:
    """New chats of the page begin with it, or no more with it.

    :raises NotFound: if it is not there
    """
    preset = store.make_default(owner, preset_id, is_default)
    if preset is None:
        raise NotFound("There is no such preset. It may have been deleted.")
    return preset
