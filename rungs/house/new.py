"""`rungs new`: write a chapter that runs, from the template: one of ours, or one on a paper of your own."""

from __future__ import annotations

import json
import keyword
import re
import sys
from collections.abc import Iterable
from typing import Annotated

import typer

from rungs.errors import RungsError
from rungs.options import Json
from utils.chapters import IMPORT_ROOTS, ROOT, Chapter, all_chapters, find_chapter, import_roots

EXAMPLE = 'rungs new mixer mixer "MLP-Mixer" --needs 02'


def new(
    chapter_id: Annotated[str, typer.Argument(metavar="ID", help="Of a planned chapter, or a new one: 06, 17, mixer.")],
    folder: Annotated[str | None, typer.Argument(metavar="FOLDER", help="Of a new chapter: 17_Mixer, mixer.")] = None,
    title: Annotated[str | None, typer.Argument(metavar="TITLE", help="Of a new chapter, as readers see it.")] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="What its modules and its ladder are called; default: as the folder.")
    ] = None,
    needs: Annotated[
        str | None, typer.Option("--needs", help="Of a new chapter: which to read first, 01,02; default 01.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Begin a chapter that runs: a planned one, or a paper of your own."""
    chapter = planned(chapter_id, folder, title, needs)
    is_planned = chapter is not None
    if chapter is None:
        chapter = unplanned(chapter_id, folder, title, needs or "01")
    refuse_files(chapter)

    from rungs.catalogue.loading import all_exercises
    from rungs.house import manifest, roots
    from rungs.house.template import chapter_files, write_files
    from rungs.pages.refresh import PROJECT, redraw, rewrite

    name = checked_name(name, chapter)
    files = chapter_files(chapter, name)
    refuse_modules(files)
    write_files(chapter.path, files)
    if not is_planned:
        manifest.add(chapter, name)
    all_exercises.cache_clear()
    found_at_once = roots.install()
    rewrite([PROJECT, ROOT / "README.md", ROOT / "00_Overview.md", *sorted(chapter.path.rglob("*.md"))])
    redraw()  # the graph of the chapters shows what is written
    if as_json:
        said = {"chapter": chapter.id, "folder": chapter.folder, "name": name, "planned": is_planned}
        print(json.dumps(said | {"files": list(files), "found_at_once": found_at_once}, indent=2))
        return
    print(f"{chapter.id} {chapter.title}: {len(files)} files in {chapter.folder}/")
    print(f"  called    {name}: {name}_numpy.py, {name}_lowlevel.py, {name}_paper.py, and the ladder")
    if not is_planned:
        print("  manifest  chapters.toml has a new entry at its end: check its tier, concepts, hours and paper")
    at_once = "Python finds them at once" if found_at_once else "`make` lets Python find them (or `pip install -e .`)"
    print(f"  imports   pyproject.toml lists its folders; {at_once}")
    print(f"  Next      rungs verify {chapter.id}             proves it as it is")
    print(f"            rungs verify {chapter.id} --complete  lists what is still template")


# ---- which chapter ----


def planned(chapter_id: str, folder: str | None, title: str | None, needs: str | None) -> Chapter | None:
    """The chapter as the manifest has it; None where it has none.

    Raises:
        RungsError: what is given differs from it.
    """
    try:
        chapter = find_chapter(chapter_id)
    except KeyError:
        return None
    has = {"folder": chapter.folder, "title": chapter.title, "needs": ",".join(chapter.needs)}
    for key, given in {"folder": folder, "title": title, "needs": needs and needs.replace(" ", "")}.items():
        if given is not None and given != has[key]:
            raise RungsError(
                f"chapters.toml has {chapter_id} as chapter {chapter.id}, with {key} {has[key]!r} and not {given!r}: "
                "leave it out, or change it there"
            )
    return chapter


def unplanned(chapter_id: str, folder: str | None, title: str | None, needs: str) -> Chapter:
    """A chapter that the manifest does not have.

    Raises:
        RungsError: something is missing, or cannot be called so.
    """
    if folder is None or title is None:
        raise RungsError(f"chapters.toml has no chapter {chapter_id!r}; a new one gets a folder and a title: {EXAMPLE}")
    if not re.fullmatch(r"\d\d|[a-z][a-z0-9]*", chapter_id) or chapter_id == "all":
        raise RungsError(
            f"the id of a chapter is two digits or a word of small letters, such as 17 or mixer; got {chapter_id!r}"
        )
    begin = f"{chapter_id}_" if chapter_id.isdigit() else ""
    if not re.fullmatch(begin + r"[A-Za-z]\w{,29}", folder, re.ASCII):
        example = f"{chapter_id}_Mixer" if chapter_id.isdigit() else chapter_id
        raise RungsError(
            f"the folder of chapter {chapter_id} is a word of at most 30 letters, digits and _, as {example} is; got {folder!r}"
        )
    if not re.fullmatch(r"[^\W_][\w ,.:'()&+-]{1,59}", title):
        raise RungsError(
            f"a title has 2 to 60 letters, digits, spaces and marks such as - and :, on one line; got {title!r}"
        )
    try:
        first = [find_chapter(need) for need in needs.split(",")]
    except KeyError as error:
        raise RungsError(f"--needs: {error.args[0]}") from None
    return Chapter(
        id=chapter_id,
        folder=folder,
        title=title,
        aliases=[],
        tier=first[-1].tier,
        needs=[chapter.id for chapter in first],
        concepts=[],
        hours=10,
        paper="",
    )


def refuse_files(chapter: Chapter) -> None:
    """Nothing is written over, in a folder of that name in any spelling; compiled bytecode counts for nothing."""
    folders = [path for path in ROOT.iterdir() if path.name.lower() == chapter.folder.lower()]
    found = [path for folder in folders for path in (folder, *sorted(folder.rglob("*")))]
    there = [path for path in found if path.is_file() and "__pycache__" not in path.parts]
    if there:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        advice = f"; rungs verify {chapter.id} --complete says what it lacks" if chapter.is_written else ""
        file = there[0].relative_to(ROOT).as_posix()
        raise RungsError(f"{file}{more} is there already, and `rungs new` writes over nothing{advice}")


# ---- what its modules are called ----


def checked_name(name: str | None, chapter: Chapter) -> str:
    """The name that is given, or that of the folder: "06_LSTM_GRU" -> "lstm_gru".

    Raises:
        RungsError: no module, function or class of the template can be called so.
    """
    from rungs.house.template import class_name, identifiers

    chosen = name or re.sub(r"^\d+_", "", chapter.folder).lower()
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", chosen) or len(chosen) > 24:
        why = "is not of small letters, digits and single _, 24 at most"
    elif {chosen, class_name(chosen)} & {*identifiers(), *keyword.kwlist} or chosen.startswith("test"):
        why = "has a meaning in the code already"
    else:
        return chosen
    raise RungsError(
        f"modules cannot be called after {chosen!r}, which {why}: choose another name, such as --name lstm"
    )


def refuse_modules(files: Iterable[str]) -> None:
    """The names of modules are unique in the whole repository, and hide none of Python's own."""
    taken = {path.stem: folder for folder in import_roots(all_chapters()) for path in (ROOT / folder).glob("*.py")}
    taken |= dict.fromkeys(sys.stdlib_module_names, "the standard library")
    for file in files:
        folder, _, module = file.partition("/")
        if folder in IMPORT_ROOTS and module.endswith(".py") and (stem := module.removesuffix(".py")) in taken:
            raise RungsError(f"a module {stem} is in {taken[stem]} already: choose another name, such as --name lstm")
