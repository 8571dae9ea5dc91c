"""Formulas: drawn by KaTeX when the site is built, so that nothing moves while a page loads.

A page's formulas are first put down as plain text, which is what the search index takes; all formulas of all pages are
drawn in one go, and take their places when the pages are written. What was drawn is kept in the build folder.
"""

from __future__ import annotations

import html
import json
import os
import re
import tempfile
from dataclasses import dataclass, field
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from rungs.exercise.plain_math import plain
from rungs.pages.publish.packages import BUILD, STYLE, node, version

DISPLAY = re.compile(r"^([ \t]*)\$\$((?:[^$\\]|\\.)+)\$\$[ \t]*$", re.M)
FORMULA = re.compile(r'<(span|div|pre) class="arithmatex">(.*?)</\1>', re.S)
WAITING = re.compile(r'<(span|div) class="arithmatex" data-formula="(\d+)">.*?</\1>', re.S)
ENTRY = re.compile(r'(<span class="md-ellipsis">)(.*?)(</span>)', re.S)
INLINE = re.compile(r"\\\((.+?)\\\)", re.S)

FONTS = ("KaTeX_Main-Regular", "KaTeX_Math-Italic")  # in nearly every formula


@dataclass(frozen=True)
class Formula:
    tex: str
    display: bool

    @property
    def key(self) -> str:
        return ("$$" if self.display else "$") + self.tex


@dataclass
class Formulas:
    """The formulas of one build, in the order in which they were found."""

    found: list[tuple[Formula, str]] = field(default_factory=list)
    drawn: dict[str, str] = field(default_factory=dict)

    def collect(self, content: str, page: Page) -> str:
        """The page with plain text in the place of each formula, for the search index."""

        def note(match: re.Match[str]) -> str:
            tex = html.unescape(match[2]).strip()
            display = tex.startswith((r"\[", "$$"))
            tex = re.sub(r"^(\\\[|\\\(|\$\$)|(\\\]|\\\)|\$\$)$", "", tex).strip()
            self.found.append((Formula(tex, display), page.file.src_uri))
            tag = "div" if display else "span"
            text = html.escape(plain(tex))
            return f'<{tag} class="arithmatex" data-formula="{len(self.found) - 1}">{text}</{tag}>'

        return FORMULA.sub(note, content)

    def draw(self) -> None:
        """Draw what was collected and is not in the build folder from last time.

        Raises:
            PluginError: KaTeX cannot read a formula; the message names its page.
        """
        store = BUILD / f"formulas-{version('katex')}.json"
        kept = json.loads(store.read_text(encoding="utf-8")) if store.exists() else {}
        new = list({f.key: f for f, _ in self.found if f.key not in kept}.values())
        if new:
            made = node("katex.js", [{"tex": f.tex, "display": f.display} for f in new])
            results: dict[str, Any] = dict(zip((f.key for f in new), made, strict=True))
            for formula, page in self.found:
                if isinstance(result := results.get(formula.key), dict):
                    raise PluginError(f"{page}: {result['error']}")
            kept |= results
            with tempfile.NamedTemporaryFile("w", dir=BUILD, delete=False, encoding="utf-8") as draft:
                json.dump(kept, draft)
            os.replace(draft.name, store)
        self.drawn = kept

    def place(self, output: str) -> str:
        """The page as it is written: formulas drawn, in the table of contents too."""

        def formula(match: re.Match[str]) -> str:
            found = self.found[int(match[2])][0]
            return f'<{match[1]} class="arithmatex">{self.drawn[found.key]}</{match[1]}>'

        def inline(match: re.Match[str]) -> str:
            return self.drawn.get(Formula(html.unescape(match[1]).strip(), False).key, match[0])

        output = WAITING.sub(formula, output)
        return ENTRY.sub(lambda m: m[1] + INLINE.sub(inline, m[2]) + m[3], output)


def set_apart(text: str) -> str:
    """A code host displays $$...$$ amid a paragraph; Python-Markdown wants blank lines around it."""
    return DISPLAY.sub(r"\n\1$$\2$$\n", text)


def style(output: str, page: Page) -> str:
    """Load KaTeX's style sheet, and its two commonest fonts early, where there is a formula."""
    if '<span class="katex' not in output:
        return output
    fonts = [get_relative_url(f"assets/katex/fonts/{name}.woff2", page.url) for name in FONTS]
    tags = [f'<link rel="preload" as="font" type="font/woff2" crossorigin href="{font}">' for font in fonts]
    tags.append(f'<link rel="stylesheet" href="{get_relative_url(STYLE, page.url)}">')
    return output.replace("</head>", "\n".join(tags) + "\n</head>", 1)
