"""Publish the Markdown and the code that live beside each other in the repository.

The site mirrors the repository: `03_CNN_LeNet/README.md` keeps that path, so a relative link that works on a code host
works on the site. `docs/` keeps its own name too, every code file gets a page that a link to it leads to, and an exercise
becomes one page with its task, hints and solution.

In a page of a chapter:
    <!-- compare: NAME -->          one tab for each level whose code marks "# --8<-- [start:NAME]" ... "[end:NAME]"
    <!-- code: PATH NAME -->        that section of one file (path relative to the page)
    <!-- generated: chapter-graph -->...<!-- /generated -->     the graph of chapters, here with links
"""

from __future__ import annotations

import ast
import posixpath
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from rungs.catalogue.exercise import KINDS, Exercise
from rungs.catalogue.loading import all_exercises, chapter_exercises
from rungs.catalogue.page import page as page_of
from rungs.pages.graph import chapter_graph
from utils.chapters import LEVELS, ROOT, Chapter, all_chapters, all_tiers, find_chapter

CODE = {".py": "python", ".toml": "toml", ".yml": "yaml", ".yaml": "yaml", ".json": "json"}
BARE = {"Makefile": "makefile", "LICENSE": "text"}
IMAGES = {".png", ".svg"}
SKIP = {"__pycache__", "node_modules", "results.tmp"}

COMPARE = re.compile(r"^<!-- compare: ([\w-]+) -->[ \t]*$", re.M)
SECTION = re.compile(r"^<!-- code: (\S+) ([\w-]+) -->[ \t]*$", re.M)
GRAPH = re.compile(r"<!-- generated: chapter-graph -->.*?<!-- /generated -->", re.S)
MARKER = re.compile(r"^[ \t]*# --8<-- \[(start|end):([\w-]+)\][ \t]*$", re.M)
LINK = re.compile(r"\]\((?!\w+:|#|/)([^)\s#]+)(#[^)\s]*)?\)")
DISPLAY = re.compile(r"^([ \t]*)\$\$((?:[^$\\]|\\.)+)\$\$[ \t]*$", re.M)
FENCE = re.compile(r"^([ \t]*)(`{3,}|~{3,})[^\n]*\n.*?^\1\2[ \t]*$", re.M | re.S)

SCRIPTS = {
    'class="arithmatex"': ("assets/katex/katex.min.js", "assets/js/math.js"),
    'class="mermaid"': ("assets/js/mermaid.min.js",),
}


# Which files


def shown_chapters() -> list[Chapter]:
    """The chapters that have a page; the others are on the map as planned."""
    return [chapter for chapter in all_chapters() if (chapter.path / "README.md").exists()]


def _repository() -> Iterator[Path]:
    """Every published file outside docs/, relative to the root."""
    folders = [ROOT / name for name in ("utils", "rungs", "tests", "benchmarks")]
    folders += [chapter.path for chapter in all_chapters()]
    found = [*ROOT.glob("*"), *(path for folder in folders for path in folder.rglob("*"))]
    for path in sorted(set(found)):
        rel = path.relative_to(ROOT)
        hidden = any(part.startswith(".") or part in SKIP for part in rel.parts)
        hidden |= rel.suffix == ".md" and "templates" in rel.parts  # pages of a chapter that is not there
        if path.is_file() and not hidden and (path.suffix in {".md", *IMAGES, *CODE} or rel.as_posix() in BARE):
            yield rel


def on_config(config: MkDocsConfig) -> None:
    """Write the navigation, and let `rungs site` see changes outside docs/."""
    all_exercises.cache_clear()
    watched = ("README.md", "00_Overview.md", "CONTRIBUTING.md", "chapters.toml", "utils", "rungs", "benchmarks")
    config.watch += [str(ROOT / name) for name in watched if (ROOT / name).exists()]
    config.watch += [str(chapter.path) for chapter in all_chapters() if chapter.path.is_dir()]
    config.nav = navigation()


