"""Publish the Markdown and the code that live beside each other in the repository.

The site mirrors the repository: `03_CNN_LeNet/README.md` keeps that path, so a relative link that works on a code host
works on the site. `docs/` keeps its own name too, every code file gets a page that a link to it leads to, and an exercise
becomes one page with its task, hints and solution.

In a page of a chapter:
    <!-- compare: NAME -->          one tab for each level whose code marks "# --8<-- [start:NAME]" ... "[end:NAME]"
    <!-- code: PATH NAME -->        that section of one file (path relative to the page)
    <!-- eq: NAME -->               the formula or paragraph above it stands beside the lines marked "# eq: NAME"
    ![...](figures/NAME.svg)        drawn in the page, with links, where figures/NAME.toml describes it

What each step of the build does is in rungs/pages/publish.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from rungs.catalogue.loading import all_exercises
from rungs.pages import equations
from rungs.pages.publish import access, code, derivations, folding, mathematics, meta, pictures, search
from rungs.pages.publish.files import add_repository
from rungs.pages.publish.navigation import lead_links, navigation, order_pages
from rungs.pages.publish.packages import add_assets
from utils.chapters import ROOT, all_chapters

FORMULAS = mathematics.Formulas()
FENCE = re.compile(r"^([ \t]*)(`{3,}|~{3,})[^\n]*\n.*?^\1\2[ \t]*$", re.M | re.S)


def on_config(config: MkDocsConfig) -> None:
    """Write the navigation, and let `rungs site` see changes outside docs/."""
    all_exercises.cache_clear()
    FORMULAS.found.clear()
    equations.equations.cache_clear()
    equations.lines.cache_clear()
    watched = ("README.md", "00_Overview.md", "CONTRIBUTING.md", "chapters.toml", "utils", "rungs", "benchmarks")
    config.watch += [str(ROOT / name) for name in watched if (ROOT / name).exists()]
    config.watch += [str(chapter.path) for chapter in all_chapters() if chapter.path.is_dir()]
    config.nav = navigation()


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the rest of the repository to what docs/ holds, and what the pages load."""
    add_repository(files, config)
    add_assets(files, config)


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> None:
    """Lead from page to page along the path through the chapters."""
    order_pages(nav)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fill in comparisons, sections and the graph, and lead links to code files and folders to their pages."""
    meta.describe(page, markdown)
    here = page.file.src_uri
    folder = posixpath.dirname(here)
    if here.endswith(tuple(f"{suffix}.md" for suffix in code.LANGUAGES)):
        return markdown
    markdown = code.fill_in(derivations.pair(markdown, here), folder, here)
    markdown = pictures.inline(markdown, page, files)

    def prose(text: str) -> str:
        return mathematics.set_apart(lead_links(text, folder, files))

    pieces, end = [], 0  # links and dollars inside code are neither
    for fence in FENCE.finditer(markdown):
        pieces += [prose(markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*pieces, prose(markdown[end:])])


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fold what a comparison folds, lead marked lines to their equations, and note the formulas of the page."""
    content, anchors = code.line_anchors(html)
    page.present_anchor_ids = (page.present_anchor_ids or set()) | anchors  # MkDocs does not look into code
    content = access.without_empty_heads(pictures.sized(folding.fold(content), page, files))
    return FORMULAS.collect(derivations.link_back(content, page, files), page)


def on_env(env: object, config: MkDocsConfig, files: Files) -> None:
    """Every page has been read: draw all formulas."""
    FORMULAS.draw()


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Put the formulas in their places, and name what a screen reader needs named."""
    return access.name_parts(mathematics.style(FORMULAS.place(output), page))


def on_post_build(config: MkDocsConfig) -> None:
    """Weigh the search index: after the search plugin has written it, before the offline plugin copies it."""
    search.improve(Path(config.site_dir))
