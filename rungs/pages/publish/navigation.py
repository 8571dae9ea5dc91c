"""The navigation, and where a link on a page leads."""

from __future__ import annotations

import itertools
import posixpath
import re

from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from rungs.catalogue.loading import chapter_exercises
from rungs.pages.path import chapter_path
from rungs.pages.publish.files import shown_chapters
from utils.chapters import LEVELS, ROOT, Chapter, all_tiers

LINK = re.compile(r"\]\((?!\w+:|#|/)([^)\s#]+)(#[^)\s]*)?\)")


def navigation() -> list:
    """Home, the guides, then each tier with its chapters: the stops of each path, then its files."""
    first = [name for name in ("README.md", "00_Overview.md") if (ROOT / name).exists()]
    guides = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))
    last = [name for name in ("docs/glossary.md", "CONTRIBUTING.md", "benchmarks/README.md") if (ROOT / name).exists()]
    other = {path.name for path in ROOT.glob("*.md")} - {*first, *last}
    nav: list = [{"Start": [*first, *last, *sorted(other)]}]
    if guides := [name for name in guides if name not in last]:
        nav.append({"Method": guides})
    for tier in all_tiers():
        if chapters := [chapter for chapter in shown_chapters() if chapter.tier == tier.id]:
            nav.append({tier.title: [{_name(chapter): _chapter_nav(chapter)} for chapter in chapters]})
    return nav


def _name(chapter: Chapter) -> str:
    return f"{chapter.id} {chapter.title}" if chapter.id.isdigit() else chapter.title


def _chapter_nav(chapter: Chapter) -> list:
    nav: list = []
    for stop, pages in chapter_path(chapter).items():
        names = [page.relative_to(ROOT).as_posix() for page in pages]
        if stop == "Exercises":
            own = chapter_exercises(chapter.id)
            names += [{f"{e.alias} {e.title}": f"{e.path.relative_to(ROOT).as_posix()}/README.md"} for e in own]
        if stop == "Idea":
            nav += names  # the page of the section itself
        elif len(names) == 1:
            nav.append({stop: names[0]})
        else:
            nav.append({stop: names})
    if code := _code_nav(chapter):
        nav.append({"Files": code})
    return nav


def _code_nav(chapter: Chapter) -> list:
    code, folder = [], chapter.folder
    for level, label in LEVELS.items():
        files = [p for p in sorted((chapter.path / level).glob("*.py")) if not p.name.startswith("test_")]
        if files:
            code.append({label[0].upper() + label[1:]: [{p.name: f"{folder}/{level}/{p.name}.md"} for p in files]})
    if (chapter.path / "ladder.py").exists():
        code.append({"ladder.py": f"{folder}/ladder.py.md"})
    if proofs := sorted((chapter.path / "proofs").glob("*.py")):
        code.append({"Proofs": [{p.name: f"{folder}/proofs/{p.name}.md"} for p in proofs]})
    return code


def order_pages(nav: Navigation) -> None:
    """Lead "previous" and "next" along the path: guides, then chapter by chapter from the idea to production.

    The exercises of a chapter follow one another in a side path of their own, which begins at their index. Code pages have
    neither.
    """
    pages = {page.file.src_uri: page for page in nav.pages}
    for page in nav.pages:
        page.previous_page = page.next_page = None
    main = [name for name in pages if not re.match(rf"({'|'.join(c.folder for c in shown_chapters())})/", name)]
    for chapter in shown_chapters():
        main += [page.relative_to(ROOT).as_posix() for stop in chapter_path(chapter).values() for page in stop]
        own = [f"{e.path.relative_to(ROOT).as_posix()}/README.md" for e in chapter_exercises(chapter.id)]
        _chain([pages[name] for name in [f"{chapter.folder}/exercises/README.md", *own] if name in pages])
    _chain([pages[name] for name in main if name in pages])


def _chain(pages: list[Page]) -> None:
    for one, following in itertools.pairwise(pages):
        one.next_page, following.previous_page = following, one


def lead_links(text: str, folder: str, files: Files) -> str:
    """Links to code files and folders lead to their pages. `folder` is that of the page."""

    def to_page(link: re.Match) -> str:
        target = posixpath.normpath(posixpath.join(folder, link[1]))
        for name, tail in ((f"{target}.md", ".md"), (f"{target}/README.md", "/README.md")):
            if not target.endswith(".md") and files.get_file_from_path(name):
                anchor = re.sub(r"^#L(\d+).*", r"#__codelineno-0-\1", link[2] or "")
                return f"]({link[1].rstrip('/')}{tail}{anchor})"
        return link[0]

    return LINK.sub(to_page, text)


def chapter_url(chapter: Chapter, page: Page, files: Files) -> str | None:
    file = files.get_file_from_path(f"{chapter.folder}/README.md")
    return file.url_relative_to(page.file) if file else None
