"""Explanatory drawings: small SVG pictures whose text stays legible on a phone, light or dark as the reader's page is.

A chapter's figures/drawings.py has a function for each drawing, and `DRAWINGS`, name -> function. `rungs refresh` writes
figures/NAME.svg; the site draws the same in the page, in its own colours.

    drawing = Drawing(150, "A line through three points")
    plot = drawing.plot((30, 10, 330, 120), x=(0, 3), y=(0, 2))
    plot.axes("x", "y")
    plot.curve([0, 3], [0.2, 1.8], "blue")
    plot.dot(1, 1, "red")
    return drawing.svg()

A `kind` is some of: blue, red, green (the colour); soft, small, bold, start, end (text); thin, dashed (lines); solid, wash
(areas).
Text has no markup: write sub- and superscripts as characters, w₁, Xᵀ.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

WIDTH = 350  # a phone of 390 px shows it at its own size

COLOURS = {  # light, dark
    "ink": ("#1c2430", "#e3e7ee"),
    "soft": ("#5b6675", "#aab4c3"),
    "line": ("#7b8797", "#8b97a8"),
    "fill": ("#eef3fa", "#22304a"),
    "edge": ("#4a78b8", "#7fa8e0"),
    "blue": ("#2563a6", "#86b4ee"),
    "red": ("#ab3a34", "#f29a92"),
    "green": ("#22735f", "#74c9b4"),
}
RULES = """
.diagram text { font: 12.5px system-ui, sans-serif; fill: var(--paint, var(--ink)); text-anchor: middle; }
.diagram .shape, .diagram .small { font-size: 11.5px; }
.diagram .shape, .diagram .soft { fill: var(--soft); }
.diagram .bold { font-weight: 600; }
.diagram .start { text-anchor: start; }
.diagram .end { text-anchor: end; }
.diagram rect, .diagram circle { fill: var(--fill); stroke: var(--edge); stroke-width: 1.5; }
.diagram path { fill: none; stroke: var(--paint, var(--line)); stroke-width: 1.5; }
.diagram .head { fill: var(--paint, var(--line)); stroke: none; }
.diagram .about { visibility: hidden; text-anchor: start; }
.diagram a:is(:hover, :focus) .about { visibility: visible; }
.diagram a:is(:hover, :focus) rect { stroke-width: 3; }
.diagram .blue { --paint: var(--blue); }
.diagram .red { --paint: var(--red); }
.diagram .green { --paint: var(--green); }
.diagram .thin { stroke-width: 1; }
.diagram .dashed { stroke-dasharray: 4 3; }
.diagram .solid { fill: var(--paint, var(--line)); stroke: none; }
.diagram .wash { fill: var(--paint, var(--line)); fill-opacity: 0.18; stroke: none; }
"""

Point = tuple[float, float]


def svg(height: float, title: str, parts: Iterable[str]) -> str:
    """The parts in one picture, without colours: `standalone` adds them, the site has its own."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="diagram" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}"'
    inside = "".join(parts)
    role = "group" if "<a " in inside else "img"  # an image hides the links inside it from a screen reader
    return f'{head} height="{height:g}" role="{role}" aria-label="{html.escape(title)}">{inside}</svg>'


def standalone(drawing: str) -> str:
    """With colours of its own, light or dark as the reader's machine is."""
    light, dark = ("".join(f"--{name}: {pair[k]}; " for name, pair in COLOURS.items()) for k in (0, 1))
    style = f"svg {{ {light}}}\n@media (prefers-color-scheme: dark) {{ svg {{ {dark}}} }}{RULES}"
    return drawing.replace(">", f"><style>\n{style}</style>", 1) + "\n"


def text(x: float, y: float, words: str, kind: str = "") -> str:
    """Words whose baseline is at `y`, centred on `x` unless `kind` says start or end."""
    return f'<text x="{_number(x)}" y="{_number(y)}"{_kind(kind)}>{html.escape(words)}</text>'


def arrow_head(x: float, y: float, dx: float, dy: float, kind: str = "") -> str:
    """A head whose tip is at (x, y), pointing along the unit vector (dx, dy)."""
    back_x, back_y = x - 7 * dx, y - 7 * dy
    corners = ((x, y), (back_x + 4 * dy, back_y - 4 * dx), (back_x - 4 * dy, back_y + 4 * dx))
    return f'<path{_kind(f"head {kind}")} d="{_path(corners)}Z"/>'


