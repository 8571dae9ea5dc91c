"""The graph of the chapters, as the site and the guide show it: a column of chapters, and an arc from each to what it opens."""

from __future__ import annotations

import html
from collections.abc import Callable

from utils.chapters import ROOT, Chapter, all_chapters
from utils.figures.drawing import svg, text

FILE = ROOT / "docs" / "figures" / "chapters.svg"

TIER_COLOURS = {"foundations": "#4a78b8", "vision": "#3f9e8b", "sequences": "#cf7a30", "frontiers": "#bb4a6c"}
ROW, LEFT = 32, 128


def chapter_graph(link: Callable[[Chapter], str | None] = lambda chapter: None) -> str:
    """The chapters by prerequisite as SVG; hollow is planned, colour is the tier.

    Args:
        link: where a click on a chapter leads; None leads nowhere.
    """
    chapters = all_chapters()
    at = {chapter.id: 18 + ROW * k for k, chapter in enumerate(chapters)}
    arcs, nodes = [], []
    for chapter in chapters:
        y = at[chapter.id]
        for need in chapter.needs:
            reach = 14 + 0.42 * abs(y - at[need]) ** 0.9
            curve = f"M{LEFT - 8} {at[need]}C{LEFT - reach:.0f} {at[need]} {LEFT - reach:.0f} {y} {LEFT - 9} {y}"
            arcs.append(
                f'<path data-edge="{need} {chapter.id}" d="{curve}"><title>{need}, then {chapter.id}</title></path>'
            )
        colour = TIER_COLOURS[chapter.tier]
        fill = colour if chapter.is_written else "none"
        name = f"{chapter.id} {chapter.title}" if chapter.id.isdigit() else chapter.title
        node = f'<circle cx="{LEFT}" cy="{y}" r="7" style="fill:{fill};stroke:{colour}"/>'
        node += text(LEFT + 16, y + 4.5, name, "start" if chapter.is_written else "start shape")
        target = link(chapter)
        nodes.append(f'<a href="{html.escape(target)}">{node}</a>' if target else node)
    return svg(ROW * len(chapters) + 4, "Chapters, and what each needs", [*arcs, *nodes])
