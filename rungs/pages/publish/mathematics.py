"""Formulas and diagrams: how they stand in the Markdown, and what a page that has some loads."""

from __future__ import annotations

import re

from mkdocs.exceptions import PluginError
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

DISPLAY = re.compile(r"^([ \t]*)\$\$((?:[^$\\]|\\.)+)\$\$[ \t]*$", re.M)

SCRIPTS = {
    'class="arithmatex"': ("assets/katex/katex.min.js", "assets/js/math.js"),
    'class="mermaid"': ("assets/js/mermaid.min.js",),
}


def set_apart(text: str) -> str:
    """A code host displays $$...$$ amid a paragraph; Python-Markdown wants blank lines around it."""
    return DISPLAY.sub(r"\n\1$$\2$$\n", text)


def load_scripts(output: str, page: Page) -> str:
    """Load KaTeX and Mermaid on the pages that use them."""
    sources = [source for mark, paths in SCRIPTS.items() if mark in output for source in paths]
    tags = "".join(f'<script src="{get_relative_url(source, page.url)}"></script>\n' for source in sources)
    place = '<script id="__config"'  # before the theme's own script, which would else look for Mermaid on the network
    if tags and output.count(place) != 1:
        raise PluginError(f"{page.file.src_uri}: the theme's page has no single {place}: mkdocs-material has changed")
    return output.replace(place, tags + place)