def navigation() -> list:
    """Home, the guides, then each tier with its chapters: model, theory, further pages, exercises, production, code."""
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
    folder = chapter.folder
    pages = sorted(path.name for path in chapter.path.glob("*.md") if path.name not in ("README.md", "theory.md"))
    nav: list = [f"{folder}/README.md"]
    if (chapter.path / "theory.md").exists():
        nav.append({"Theory": f"{folder}/theory.md"})
    nav += [f"{folder}/{name}" for name in pages]
    if own := chapter_exercises(chapter.id):
        each = [{f"{e.alias} {e.title}": f"{folder}/exercises/{e.path.name}/README.md"} for e in own]
        nav.append({"Exercises": [f"{folder}/exercises/README.md", *each]})
    if (chapter.path / "production" / "README.md").exists():
        nav.append({"Production": f"{folder}/production/README.md"})
    code = []
    for level, label in LEVELS.items():
        files = [p for p in sorted((chapter.path / level).glob("*.py")) if not p.name.startswith("test_")]
        if files:
            code.append({label[0].upper() + label[1:]: [{p.name: f"{folder}/{level}/{p.name}.md"} for p in files]})
    if (chapter.path / "ladder.py").exists():
        code.append({"ladder.py": f"{folder}/ladder.py.md"})
    if proofs := sorted((chapter.path / "proofs").glob("*.py")):
        code.append({"Proofs": [{p.name: f"{folder}/proofs/{p.name}.md"} for p in proofs]})
    return [*nav, {"Code": code}] if code else nav


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Move what docs/ holds under docs/, all but its assets, then add the rest of the repository."""
    for file in list(files):
        if file.src_dir != config.docs_dir or file.src_uri.startswith("assets/"):
            continue  # the theme's, and what every page loads
        files.remove(file)
        if not file.inclusion.is_excluded():
            files.append(_file(config, Path("docs", file.src_uri)))
    making = {chapter.folder for chapter in all_chapters()} - {chapter.folder for chapter in shown_chapters()}
    folders: dict[Path, list[Path]] = {}
    tasks = {exercise.path.relative_to(ROOT) / "README.md": exercise for exercise in all_exercises()}
    for rel in _repository():
        if rel.suffix not in IMAGES and len(rel.parts) > 1:
            folders.setdefault(rel.parent, []).append(rel)
        if rel.suffix == ".md" and set(rel.parts) & making:
            continue  # a chapter in the making: its code has pages, its prose waits for the README
        if rel in tasks:
            files.append(File.generated(config, rel.as_posix(), content=exercise_page(tasks[rel])))
        elif rel.suffix == ".md" or rel.suffix in IMAGES:
            files.append(_file(config, rel))
        else:
            files.append(_code_page(config, rel))
    for chapter in shown_chapters():
        own = chapter_exercises(chapter.id)
        if own and not (chapter.path / "exercises" / "README.md").exists():
            name = f"{chapter.folder}/exercises/README.md"
            files.append(File.generated(config, name, content=exercise_index(chapter)))
    for folder, inside in folders.items():
        name = f"{folder.as_posix()}/README.md"
        if not set(folder.parts) & making and files.get_file_from_path(name) is None:
            page = folder_page(folder, inside)
            files.append(File.generated(config, name, content=page, inclusion=InclusionLevel.NOT_IN_NAV))


def _file(config: MkDocsConfig, rel: Path) -> File:
    return File.generated(config, rel.as_posix(), abs_src_path=str(ROOT / rel))


def _code_page(config: MkDocsConfig, rel: Path) -> File:
    name = rel.as_posix()
    language = CODE.get(rel.suffix) or BARE[name]
    page = (
        "---\nsearch:\n  exclude: true\nhide: [toc]\n---\n"
        f"# {rel.name}\n\n{_block((ROOT / rel).read_text(encoding='utf-8'), language, name, numbers=True)}"
    )
    return File.generated(config, f"{name}.md", content=page, inclusion=InclusionLevel.NOT_IN_NAV)


def folder_page(folder: Path, files: list[Path]) -> str:
    """Where a link to a folder leads: its files, each with the first line of its docstring."""
    rows = ["| file | |", "| --- | --- |"]
    for rel in files:
        about = ""
        if rel.suffix == ".py":
            about = (ast.get_docstring(ast.parse((ROOT / rel).read_text(encoding="utf-8"))) or "").partition("\n")[0]
        about = about.replace("|", "\\|").replace("<", "&lt;")
        rows.append(f"| [{rel.name}]({rel.name}{'' if rel.suffix == '.md' else '.md'}) | {about} |")
    return "\n".join(["---\nsearch:\n  exclude: true\n---", f"# {folder.as_posix()}/", "", *rows])


def _block(code: str, language: str, title: str, *, numbers: bool = False) -> str:
    fence = "~" * max(3, 1 + max((len(run) for run in re.findall("~+", code)), default=0))
    options = f'title="{title}"' + (' linenums="1"' if numbers else "")
    return f"{fence} {{ .{language} {options} }}\n{code.rstrip()}\n{fence}\n"


# What stands on a page


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fill in comparisons, sections and the graph, and lead links to code files and folders to their pages."""
    here = page.file.src_uri
    folder = posixpath.dirname(here)
    if here.endswith(tuple(f"{suffix}.md" for suffix in CODE)):
        return markdown
    markdown = COMPARE.sub(lambda m: compare(folder, m[1], here), markdown)
    markdown = SECTION.sub(lambda m: _one_section(folder, m[1], m[2], here), markdown)
    markdown = GRAPH.sub(lambda _: chapter_graph(lambda chapter: _chapter_url(chapter, page, files)), markdown)

    def to_page(link: re.Match) -> str:
        target = posixpath.normpath(posixpath.join(folder, link[1]))
        for name, tail in ((f"{target}.md", ".md"), (f"{target}/README.md", "/README.md")):
            if not target.endswith(".md") and files.get_file_from_path(name):
                anchor = re.sub(r"^#L(\d+).*", r"#__codelineno-0-\1", link[2] or "")
                return f"]({link[1].rstrip('/')}{tail}{anchor})"
        return link[0]

    def prose(text: str) -> str:
        # A code host displays $$...$$ amid a paragraph; Python-Markdown wants blank lines around it.
        return DISPLAY.sub(r"\n\1$$\2$$\n", LINK.sub(to_page, text))

    pieces, end = [], 0  # links and dollars inside code are neither
    for fence in FENCE.finditer(markdown):
        pieces += [prose(markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*pieces, prose(markdown[end:])])


