"""The graph of the chapters, as the site and the guide show it."""

from __future__ import annotations

from collections.abc import Callable

from utils.chapters import Chapter, all_chapters, all_tiers

TIER_STYLES = {  # translucent fills: the label keeps the colour of the page, light or dark
    "foundations": "fill:#4a78b82e,stroke:#4a78b8",
    "vision": "fill:#3f9e8b2e,stroke:#3f9e8b",
    "sequences": "fill:#cf7a302e,stroke:#cf7a30",
    "frontiers": "fill:#bb4a6c2e,stroke:#bb4a6c",
}


def chapter_graph(link: Callable[[Chapter], str | None] = lambda chapter: None) -> str:
    """The chapters by prerequisite as a Mermaid fence; dashed is planned, colour is the tier.

    Args:
        link: where a click on a chapter leads; None leads nowhere.
    """
    lines = ["```mermaid", "graph TD"]
    for chapter in all_chapters():
        lines.append(f'  c{chapter.id}["{_short_name(chapter)}"]:::{chapter.tier}')
    for chapter in all_chapters():
        lines += [f"  c{need} --> c{chapter.id}" for need in chapter.needs]
        if target := link(chapter):
            lines.append(f'  click c{chapter.id} href "{target}"')
    lines += [f"  classDef {tier.id} {TIER_STYLES[tier.id]},stroke-width:2px" for tier in all_tiers()]
    if planned := [f"c{chapter.id}" for chapter in all_chapters() if not chapter.is_written]:
        lines += ["  classDef planned stroke-dasharray:5 4,stroke-width:1px", f"  class {','.join(planned)} planned"]
    return "\n".join([*lines, "```"])


def _short_name(chapter: Chapter) -> str:
    """ "01 Linear Logistic", "U-Net", "GAN": narrow enough for a graph on a phone."""
    if chapter.id.isdigit():
        return f"{chapter.id} {chapter.folder.split('_', 1)[1].replace('_', ' ')}"
    return chapter.title if len(chapter.title) <= 8 else chapter.id.upper()
