"""What a page says of itself to a browser and to a search engine: a title and a description of its own."""

from __future__ import annotations

import re

from mkdocs.structure.pages import Page

LENGTH = 160  # what search engines show of a description
FENCE = re.compile(r"^([ \t]*)(`{3,}|~{3,})[^\n]*\n.*?^\1\2[ \t]*$", re.M | re.S)


def describe(page: Page, markdown: str) -> None:
    """Give the page its heading as title, whatever the navigation calls it, and its first sentences as description."""
    if found := re.search(r"^# +(.+?)(?: *\{[^}]*\})?$", markdown, re.M):
        page.meta.setdefault("title", plain(found[1]))
    page.meta.setdefault("description", description(markdown) or page.meta.get("title", ""))


def description(markdown: str) -> str:
    """The first paragraph of prose as plain text, cut at the end of a sentence or of a word."""
    for paragraph in FENCE.sub("", markdown).split("\n\n"):
        if re.match(r"\s*(?:[#|<!>~`$]|[-*] |\d+\. |[?!]{3}|===|\*\*Reproduced)", paragraph) or not paragraph.strip():
            continue
        return shortened(plain(paragraph))
    return ""


def plain(markdown: str) -> str:
    """Without links, emphasis, code marks and tags."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    text = re.sub(r"<[^>]+>|[*`$]|(?<!\w)_|_(?!\w)", "", text)
    return " ".join(text.split())


def shortened(text: str) -> str:
    if len(text) <= LENGTH:
        return text
    end = max(text.rfind(mark, 0, LENGTH) for mark in (". ", "? ", ": "))
    return text[: end + 1] if end > LENGTH // 3 else text[:LENGTH].rpartition(" ")[0] + " ..."
