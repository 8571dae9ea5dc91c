"""Code on the pages: a block, a marked section of a file, and the same section at every level."""

from __future__ import annotations

import posixpath
import re
import textwrap
from pathlib import Path

from mkdocs.exceptions import PluginError

from rungs.pages.publish.folding import attribute
from utils.chapters import LEVELS, ROOT

LANGUAGES = {".py": "python", ".toml": "toml", ".yml": "yaml", ".yaml": "yaml", ".json": "json"}
BARE = {"Makefile": "makefile", "LICENSE": "text"}

# Behind it `rungs refresh` writes where the code is, for a code host; the site has the code itself.
COMPARE = re.compile(r"^<!-- compare: ([\w-]+) -->[ \t]*(?:\n\nIn code: .*)?$", re.M)
SECTION = re.compile(r"^<!-- code: (\S+) ([\w-]+) -->[ \t]*$", re.M)
ANCHOR = re.compile(r'(<a id="(__codelineno-[\d-]+)")[^>]*>')
MARKER = re.compile(r"^[ \t]*# --8<-- \[(start|end):([\w-]+)\][ \t]*$", re.M)


def fill_in(markdown: str, folder: str, page: str) -> str:
    """The comparisons and sections that `page` in `folder` asks for, in their places."""
    markdown = COMPARE.sub(lambda m: compare(folder, m[1], page), markdown)
    return SECTION.sub(lambda m: _one_section(folder, m[1], m[2], page), markdown)


def compare(folder: str, name: str, page: str) -> str:
    """One tab for each level of the chapter in `folder` whose code marks a section of this name.

    Raises:
        PluginError: no level marks it, or a marker is without its partner; the message names page and section.
    """
    tabs = []
    for level, label in LEVELS.items():
        for path in sorted((ROOT / folder / level).glob("*.py")):
            if (code := section(path, name)) is not None:
                block = code_block(code, "python", path.relative_to(ROOT).as_posix(), extra=attribute(code))
                first = "" if tabs else "!"  # a group of its own, also right behind another one
                tabs.append(f'==={first} "{label[0].upper() + label[1:]}"\n\n{textwrap.indent(block, "    ")}')
    if not tabs:
        raise PluginError(f"{page}: no code file of {folder} marks a section [start:{name}]")
    inside = "\n".join(tabs)
    return f'<div class="rungs-compare" markdown="1">\n\n{inside}\n</div>\n'


def _one_section(folder: str, target: str, name: str, page: str) -> str:
    path = ROOT / posixpath.normpath(posixpath.join(folder, target))
    code = section(path, name) if path.is_file() else None
    if code is None:
        raise PluginError(f"{page}: {target} is not there, or marks no section [start:{name}]")
    return code_block(code, LANGUAGES[path.suffix], path.relative_to(ROOT).as_posix())


def section(path: Path, name: str) -> str | None:
    """The lines between `[start:name]` and `[end:name]`, other markers left out; None where neither stands.

    Raises:
        PluginError: a marker twice, without its partner, or an empty section.
    """
    source = path.read_text(encoding="utf-8")
    marks = [mark for mark in MARKER.finditer(source) if mark[2] == name]
    if not marks:
        return None
    if [mark[1] for mark in marks] != ["start", "end"]:
        where = path.relative_to(ROOT)
        raise PluginError(f"{where}: section {name} needs one [start:{name}] and then one [end:{name}]")
    code = textwrap.dedent(MARKER.sub("", source[marks[0].end() : marks[1].start()])).strip("\n")
    if not code.strip():
        raise PluginError(f"{path.relative_to(ROOT)}: section {name} is empty")
    return re.sub(r"\n{4,}", "\n\n\n", code)


def code_block(code: str, language: str, title: str, *, numbers: bool = False, extra: str = "") -> str:
    fence = "~" * max(3, 1 + max((len(run) for run in re.findall("~+", code)), default=0))
    options = f'title="{title}"' + (' linenums="1"' if numbers else "") + extra
    wrap = " .rungs-wrap" if language in ("json", "makefile") else ""  # a command is one long line
    return f"{fence} {{ .{language}{wrap} {options} }}\n{code.rstrip()}\n{fence}\n"


def line_anchors(content: str) -> tuple[str, set[str]]:
    """The page with the anchor of each line of code as a target only, no link that a reader cannot see; and their names."""
    names = {match[2] for match in ANCHOR.finditer(content)}
    return ANCHOR.sub(r"\1>", content), names
