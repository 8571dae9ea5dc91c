"""Diagrams on the site: the committed SVG files drawn again in the page, with links, in its colours."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from rungs.pages.diagrams import diagram
from rungs.pages.graph import FILE, chapter_graph
from rungs.pages.publish.navigation import chapter_url
from utils.chapters import ROOT

# A paragraph in italics below a picture is its caption.
IMAGE = re.compile(r"^!\[[^\]]*\]\((?!\w+:)(\S+\.svg)\)[ \t]*$(?:\n\n\*(?!\*)((?:.+\n)*?.+)\*[ \t]*$)?", re.M)
STYLE = re.compile(r"<style>.*?</style>", re.S)


def inline(markdown: str, page: Page, files: Files) -> str:
    """The pictures that are made of text, as SVG in the page, with their captions; other images stay as they are."""
    folder = posixpath.dirname(page.file.src_uri)

    def to_line(file: Path, line: int) -> str | None:
        target = files.get_file_from_path(f"{file.relative_to(ROOT).as_posix()}.md")
        return f"{target.url_relative_to(page.file)}#__codelineno-0-{line}" if target else None

    def draw(match: re.Match[str]) -> str:
        path = ROOT / posixpath.normpath(posixpath.join(folder, match[1]))
        if path == FILE:
            drawn = chapter_graph(lambda chapter: chapter_url(chapter, page, files))
        elif (described := path.with_suffix(".toml")).is_file():
            drawn = diagram(described, to_line)
        elif path.is_file() and 'class="diagram"' in (source := path.read_text(encoding="utf-8")):
            drawn = STYLE.sub("", source).strip()
        else:
            return match[0]
        caption = f"\n*{match[2]}*\n{{: .rungs-caption }}\n" if match[2] else ""
        return f'\n<figure class="rungs-diagram">{drawn}</figure>\n{caption}'

    return IMAGE.sub(draw, markdown)
