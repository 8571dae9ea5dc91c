"""Which files the site has: the repository as it is, a page for every code file, folder and exercise."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel

from rungs.catalogue.loading import all_exercises
from rungs.pages.publish.code import BARE, LANGUAGES, code_block
from rungs.pages.publish.exercises import exercise_page
from rungs.pages.publish.meta import shortened
from rungs.pages.publish.notebook import NOTEBOOK, notebook_page
from rungs.pages.publish.photographs import DARK, is_photograph, on_dark
from rungs.pages.publish.receipts import is_receipt, receipt_page
from rungs.pages.publish.records import is_record, record_page
from utils.chapters import ROOT, Chapter, all_chapters

IMAGES = {".png", ".svg"}
PUBLISHED = {".md", NOTEBOOK, *IMAGES, *LANGUAGES}
SKIP = {"__pycache__", "node_modules", "results.tmp"}


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
        if path.is_file() and not hidden and (path.suffix in PUBLISHED or rel.as_posix() in BARE):
            yield rel


def add_repository(files: Files, config: MkDocsConfig) -> None:
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
            if is_photograph(ROOT / rel):
                files.append(File.generated(config, rel.with_suffix(DARK).as_posix(), content=on_dark(ROOT / rel)))
        elif is_receipt(rel):
            files.append(_page(config, rel, receipt_page(ROOT / rel)))
        elif is_record(rel):
            files.append(_page(config, rel, record_page(ROOT / rel)))
        elif rel.suffix == NOTEBOOK:
            files.append(_file(config, rel))  # to be downloaded
            files.append(_page(config, rel, notebook_page(ROOT / rel)))
        else:
            files.append(_code_page(config, rel))
    for folder, inside in folders.items():
        name = f"{folder.as_posix()}/README.md"
        if not set(folder.parts) & making and files.get_file_from_path(name) is None:
            page = folder_page(folder, inside)
            files.append(File.generated(config, name, content=page, inclusion=InclusionLevel.NOT_IN_NAV))


def _file(config: MkDocsConfig, rel: Path) -> File:
    return File.generated(config, rel.as_posix(), abs_src_path=str(ROOT / rel))


def _code_page(config: MkDocsConfig, rel: Path) -> File:
    name = rel.as_posix()
    language = LANGUAGES.get(rel.suffix) or BARE[name]
    head = _head(f"{name}, a file of the repository. {_first_line(rel)}".strip(), "hide: [toc]")
    code = code_block((ROOT / rel).read_text(encoding="utf-8"), language, name, numbers=True)
    page = f"{head}\n# {rel.name}\n\n{code}"
    return _page(config, rel, page)


def _page(config: MkDocsConfig, rel: Path, content: str) -> File:
    return File.generated(config, f"{rel.as_posix()}.md", content=content, inclusion=InclusionLevel.NOT_IN_NAV)


def folder_page(folder: Path, files: list[Path]) -> str:
    """Where a link to a folder leads: its files, each with the first line of its docstring."""
    rows = ["| file | |", "| --- | --- |"]
    for rel in files:
        about = _first_line(rel)
        about = about.replace("|", "\\|").replace("<", "&lt;")
        rows.append(f"| [{rel.name}]({rel.name}{'' if rel.suffix == '.md' else '.md'}) | {about} |")
    names = ", ".join(rel.name for rel in files)
    return "\n".join([_head(f"The files in {folder.as_posix()}: {names}"), f"# {folder.as_posix()}/", "", *rows])


def _first_line(rel: Path) -> str:
    """What a Python file says of itself, "" for another."""
    if rel.suffix != ".py":
        return ""
    return (ast.get_docstring(ast.parse((ROOT / rel).read_text(encoding="utf-8"))) or "").partition("\n")[0]


def _head(about: str, *more: str) -> str:
    """The front matter of a page that search leaves out."""
    told = json.dumps(shortened(about), ensure_ascii=False)  # a string of JSON is one of YAML
    return "\n".join(["---", "search:", "  exclude: true", f"description: {told}", *more, "---"])
