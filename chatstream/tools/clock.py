"""The time."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec import Meta

_Zone = Annotated[str, Meta(description="A time zone by its name in the IANA database, such as Europe/Berlin.")]


def clock(timezone: _Zone = "UTC") -> dict[str, str]:
    """Tell the present date, time and day of the week."""
    try:
        now = datetime.now(ZoneInfo(timezone))
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"There is no time zone {timezone!r}. Use a name such as Europe/Berlin or UTC.") from error
    return {"time": now.isoformat(timespec="seconds"), "weekday": now.strftime("%A"), "timezone": timezone}