def _chapter_url(chapter: Chapter, page: Page, files: Files) -> str | None:
    file = files.get_file_from_path(f"{chapter.folder}/README.md")
    return file.url_relative_to(page.file) if file else None


def compare(folder: str, name: str, page: str) -> str:
    """One tab for each level of the chapter in `folder` whose code marks a section of this name.

    Raises:
        PluginError: no level marks it, or a marker is without its partner; the message names page and section.
    """
    tabs = []
    for level, label in LEVELS.items():
        for path in sorted((ROOT / folder / level).glob("*.py")):
            if (code := section(path, name)) is not None:
                block = _block(code, "python", path.relative_to(ROOT).as_posix())
                first = "" if tabs else "!"  # a group of its own, also right behind another one
                tabs.append(f'==={first} "{label[0].upper() + label[1:]}"\n\n{textwrap.indent(block, "    ")}')
    if not tabs:
        raise PluginError(f"{page}: no code file of {folder} marks a section [start:{name}]")
    return "\n".join(tabs)


def _one_section(folder: str, target: str, name: str, page: str) -> str:
    path = ROOT / posixpath.normpath(posixpath.join(folder, target))
    code = section(path, name) if path.is_file() else None
    if code is None:
        raise PluginError(f"{page}: {target} is not there, or marks no section [start:{name}]")
    return _block(code, CODE[path.suffix], path.relative_to(ROOT).as_posix())


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


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Load KaTeX and Mermaid on the pages that use them."""
    sources = [source for mark, paths in SCRIPTS.items() if mark in output for source in paths]
    tags = "".join(f'<script src="{get_relative_url(source, page.url)}"></script>\n' for source in sources)
    place = '<script id="__config"'  # before the theme's own script, which would else look for Mermaid on the network
    if tags and output.count(place) != 1:
        raise PluginError(f"{page.file.src_uri}: the theme's page has no single {place}: mkdocs-material has changed")
    return output.replace(place, tags + place)


# Exercises


def exercise_index(chapter: Chapter) -> str:
    """The exercises of a chapter as a table."""
    rows = ["| | exercise | kind | level | difficulty | minutes |", "| --- | --- | --- | --- | --- | --- |"]
    for e in chapter_exercises(chapter.id):
        kind, level = KINDS[e.kind], LEVELS.get(e.level, e.level)
        link = f"[{e.title}]({e.path.name}/README.md)"
        rows.append(f"| {e.alias} | {link} | {kind} | {level} | {_dots(e.difficulty)} | {e.minutes} |")
    start = chapter_exercises(chapter.id)[0].alias
    return "\n".join(
        [
            f"# Exercises: {chapter.title}\n",
            f"`rungs start {start}` copies an exercise into `my_work/`, and `rungs check {start}` says what is right and",
            "what is not. `rungs hint` helps a little at a time.\n",
            *rows,
        ]
    )


def exercise_page(exercise: Exercise) -> str:
    """The task, then, folded, the file to fill in, the hints, the solution with why it is right, and the misconceptions."""
    page = page_of(exercise)
    facts = [*page.facts.values()]
    facts[list(page.facts).index("difficulty")] = f"difficulty {_dots(exercise.difficulty)}"
    facts[list(page.facts).index("level")] = LEVELS.get(exercise.level, exercise.level)
    lines = [f"# {page.title}", '<ul class="rungs-facts">' + "".join(f"<li>{fact}</li>" for fact in facts) + "</ul>"]
    if page.needs:
        lines.append(
            "You need: " + "; ".join(f"{need.what} ({_chapter_link(need.chapter)})" for need in page.needs) + "."
        )
    lines.append(f"~~~ text\nrungs start {exercise.alias}\nrungs check {exercise.alias}\n~~~")
    lines.append(page.task)
    lines.append("## Help { data-search-exclude }\n")  # search must not give the solution away
    lines.append(_folded("abstract", "The file you start from", _block(page.stub, "python", exercise.file_name)))
    lines += [_folded("question", f"Hint {number}", hint) for number, hint in enumerate(page.hints, 1)]
    solution = _block(page.solution, "python", "solution.py") + "\n" + page.explanation
    lines.append(_folded("success", "Solution", solution))
    if page.mistakes:
        faults = "\n\n".join(f"**{name[0].upper() + name[1:]}.** {text}" for name, text in page.mistakes)
        lines.append(_folded("failure", "Wrong answers that are easy to give", faults))
    return "\n\n".join(lines) + "\n"


def _chapter_link(name: str) -> str:
    chapter = find_chapter(name)
    there = (chapter.path / "README.md").exists()
    return f"[chapter {chapter.id}](../../../{chapter.folder}/README.md)" if there else f"chapter {chapter.id}"


def _folded(kind: str, title: str, text: str) -> str:
    return f'??? {kind} "{title}"\n\n' + textwrap.indent(text.strip(), "    ") + "\n"


def _dots(number: int) -> str:
    return f'<span class="full">{"●" * number}</span>{"○" * (5 - number)}'
