"""What holds for every request: no cross-site writes, and no name that is not ours.

Pages of other sites that are named for it may use the API (cors.py).
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, request

from chatstream.errors import CrossSite, UnknownHost
from chatstream.web import cors
from chatstream.web.services import services

SAFE = ("GET", "HEAD", "OPTIONS")


def register(app: Flask) -> None:
    app.before_request(refuse_strange_names)
    app.before_request(refuse_cross_site)


def refuse_cross_site() -> None:
    """A page of another site may not write here with a visitor's browser."""
    if request.method not in SAFE:
        _refuse_other_sites()


def refuse_cross_site_read() -> None:
    """The same for a GET that has an effect: whoever can put an image into a page could send it. For its view to call.

    :raises CrossSite: if a page of another site sends it that is not named
    """
    _refuse_other_sites()
    told = any(name in request.headers for name in ("Sec-Fetch-Site", "Origin"))
    if not told and _hides_its_site():
        raise CrossSite("This request does not say which page it comes from. Use https, or this machine's own address.")


def _hides_its_site() -> bool:
    """To an address without TLS a browser may tell nothing but the page that refers to ours, which a foreign page can
    hide, but not forge."""
    referrer = urlsplit(request.headers.get("Referer", ""))
    if referrer.netloc:
        return not _is_ours(f"{referrer.scheme}://{referrer.netloc}")
    return request.headers.get("User-Agent", "").startswith("Mozilla/")


def _refuse_other_sites() -> None:
    """Browsers tell where a request comes from. Programs send neither header."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    foreign = site not in ("same-origin", "none") if site else origin and not _is_ours(origin)
    if foreign and not cors.allows(origin):
        raise CrossSite("This request comes from a page of another site.")


def _is_ours(origin: str) -> bool:
    return origin in (f"http://{request.host}", f"https://{request.host}")


def refuse_strange_names() -> None:
    """A site that gives its own name our address (DNS rebinding) is of the same origin for a browser, but names itself.

    Addresses in figures and `localhost` are nobody's name.
    """
    name = urlsplit(f"//{request.host}").hostname or ""
    if not (name == "localhost" or name.endswith(".localhost") or _is_address(name) or name in _hosts()):
        raise UnknownHost(f"This server does not answer to the name {name!r}. Add it to CHATSTREAM_HOSTS.")


def _hosts() -> list[str]:
    settings = services().settings
    return [*settings.hosts.replace(",", " ").split(), settings.bind.rpartition(":")[0]]


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
