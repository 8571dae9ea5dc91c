"""Architecture diagrams: drawn as SVG from a small description in the chapter's figures/ folder, figures/NAME.toml.

    columns = [130, 130]        widths of the columns, of 350 in all; what is left lies between them
    [[node]]
    id = "c1"
    at = [0, 1]                 column and row; a column of 0.5 is between the first two
    text = "C1: 5x5 convolution"
    parameters = "156"          and code = "numpy/lenet_numpy.py:TableConv2d", both shown on hover and focus
    [[edge]]
    from = "x"
    to = "c1"
    shape = "(B, 1, 32, 32)"    side = "left" or "right" leads an edge around the nodes between

`rungs refresh` writes figures/NAME.svg beside it, for code hosts; the site draws the same with links to the code.
"""

from __future__ import annotations

import ast
import html
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from rungs.errors import RungsError
from utils.chapters import ROOT, written_chapters
from utils.figures.drawing import WIDTH, arrow_head, standalone, svg, text

BOX, PITCH, TOP = 34, 68, 4
FOOT = 40  # two lines about the node under the pointer

Link = Callable[[Path, int], str | None]
"""Where the link to a line of a file leads; None leads nowhere."""


def drawings() -> Iterator[tuple[Path, str]]:
    """Every diagram of the chapters, as the SVG file that lies beside its description."""
    for chapter in written_chapters():
        for path in sorted((chapter.path / "figures").glob("*.toml")):
            yield path.with_suffix(".svg"), standalone(diagram(path))


def diagram(path: Path, link: Link = lambda file, line: None) -> str:
    """The SVG of a description.

    Raises:
        RungsError: an edge between nodes that are not there, or code that is not; the message names file and place.
    """
    given = tomllib.loads(path.read_text(encoding="utf-8"))
    widths = given["columns"]
    gap = (WIDTH - 8 - sum(widths)) / max(len(widths) - 1, 1)
    centres = [4 + sum(widths[:k]) + k * gap + width / 2 for k, width in enumerate(widths)]
    if len(widths) == 1:
        centres = [WIDTH / 2]

    def place(node: dict) -> tuple[float, float, float]:
        column, row = node["at"]
        low = int(column)
        x = centres[low] + (column - low) * (centres[min(low + 1, len(centres) - 1)] - centres[low])
        return x, TOP + row * PITCH + BOX / 2, node.get("width", widths[low])

    nodes = {node["id"]: place(node) for node in given["node"]}
    height = TOP + PITCH * max(node["at"][1] for node in given["node"]) + BOX + FOOT
    parts = []
    for edge in given["edge"]:
        if missing := {edge["from"], edge["to"]} - set(nodes):
            raise RungsError(f"{path.relative_to(ROOT)}: an edge has no node {', '.join(sorted(missing))}")
        parts.append(_edge(nodes[edge["from"]], nodes[edge["to"]], edge.get("shape", ""), edge.get("side")))
    for node in given["node"]:
        parts.append(_node(node, nodes[node["id"]], height, path, link))
    return svg(height, given["title"], parts)


def _node(node: dict, place: tuple[float, float, float], height: float, path: Path, link: Link) -> str:
    x, y, width = place
    box = f'<rect x="{x - width / 2:g}" y="{y - BOX / 2:g}" width="{width:g}" height="{BOX}" rx="5"/>'
    drawn = box + text(x, y + 4.5, node["text"])
    about = [f"output {node['shape']}"] if "shape" in node else []
    about += [f"{node['parameters']} parameters"] if "parameters" in node else []
    target = None
    lines = [", ".join(about)]
    if "code" in node:
        file, line = code_line(path, node["code"])
        lines.append(f"{file.name}, line {line}")
        target = link(file, line)
    shown = "".join(text(4, height - 22 + 15 * k, words, "about") for k, words in enumerate(filter(None, lines)))
    if target is None:
        return drawn
    return f'<a href="{html.escape(target)}">{drawn}{shown}</a>'


def code_line(path: Path, code: str) -> tuple[Path, int]:
    """ "numpy/lenet_numpy.py:RBF" of a description in figures/ -> the file, and the line where that class begins."""
    name, _, symbol = code.partition(":")
    file = (path.parent.parent / name).resolve()
    if file.is_file():
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == symbol:
                return file, node.lineno
    raise RungsError(f"{path.relative_to(ROOT)}: there is no {code}")


def _edge(a: tuple[float, float, float], b: tuple[float, float, float], shape: str, side: str | None) -> str:
    (ax, ay, aw), (bx, by, bw) = a, b
    if side:  # around what lies between, from the side of one node to the side of the other
        sign = -1 if side == "left" else 1
        x = (min if sign < 0 else max)(ax + sign * aw / 2, bx + sign * bw / 2) + sign * 14
        start, end = ax + sign * aw / 2, bx + sign * bw / 2
        path = f"M{start:g} {ay:g}H{x:g}V{by:g}H{end + sign * 5:g}"
        where = (x - sign * -4, (ay + by) / 2 + 4, "start" if sign > 0 else "end")
        return f'<path d="{path}"/>{arrow_head(end, by, -sign, 0)}{text(*where[:2], shape, f"shape {where[2]}")}'
    if ay == by:  # along a row
        sign = 1 if bx > ax else -1
        start, end = ax + sign * aw / 2, bx - sign * bw / 2
        return (
            f'<path d="M{start:g} {ay:g}H{end - sign * 5:g}"/>{arrow_head(end, by, sign, 0)}'
            f"{text((start + end) / 2, ay - 6, shape, 'shape')}"
        )
    if abs(ax - bx) < 1:  # down a column, or up with the shape on the left
        down = 1 if by > ay else -1
        start, end = ay + down * BOX / 2, by - down * BOX / 2
        kind = "shape start" if down > 0 else "shape end"
        return (
            f'<path d="M{ax:g} {start:g}V{end - down * 5:g}"/>{arrow_head(bx, end, 0, down)}'
            f"{text(ax + down * 8, (start + end) / 2 + 4, shape, kind)}"
        )
    sign = 1 if bx > ax else -1
    if by < ay:  # out of the side, then up
        start, end = ax + sign * aw / 2, by + BOX / 2
        return (
            f'<path d="M{start:g} {ay:g}H{bx:g}V{end + 5:g}"/>{arrow_head(bx, end, 0, -1)}'
            f"{text(bx - 8, (ay + end) / 2 + 4, shape, 'shape end')}"
        )
    # down, then into the side of the node
    end = bx - sign * bw / 2
    return (
        f'<path d="M{ax:g} {ay + BOX / 2:g}V{by:g}H{end - sign * 5:g}"/>{arrow_head(end, by, sign, 0)}'
        f"{text((ax + end) / 2, by - 6, shape, 'shape')}"
    )
