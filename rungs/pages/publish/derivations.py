"""Equations beside the lines that compute them: on the theory pages, and back from the code."""

from __future__ import annotations

import html
import os
import re

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from rungs.pages.equations import COMMENT, MARK, equations, lines
from rungs.pages.publish.code import code_block
from utils.chapters import LEVELS, ROOT

NOTE = re.compile(r'<span class="c1">([^<]*)</span>')


def pair(markdown: str, page: str) -> str:
    """Put each marked formula or paragraph of `page` beside its lines, with links to those of every level.

    Raises:
        PluginError: no line computes an equation.
    """
    pieces, end = [], 0
    for mark in MARK.finditer(markdown):
        before = markdown[end : mark.start()].rstrip()
        start = before.rfind("\n\n") + 2 if "\n\n" in before else 0
        pieces += [before[:start], _pair(mark[1], before[start:], page)]
        end = mark.end()
    return "".join([*pieces, markdown[end:]])


def _pair(name: str, derivation: str, page: str) -> str:
    found = [line for line in lines() if line.equation == name]
    if not found:
        raise PluginError(f"{page}: no line of code computes {name}; mark one with '# eq: {name}'")
    folder = (ROOT / page).parent
    shown = [line for line in found if line.level == found[0].level]
    titles = dict.fromkeys(line.file for line in shown)
    blocks = [
        code_block("\n".join(line.code for line in shown if line.file == file), "python", file.name) for file in titles
    ]
    links = []
    for level, label in LEVELS.items():
        own = [line for line in found if line.level == level]
        if own:
            numbers = ", ".join(f"[{line.number}]({os.path.relpath(line.file, folder)}#L{line.number})" for line in own)
            links.append(f"{label[0].upper() + label[1:]}: line {numbers}")
    code = "\n".join(blocks)
    return (
        f'<div class="rungs-eq" id="eq-{name}" markdown="1">\n<div markdown="1">\n\n{derivation}\n\n</div>\n'
        f'<div class="rungs-eq-code" markdown="1">\n\n{code}\n{" · ".join(links)}\n\n</div>\n</div>\n'
    )


def link_back(content: str, page: Page, files: Files) -> str:
    """The comments that mark lines, as links to their equations."""
    if "# eq: " not in content:
        return content

    def link(mark: re.Match[str]) -> str:
        target = equations().get(mark[1])
        file = files.get_file_from_path(target.relative_to(ROOT).as_posix()) if target else None
        if file is None:
            return mark[0]
        url = html.escape(file.url_relative_to(page.file))
        return f'<a class="rungs-eq-link" href="{url}#eq-{mark[1]}">{mark[0]}</a>'

    return NOTE.sub(lambda note: f'<span class="c1">{COMMENT.sub(link, note[1])}</span>', content)
