"""Streams held against CPU, as an SVG that reads on light and on dark ground."""

from collections.abc import Sequence
from html import escape

from bench.curve import Point

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 400, 56, 210, 34, 50
COLOURS = ("#7a7a7a", "#2563eb", "#0891b2", "#d97706", "#16a34a", "#dc2626")
"""One for each relay, in their order; they stand out from white ground and from dark."""
STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #24292f }
.grid { stroke: #d0d7de; stroke-width: 1 }
.title { font-weight: 600 }
.line { fill: none; stroke-width: 2 }
.late { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .grid { stroke: #3d444d }
  .late { fill: #0d1117 }
}"""


def svg(points: Sequence[Point]) -> str:
    """One line per relay. A hollow point: the relay did not keep pace there."""
    most = max(point.streams for point in points)
    relays = list(dict.fromkeys(point.relay for point in points))
    lines = [_line([p for p in points if p.relay == name], at, most) for at, name in enumerate(relays)]
    keys = [_key(name, at) for at, name in enumerate(relays)]
    note = _text(WIDTH - RIGHT + 18, TOP + 22 * len(relays) + 14, "hollow: did not keep pace")
    box = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
    parts = ["<title>CPU of one core against streams held</title>", f"<style>{STYLE}</style>", *_axes(most)]
    return "\n".join([f"<svg {box}>", *parts, *lines, *keys, note, "</svg>\n"])


def _x(streams: float, most: int) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * streams / most, 1)


def _y(percent: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(percent, 100) / 100, 1)


def _axes(most: int) -> list[str]:
    right, bottom, step = WIDTH - RIGHT, HEIGHT - BOTTOM, 500 if most >= 1000 else 50
    across = [f'<path class="grid" d="M{LEFT} {_y(p)}H{right}"/>' for p in range(0, 101, 25)]
    up = [_text(LEFT - 8, _y(p) + 4, f"{p} %", "end") for p in range(0, 101, 25)]
    along = [_text(_x(n, most), bottom + 20, str(n), "middle") for n in range(0, most + 1, step)]
    named = [_text(LEFT, TOP - 14, "CPU of one core", "start", "title")]
    named.append(_text((LEFT + right) / 2, HEIGHT - 8, "streams of 50 tokens a second", "middle", "title"))
    return [*across, *up, *along, *named]


def _line(points: Sequence[Point], at: int, most: int) -> str:
    places = [(_x(point.streams, most), _y(point.cpu_percent), point.kept_pace) for point in points]
    path = f'<path class="line" stroke="{COLOURS[at]}" d="M{" L".join(f"{x} {y}" for x, y, _ in places)}"/>'
    return "\n".join([path, *(_dot(x, y, kept, COLOURS[at]) for x, y, kept in places)])


def _dot(x: float, y: float, kept: bool, colour: str) -> str:
    look = f'fill="{colour}"' if kept else 'class="late"'
    return f'<circle cx="{x}" cy="{y}" r="4" stroke="{colour}" stroke-width="2" {look}/>'


def _key(name: str, at: int) -> str:
    x, y = WIDTH - RIGHT + 18, TOP + 22 * at
    return f'<path class="line" stroke="{COLOURS[at]}" d="M{x} {y}h18"/>{_text(x + 26, y + 4, name)}'


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" class="{kind}">{escape(text)}</text>'
