"""A DAG as a picture: SVG 1.1 of boxes and links, without scripts, styles or anything from elsewhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from interconn.control.flow.layers import Layers, Place, arrange
from interconn.standard.flow import Dag

_LINE: Final = 16
_LETTER: Final = 7.0
"""Mean width of a letter at 12 px; East Asian wide ones take two."""
_MARGIN: Final = 24
_GAP: Final = 28
_BETWEEN_ROWS: Final = 44
_LONGEST_TEXT: Final = 48
_NO_XML: Final = re.compile(r"[^\t\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_COLOURS: Final[Mapping[str, tuple[str, str]]] = {
    "PENDING": ("#f4f4f5", "#a1a1aa"),
    "READY": ("#e0f2fe", "#38bdf8"),
    "RUNNING": ("#dbeafe", "#2563eb"),
    "SUCCESS": ("#dcfce7", "#16a34a"),
    "FAILED": ("#fee2e2", "#dc2626"),
}
_PLAIN: Final = ("#ffffff", "#52525b")


@dataclass(frozen=True)
class Box:
    """One step in a picture.

    Attributes:
        name: distinguishes it, and is its heading.
        lines: what stands below, e.g. component and parties.
        state: colours it and is written out, where it is one of a task's (CTL-3.8-task-states); else empty.
    """

    name: str
    lines: Sequence[str] = ()
    state: str = ""

    @property
    def texts(self) -> list[str]:
        """All lines, the heading first."""
        return [_short(text) for text in (self.name, *self.lines, *([self.state] if self.state else []))]

    @property
    def width(self) -> float:
        """In pixels."""
        return max(96.0, 20 + _LETTER * max(map(_letters, self.texts)))

    @property
    def height(self) -> int:
        """In pixels."""
        return 14 + _LINE * len(self.texts)


def draw_dag(dag: Dag, title: str, details: Mapping[str, Box] | None = None) -> str:
    """Draw a DAG.

    Args:
        dag: checked: without cycles, and each input key names an output.
        title: for who reads the picture by ear.
        details: boxes by component name, in place of those that show component and version only.
    """
    links: dict[tuple[str, str], str] = {}
    for component in dag.components:
        for port in component.input:
            source, _, key = port.key.partition(".")
            said = links.get((source, component.name))  # of several outputs of one component all are named
            links[source, component.name] = f"{said}, {key}" if said else key
    plain = {
        component.name: Box(component.name, [f"{component.component_name} {component.version}"])
        for component in dag.components
    }
    return draw(list({**plain, **(details or {})}.values()), links, title)


def draw(boxes: Sequence[Box], links: Mapping[tuple[str, str], str], title: str) -> str:
    """Draw boxes and links.

    Args:
        boxes: in the order in which neighbours stand where nothing else orders them.
        links: from box to box, with what is said of each.
        title: of the picture.
    """
    by_name = {box.name: box for box in boxes}
    layers = arrange([box.name for box in boxes], links)
    rows, width, height = _rows(layers, by_name)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="system-ui, sans-serif" font-size="12">',
        f"<title>{_text(title)}</title>",
        '<defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#71717a"/></marker></defs>',
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
    ]
    for (source, target), said in links.items():
        path = _path([rows[place] for place in layers.chains[source, target]])
        parts.append(
            f'<path d="{path}" fill="none" stroke="#71717a" marker-end="url(#end)">'
            f"<title>{_text(f'{source} {said} → {target}')}</title></path>"
        )
    parts += [part for box in boxes for part in _box(box, rows[box.name])]
    return "\n".join([*parts, "</svg>", ""])


@dataclass(frozen=True)
class _Spot:
    """Where something stands: the middle of its upper edge, and its height."""

    x: float
    y: float
    height: float


def _rows(layers: Layers, by_name: Mapping[str, Box]) -> tuple[dict[Place, _Spot], float, float]:
    widths = [[_width(place, by_name) for place in row] for row in layers.rows]
    totals = [sum(row) + _GAP * (len(row) - 1) for row in widths]
    width = max(totals, default=0.0) + 2 * _MARGIN
    spots: dict[Place, _Spot] = {}
    y = float(_MARGIN)
    for row, own, total in zip(layers.rows, widths, totals, strict=True):
        height = max((by_name[place].height for place in row if isinstance(place, str)), default=0)
        x = (width - total) / 2
        for place, wide in zip(row, own, strict=True):
            own_height = by_name[place].height if isinstance(place, str) else height
            spots[place] = _Spot(x + wide / 2, y, own_height)
            x += wide + _GAP
        y += height + _BETWEEN_ROWS
    return spots, width, max(y - _BETWEEN_ROWS, 0.0) + _MARGIN


def _width(place: Place, by_name: Mapping[str, Box]) -> float:
    return by_name[place].width if isinstance(place, str) else 8.0


def _path(spots: Sequence[_Spot]) -> str:
    """Return a line from below the first spot, straight through those between, to above the last."""
    x, y = spots[0].x, spots[0].y + spots[0].height
    path = f"M{x:.1f} {y:.1f}"
    for spot in spots[1:]:
        half = (y + spot.y) / 2
        path += f"C{x:.1f} {half:.1f} {spot.x:.1f} {half:.1f} {spot.x:.1f} {spot.y:.1f}"
        x, y = spot.x, spot.y
        if spot is not spots[-1]:
            y += spot.height
            path += f"V{y:.1f}"
    return path


def _box(box: Box, spot: _Spot) -> Iterable[str]:
    fill, line = _COLOURS.get(box.state, _PLAIN)
    left = spot.x - box.width / 2
    yield (
        f"<g><title>{_text(' '.join([box.name, *box.lines, box.state]).strip())}</title>"
        f'<rect x="{left:.1f}" y="{spot.y:.1f}" width="{box.width:.1f}" height="{box.height}" rx="6" '
        f'fill="{fill}" stroke="{line}"/>'
    )
    for number, text in enumerate(box.texts):
        weight = ' font-weight="600"' if number == 0 else ""
        y = spot.y + 19 + _LINE * number
        yield f'<text x="{spot.x:.1f}" y="{y:.1f}" text-anchor="middle"{weight}>{_text(text)}</text>'
    yield "</g>"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"


def _letters(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _text(text: str) -> str:
    return escape(_NO_XML.sub("\ufffd", text))
