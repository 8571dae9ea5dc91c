"""Pictures on the site: diagrams drawn again in the page, with links, in its colours; figures with their size."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from urllib.parse import unquote

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from PIL import Image

from rungs.pages.diagrams import diagram
from rungs.pages.graph import FILE, chapter_graph
from rungs.pages.publish.navigation import chapter_url
from rungs.pages.publish.photographs import DARK, is_photograph
from utils.chapters import ROOT

# A paragraph in italics below a picture is its caption.
DRAWN = re.compile(r"^!\[[^\]]*\]\((?!\w+:)(\S+\.svg)\)[ \t]*$(?:\n\n\*(?!\*)((?:.+\n)*?.+)\*[ \t]*$)?", re.M)
STYLE = re.compile(r"<style>.*?</style>", re.S)
IMG = re.compile(r'<img ([^>]*?)src="(?!\w+:)([^"]+\.(?:png|svg))"([^>]*>)')


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

    return DRAWN.sub(draw, markdown)


def sized(content: str, page: Page, files: Files) -> str:
    """The images of a page: loaded when they come near, with their size so that nothing moves, photographs in two versions."""
    folder = posixpath.dirname(page.file.src_uri)

    def image(match: re.Match[str]) -> str:
        # MkDocs has led the link from the page's address; the source has the same name.
        file = ROOT / posixpath.normpath(posixpath.join(folder, unquote(match[2])))
        if not file.is_file():
            return match[0]
        width, height = size(file)
        loaded = f'<img loading="lazy" width="{width}" height="{height}" {match[1]}src="'
        if not is_photograph(file):
            return f'{loaded}{match[2]}"{match[3]}'
        dark = Path(match[2]).with_suffix(DARK).as_posix()  # the theme shows one of two, by the end of their addresses
        loaded = loaded.replace("<img ", '<img class="photo" ')
        return f'{loaded}{match[2]}#only-light"{match[3]}{loaded}{dark}#only-dark"{match[3]}'

    return IMG.sub(image, content)


def size(file: Path) -> tuple[int, int]:
    """Width and height of a PNG or an SVG in pixels."""
    if file.suffix == ".svg":
        box = re.search(r'viewBox="[\d.-]+ [\d.-]+ ([\d.]+) ([\d.]+)"', file.read_text(encoding="utf-8")[:2000])
        if box is None:
            raise PluginError(f"{file.relative_to(ROOT)} has no viewBox")
        return round(float(box[1])), round(float(box[2]))
    with Image.open(file) as image:
        return image.size