class Drawing:
    """A picture `WIDTH` wide and `height` tall; (0, 0) is the top left corner.

    Args:
        title: what a screen reader says of it.
    """

    def __init__(self, height: float, title: str) -> None:
        self.height, self.title = height, title
        self.parts: list[str] = []

    def svg(self) -> str:
        return svg(self.height, self.title, self.parts)

    def text(self, x: float, y: float, words: str, kind: str = "") -> None:
        self.parts.append(text(x, y, words, kind))

    def line(self, points: Iterable[Point], kind: str = "", *, closed: bool = False) -> None:
        self.parts.append(f'<path{_kind(kind)} d="{_path(points)}{"Z" if closed else ""}"/>')

    def arrow(self, start: Point, end: Point, kind: str = "") -> None:
        length = math.dist(start, end)
        dx, dy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
        self.line((start, (end[0] - 5 * dx, end[1] - 5 * dy)), kind)
        self.parts.append(arrow_head(*end, dx, dy, kind.replace("dashed", "")))

    def dot(self, x: float, y: float, kind: str = "", radius: float = 3.5) -> None:
        self.parts.append(f'<circle{_kind(f"solid {kind}")} cx="{_number(x)}" cy="{_number(y)}" r="{radius:g}"/>')

    def box(self, x: float, y: float, width: float, height: float, words: str = "", kind: str = "") -> None:
        """A box with its top left corner at (x, y), and words in its middle."""
        at = f'x="{_number(x)}" y="{_number(y)}" width="{_number(width)}" height="{_number(height)}" rx="4"'
        self.parts.append(f"<rect{_kind(kind)} {at}/>")
        if words:
            self.text(x + width / 2, y + height / 2 + 4.5, words)

    def matrix(
        self,
        x: float,
        y: float,
        values: ArrayLike,
        name: str,
        *,
        form: str = "g",
        cell: Point = (40, 24),
        kind: str = "",
    ) -> None:
        """A table of numbers (rows, columns) with its top left corner at (x, y), `name` above, and `kind` for what is in it.

        Args:
            form: how a number is written, "+.2f".
        """
        import numpy as np  # the command draws nothing on its way to its help

        table = np.atleast_2d(np.asarray(values, dtype=float))
        rows, columns = table.shape
        width, height = cell
        self.text(x + columns * width / 2, y - 7, name, f"small {kind}")
        self.box(x, y, columns * width, rows * height)
        for (row, column), value in np.ndenumerate(table):
            words = format(float(value) + 0.0, form).replace("-", "−")
            self.text(x + (column + 0.5) * width, y + (row + 0.5) * height + 4.5, words, kind)

    def plot(self, box: tuple[float, float, float, float], x: Point, y: Point) -> Plot:
        """Axes in `box`, (left, top, right, bottom), for values of these two ranges."""
        return Plot(self, box, x, y)


@dataclass
class Plot:
    """Draws in the units of the data."""

    drawing: Drawing
    box: tuple[float, float, float, float]
    x: Point
    y: Point

    def at(self, x: float, y: float) -> Point:
        """Where a point of the data is in the drawing."""
        left, top, right, bottom = self.box
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return left + across * (right - left), bottom - up * (bottom - top)

    def axes(
        self, xlabel: str = "", ylabel: str = "", *, xticks: Sequence[float] = (), yticks: Sequence[float] = ()
    ) -> None:
        """Both axes through zero, or along the edge where zero is outside."""
        zero = (min(max(0.0, self.x[0]), self.x[1]), min(max(0.0, self.y[0]), self.y[1]))
        across, up = self.at(*zero)[1], self.at(*zero)[0]
        left, top, right, bottom = self.box
        self.drawing.line(((left, across), (right, across)), "thin")
        self.drawing.line(((up, top), (up, bottom)), "thin")
        self.drawing.text(right, across + 15, xlabel, "small soft end")
        self.drawing.text(up + 6, top + 10, ylabel, "small soft start")
        for tick in xticks:
            place = self.at(tick, zero[1])
            self.drawing.line((place, (place[0], place[1] + 4)), "thin")
            self.drawing.text(place[0], place[1] + 16, _tick(tick), "small soft")
        for tick in yticks:
            place = self.at(zero[0], tick)
            self.drawing.line((place, (place[0] - 4, place[1])), "thin")
            self.drawing.text(place[0] - 7, place[1] + 4, _tick(tick), "small soft end")

    def curve(self, x: ArrayLike, y: ArrayLike, kind: str = "", *, closed: bool = False) -> None:
        """A line through x (N) and y (N)."""
        import numpy as np

        points = zip(np.asarray(x, float).tolist(), np.asarray(y, float).tolist(), strict=True)
        self.drawing.line([self.at(*point) for point in points], kind, closed=closed)

    def arrow(self, start: Point, end: Point, kind: str = "") -> None:
        self.drawing.arrow(self.at(*start), self.at(*end), kind)

    def dot(self, x: float, y: float, kind: str = "", radius: float = 3.5) -> None:
        self.drawing.dot(*self.at(x, y), kind, radius)

    def text(self, x: float, y: float, words: str, kind: str = "", *, shift: Point = (0, 0)) -> None:
        """Words at a point of the data, moved by `shift` in the drawing."""
        place = self.at(x, y)
        self.drawing.text(place[0] + shift[0], place[1] + shift[1], words, kind)


def _kind(kind: str) -> str:
    return f' class="{kind.strip()}"' if kind.strip() else ""


def _number(value: float) -> str:
    """One decimal: rounding of the last digits must not change the file."""
    return f"{round(value, 1) + 0.0:g}"


def _tick(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _path(points: Iterable[Point]) -> str:
    return "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in points)
