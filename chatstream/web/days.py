"""The days that the list of chats is grouped by, in the reader's time zone, which the page names in a cookie.

static/js/days.js names them the same way.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from flask import request
from flask_babel import gettext as _

from chatstream.web import languages

COOKIE = "timezone"


def zone() -> tzinfo:
    """The reader's; UTC until it is known."""
    try:
        return ZoneInfo(request.cookies.get(COOKIE) or "UTC")
    except (ValueError, OSError, LookupError):  # no zone of that name; a folder of zones; what is no name at all
        return UTC


def day(at_ms: int, today: date, there: tzinfo) -> str:
    """The group of what happened then, for a reader whose day it is."""
    then = datetime.fromtimestamp(at_ms / 1000, there).date()
    if then >= today:
        return str(_("Today"))
    if then == today - timedelta(days=1):
        return str(_("Yesterday"))
    if then >= today - timedelta(days=7):
        return str(_("Previous 7 days"))
    return languages.month(then)
